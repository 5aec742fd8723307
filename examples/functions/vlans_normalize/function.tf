# "1,3-5"
output "vlans" {
  value = provider::cthulix::vlans_normalize("5,3,4,1")
}
