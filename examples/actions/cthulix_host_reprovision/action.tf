action "cthulix_host_reprovision" "node1" {
  config {
    name        = "node1"
    credentials = "bmc"
    reason      = "new disk"
  }
}
