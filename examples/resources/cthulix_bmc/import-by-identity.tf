import {
  to = cthulix_bmc.node1
  identity = {
    address     = "192.0.2.101"
    credentials = "bmc"
  }
}
