data "cthulix_switch" "leaf1" {
  name = "leaf1"
}

output "unused_ports" {
  value = [for name, p in data.cthulix_switch.leaf1.ports : name if p.description == "" && p.access_vlan == 1]
}
