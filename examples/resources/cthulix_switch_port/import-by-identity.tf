import {
  to       = cthulix_switch_port.node1
  identity = { switch = "leaf1", port = "GigabitEthernet1/0/1" }
}
