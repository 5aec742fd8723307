resource "cthulix_switch" "leaf1" {
  name = "leaf1"

  vlans = {
    "20" = { name = "cluster" }
    "30" = { name = "storage" }
  }

  ports = {
    "GigabitEthernet1/0/1" = {
      mode        = "access"
      access_vlan = 20
      description = "node1"
      portfast    = true
    }
    "GigabitEthernet1/0/47" = {
      mode          = "trunk"
      native_vlan   = 20
      allowed_vlans = "20,30"
      description   = "spine1"
    }
  }
}
