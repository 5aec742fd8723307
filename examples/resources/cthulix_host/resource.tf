resource "cthulix_switch" "leaf1" {
  name  = "leaf1"
  vlans = { "20" = { name = "cluster" } }
  ports = { "GigabitEthernet1/0/1" = { mode = "access", access_vlan = 20, portfast = true } }
}

resource "cthulix_image" "lpd" {
  name = "lpd"
}

resource "cthulix_kernel" "main" {
  name = "main"
}

resource "cthulix_host" "node1" {
  name     = "node1"
  macs     = ["52:54:00:20:00:01"]
  switch   = cthulix_switch.leaf1.name
  port     = "GigabitEthernet1/0/1"
  vlan     = 20
  firmware = "uefi"
  image    = cthulix_image.lpd.kid
  kernels  = [cthulix_kernel.main.name]

  bmc = {
    address     = "192.0.2.101"
    credentials = "bmc"
  }
}
