import {
  to       = cthulix_vlan.cluster
  identity = { switch = "leaf1", vlan_id = 20 }
}
