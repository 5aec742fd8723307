import {
  to = cthulix_switch.s_old2950
  id = "s_old2950"
}

resource "cthulix_switch" "s_old2950" {
  default_gateway = "192.0.2.1"
  name            = "s_old2950"
  on_destroy      = "restore"
  ports = {
    "FastEthernet0/1" = {
      access_vlan = 5
      mode        = "access"
      portfast    = true
    }
    "FastEthernet0/2" = {
      description = "a hub, really"
      duplex      = "half"
      mode        = "access"
      speed       = "10"
    }
    "FastEthernet0/3" = {
      shutdown = true
    }
    "GigabitEthernet0/1" = {
      mode        = "trunk"
      nonegotiate = true
    }
  }
  spanning_tree = {
    mode = "pvst"
  }
  svis = {
    "1" = {
      addresses = ["192.0.2.250/24"]
      helpers   = []
      shutdown  = false
    }
  }
  vlans = {
    "5" = {
      name = "lab"
    }
  }
}
