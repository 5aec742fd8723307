list "cthulix_vlan" "leaf1" {
  provider = cthulix

  config {
    switches = ["leaf1"]
  }
}
