list "cthulix_host" "rack1" {
  provider = cthulix

  config {
    switches = ["leaf1"]
  }
}
