terraform {
  required_providers {
    cthulix = {
      source = "cthulix/cthulix"
    }
  }
}

variable "switch_password" {
  type      = string
  ephemeral = true
}

variable "bmc_password" {
  type      = string
  ephemeral = true
}

provider "cthulix" {
  ophub    = { address = "http://10.20.0.1:8500" }
  nomad    = { address = "http://10.20.0.1:4646" }
  opserver = { address = "http://10.20.0.1:8471" } # its token: CTHULIX_OPSERVER_TOKEN

  credentials = {
    network = { username = "cthulix", password = var.switch_password }
    bmc     = { username = "ADMIN", password = var.bmc_password }
  }

  switches = {
    leaf1 = {
      address              = "192.0.2.11"
      credentials          = "network"
      host_key             = "SHA256:VkZtT5Xo7pGzQq5m0x0JtGm9Y1n8n4l2b6u3c7d8e9A"
      management_interface = "GigabitEthernet1/0/52"
      rollback             = "auto"
      rollback_timer       = "5m"
    }
  }
}
