# terraform query -generate-config-out=switches.tf
list "cthulix_switch" "all" {
  provider         = cthulix
  include_resource = true
}
