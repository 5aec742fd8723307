import {
  to = cthulix_switch.s_core1
  id = "s_core1"
}

resource "cthulix_switch" "s_core1" {
  dhcp_snooping = {
    enabled = false
    vlans   = "10"
  }
  name       = "s_core1"
  on_destroy = "restore"
  ports = {
    "GigabitEthernet0/2" = {
      channel = {
        group = 3
        mode  = "on"
      }
    }
    "GigabitEthernet0/3" = {
      channel = {
        group = 3
        mode  = "on"
      }
    }
    "GigabitEthernet0/4" = {
      description = "old trunk of nobody"
      mode        = "trunk"
      shutdown    = true
    }
    "GigabitEthernet0/48" = {
      description = "access1"
      mode        = "trunk"
    }
    "GigabitEthernet0/5" = {
      access_vlan = 11
      description = "prepared, not switched on"
      mode        = "access"
    }
    "GigabitEthernet0/6" = {
      access_vlan = 10
      mode        = "access"
      nonegotiate = true
      portfast    = true
    }
    Port-channel3 = {
      allowed_vlans = "10-12,20,30-39,50-53,2050,2060-2069"
      description   = "hypervisor bundle"
      mode          = "trunk"
    }
  }
  spanning_tree = {
    mode = "pvst"
    priorities = {
      all = 4096
    }
  }
  svis = {
    "10" = {
      addresses   = ["203.0.113.1/25", "203.0.113.129/25"]
      description = "servers"
      helpers     = ["198.51.100.53", "198.51.100.54"]
      shutdown    = false
    }
    "11" = {
      addresses = ["203.0.112.1/24"]
      helpers   = []
      shutdown  = true
    }
  }
  vlans = {
    "10" = {
      name = "servers"
    }
    "11" = {
    }
    "12" = {
    }
    "20" = {
    }
    "2050" = {
      name = "overlay"
    }
  }
}
