import {
  to       = cthulix_host.node1
  identity = { name = "node1" }
}
