import {
  to = cthulix_switch.s_access1
  id = "s_access1"
}

resource "cthulix_switch" "s_access1" {
  default_gateway = "192.0.2.1"
  dhcp_snooping = {
    enabled = true
    vlans   = "20,30"
  }
  lldp       = true
  name       = "s_access1"
  on_destroy = "restore"
  ports = {
    "GigabitEthernet1/0/1" = {
      access_vlan = 20
      bpdu_guard  = true
      description = "desk 101"
      mode        = "access"
      port_security = {
        enabled   = true
        maximum   = 3
        sticky    = false
        violation = "restrict"
      }
      portfast = true
      storm_control = {
        action    = "trap"
        broadcast = "5.00 2.50"
        multicast = "bps 10m"
        unicast   = "default"
      }
      voice_vlan = "30"
    }
    "GigabitEthernet1/0/2" = {
      access_vlan = 20
      description = "desk 102"
      mode        = "access"
      poe = {
        max_milliwatts = 7000
        mode           = "auto"
      }
      portfast   = true
      voice_vlan = "dot1p"
    }
    "GigabitEthernet1/0/3" = {
      access_vlan = 40
      cdp         = false
      description = "camera in the yard"
      duplex      = "full"
      guard_root  = true
      lldp = {
        receive  = true
        transmit = false
      }
      mode = "access"
      poe = {
        max_milliwatts = 15400
        mode           = "static"
      }
      portfast = true
      speed    = "100"
    }
    "GigabitEthernet1/0/4" = {
      access_vlan = 666
      description = "not patched"
      mode        = "access"
      poe = {
        mode = "never"
      }
      shutdown = true
    }
    "GigabitEthernet1/0/47" = {
      channel = {
        group = 1
        mode  = "active"
      }
      description         = "core1 1/1"
      dhcp_snooping_trust = true
    }
    "GigabitEthernet1/0/48" = {
      channel = {
        group = 1
        mode  = "active"
      }
      description         = "core1 1/2"
      dhcp_snooping_trust = true
    }
    "GigabitEthernet1/0/5" = {
      access_vlan = 20
    }
    "GigabitEthernet1/0/6" = {
      allowed_vlans = "20,30,99"
      description   = "access point, tagged"
      mode          = "trunk"
      native_vlan   = 99
      portfast      = true
    }
    "GigabitEthernet1/0/7" = {
      mode = "dynamic desirable"
    }
    Port-channel1 = {
      allowed_vlans       = "20,30,40,99"
      description         = "to core1"
      dhcp_snooping_trust = true
      mode                = "trunk"
      native_vlan         = 99
      nonegotiate         = true
    }
  }
  spanning_tree = {
    mode = "rapid-pvst"
    priorities = {
      "1,20,30" = 28672
    }
  }
  svis = {
    "99" = {
      addresses   = ["192.0.2.11/24"]
      description = "management"
      helpers     = []
      shutdown    = false
    }
  }
  vlans = {
    "20" = {
      name = "offices"
    }
    "30" = {
      name = "phones"
    }
    "40" = {
      name = "cameras"
    }
    "666" = {
      name  = "parking"
      state = "suspend"
    }
    "99" = {
      name = "management"
    }
  }
}
