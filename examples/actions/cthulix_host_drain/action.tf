action "cthulix_host_drain" "node1" {
  config {
    name     = "node1"
    deadline = "10m"
  }
}
