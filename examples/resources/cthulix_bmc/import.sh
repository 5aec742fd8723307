# by its address, and by its credentials in the provider's configuration
terraform import cthulix_bmc.node1 192.0.2.101/bmc
