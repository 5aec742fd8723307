import {
  to       = cthulix_switch.leaf1
  identity = { name = "leaf1" }
}
