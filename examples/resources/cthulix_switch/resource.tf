resource "cthulix_switch" "leaf1" {
  name = "leaf1"

  vlans = {
    "20" = { name = "cluster" }
    "30" = { name = "storage" }
    "40" = { name = "phones" }
  }

  ports = {
    "GigabitEthernet1/0/1" = {
      mode        = "access"
      access_vlan = 20
      description = "node1"
      portfast    = true
    }
    "GigabitEthernet1/0/2" = {
      mode        = "access"
      access_vlan = 30
      voice_vlan  = "40"
      bpdu_guard  = true
    }

    # A bundle of two cables. Its members follow it.
    "Port-channel5" = {
      mode          = "trunk"
      allowed_vlans = "20,30"
      description   = "storage1"
    }
    "GigabitEthernet1/0/45" = { channel = { group = 5 } }
    "GigabitEthernet1/0/46" = { channel = { group = 5 } }

    "GigabitEthernet1/0/47" = {
      mode          = "trunk"
      native_vlan   = 20
      allowed_vlans = "20,30"
      description   = "spine1"
    }
  }
}
