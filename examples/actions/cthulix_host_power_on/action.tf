action "cthulix_host_power_on" "node1" {
  config {
    name        = "node1"
    credentials = "bmc"
  }
}
