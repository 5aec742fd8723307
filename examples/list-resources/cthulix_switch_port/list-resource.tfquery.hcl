list "cthulix_switch_port" "used" {
  provider         = cthulix
  include_resource = true
  limit            = 1000

  config {
    switches   = ["leaf1"]
    configured = true
  }
}
