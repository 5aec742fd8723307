action "cthulix_host_identify" "node1" {
  config {
    name        = "node1"
    credentials = "bmc"
    duration    = "2m"
  }
}
