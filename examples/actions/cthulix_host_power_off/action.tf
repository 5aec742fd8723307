action "cthulix_host_power_off" "node1" {
  config {
    name        = "node1"
    credentials = "bmc"
    mode        = "soft"
    grace       = "5m"
  }
}
