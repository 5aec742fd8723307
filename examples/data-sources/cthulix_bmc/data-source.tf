data "cthulix_bmc" "node1" {
  address     = "192.0.2.101"
  credentials = "bmc"
  sel_limit   = 20
}

output "unwell" {
  value = [for s in data.cthulix_bmc.node1.sensors : "${s.name}: ${s.state}" if !contains(["ok", "unavailable"], s.state)]
}
