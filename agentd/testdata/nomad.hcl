# The Nomad client of host node1 for kernel main. Written by agentd at boot: changes are lost.
name      = "node1"
data_dir  = "/run/cthulix/kernels/main"
bind_addr = "10.20.0.11"
log_level = "INFO"

# The agent asks on the loopback how the node is.
addresses {
  http = "127.0.0.1 10.20.0.11"
}
advertise {
  http = "10.20.0.11"
}
ports {
  http = 4656
  rpc  = 4657
  serf = 4658
}

disable_update_check        = true
disable_anonymous_signature = true
leave_on_interrupt          = true
leave_on_terminate          = true

client {
  enabled           = true
  node_pool         = "p\"$${x}"
  servers           = ["10.20.0.1:4647", "10.20.0.2:4647"]
  network_interface = "eth0"

  drain_on_shutdown {
    deadline           = "15s"
    ignore_system_jobs = true
  }
  meta {
    cthulix_host   = "node1"
    cthulix_image  = "K-a5df3fde7b200c3fa2791144c7e05c5c2bced4c6ad863d3a4cf76c972c1712f9"
    cthulix_kernel = "main"
  }
  options {
    "driver.allowlist"     = "raw_exec"
    "fingerprint.denylist" = "env_aws,env_azure,env_digitalocean,env_gce,bridge,cni,plugins_cni,consul,vault"
  }
  # The root is the initramfs, where Landlock has no paths to hold on to.
  artifact {
    disable_filesystem_isolation = true
  }
}

plugin "raw_exec" {
  config {
    enabled = true
  }
}

# Hosts register in Consul by themselves.
consul {
  auto_advertise   = false
  client_auto_join = false
}
telemetry {
  disable_hostname           = true
  publish_allocation_metrics = false
  publish_node_metrics       = false
}
