data "cthulix_host" "node1" {
  name = "node1"
}

output "plugged_into" {
  value = try({ for nic in data.cthulix_host.node1.inventory.nics : nic.name => nic.neighbors[*].port }, {})
}
