# One port for each VLAN of a set.
output "gateways" {
  value = { for id in provider::cthulix::vlans_expand("10,20-22") : id => "10.0.${id}.1/24" }
}
