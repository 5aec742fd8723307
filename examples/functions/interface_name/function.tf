# "GigabitEthernet1/0/1"
output "port" {
  value = provider::cthulix::interface_name("gi1/0/1")
}
