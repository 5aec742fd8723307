# by its name, and by the credentials of its BMC in the provider's configuration
terraform import cthulix_host.node1 node1/bmc
