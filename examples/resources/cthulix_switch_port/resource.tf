resource "cthulix_vlan" "cluster" {
  switch  = "leaf1"
  vlan_id = 20
  name    = "cluster"
}

resource "cthulix_switch_port" "node1" {
  switch      = cthulix_vlan.cluster.switch
  port        = "GigabitEthernet1/0/1"
  mode        = "access"
  access_vlan = cthulix_vlan.cluster.vlan_id
  description = "node1"
  portfast    = true
}
