resource "cthulix_vlan" "cluster" {
  switch  = "leaf1"
  vlan_id = 20
  name    = "cluster"
}
