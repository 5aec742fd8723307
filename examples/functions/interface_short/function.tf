# "Gi1/0/1"
output "port" {
  value = provider::cthulix::interface_short("GigabitEthernet1/0/1")
}
