import {
  to = cthulix_switch.s_nexus1
  id = "s_nexus1"
}

resource "cthulix_switch" "s_nexus1" {
  lldp       = true
  name       = "s_nexus1"
  on_destroy = "restore"
  ports = {
    "Ethernet1/1" = {
      channel = {
        group = 20
        mode  = "active"
      }
      description = "node1"
      mtu         = 9216
      portfast    = true
    }
    "Ethernet1/2" = {
      access_vlan = 20
      bpdu_guard  = true
      description = "node2"
      mode        = "access"
      mtu         = 9216
      portfast    = true
    }
    "Ethernet1/3" = {
      access_vlan = 21
      description = "not patched"
      mode        = "access"
      shutdown    = true
    }
    "Ethernet1/49" = {
      channel = {
        group = 1
        mode  = "active"
      }
    }
    "Ethernet1/5" = {
      mode = "access"
    }
    "Ethernet1/50" = {
      channel = {
        group = 1
        mode  = "active"
      }
    }
    Port-channel1 = {
      allowed_vlans = "20-22,99"
      description   = "peer link"
      mode          = "trunk"
    }
    Port-channel20 = {
      allowed_vlans = "20,21"
      description   = "node1 bundle"
      mode          = "trunk"
      mtu           = 9216
      native_vlan   = 20
      portfast      = true
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
    "99" = {
      name = "peer-keepalive"
    }
  }
}
