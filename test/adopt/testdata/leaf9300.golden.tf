import {
  to = cthulix_switch.s_leaf9300
  id = "s_leaf9300"
}

resource "cthulix_switch" "s_leaf9300" {
  dhcp_snooping = {
    enabled = true
    vlans   = "20-22"
  }
  name       = "s_leaf9300"
  on_destroy = "restore"
  ports = {
    "GigabitEthernet1/0/1" = {
      access_vlan = 20
      bpdu_guard  = true
      description = "node1"
      mode        = "access"
      mtu         = 9198
      portfast    = true
    }
    "GigabitEthernet1/0/2" = {
      allowed_vlans = "20,21"
      description   = "node2"
      mode          = "trunk"
      mtu           = 9198
      portfast      = true
    }
    "GigabitEthernet1/0/3" = {
      access_vlan = 20
      description = "phone and desk"
      mode        = "access"
      poe = {
        max_milliwatts = 30000
        mode           = "static"
      }
      port_security = {
        enabled   = true
        maximum   = 2
        sticky    = true
        violation = "shutdown"
      }
      portfast = true
      storm_control = {
        action    = "shutdown"
        broadcast = "pps 1k"
        multicast = "default"
        unicast   = "default"
      }
      voice_vlan = "21"
    }
    "GigabitEthernet1/0/5" = {
      cdp = false
      lldp = {
        receive  = false
        transmit = true
      }
    }
    Port-channel10 = {
      allowed_vlans = "20-22"
      description   = "spine pair"
      mode          = "trunk"
      native_vlan   = 22
    }
    "TenGigabitEthernet1/1/1" = {
      channel = {
        group = 10
        mode  = "active"
      }
    }
    "TenGigabitEthernet1/1/2" = {
      channel = {
        group = 10
        mode  = "passive"
      }
    }
  }
  spanning_tree = {
    mode = "rapid-pvst"
    priorities = {
      "20" = 24576
    }
  }
  svis = {
    "20" = {
      addresses   = ["203.0.113.1/24"]
      description = "cluster gateway"
      helpers     = ["203.0.113.7"]
      shutdown    = false
    }
  }
  vlans = {
    "20" = {
      name = "cluster"
    }
    "21" = {
      name = "storage"
    }
    "22" = {
    }
  }
}
