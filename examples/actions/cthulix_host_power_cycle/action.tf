action "cthulix_host_power_cycle" "node1" {
  config {
    name        = "node1"
    credentials = "bmc"
  }
}
