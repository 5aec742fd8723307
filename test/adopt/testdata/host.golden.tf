# Cthulix light machine, serial light1
# interface eth0, 52:54:00:61:00:01, light, 1000 Mbit/s, on leaf1.example.net GigabitEthernet1/0/1
# First heard of TIME, last TIME.
resource "cthulix_host" "host-525400610001" {
  name     = "host-525400610001"
  macs     = ["52:54:00:61:00:01"]
  switch   = "leaf1"
  port     = "GigabitEthernet1/0/1"
  vlan     = 20
  image    = var.image
  firmware = "bios"
  # The address of its BMC is not known (a light machine has no system interface): fill it in.
  bmc = {
    address     = ""
    credentials = "bmc"
  }
}
