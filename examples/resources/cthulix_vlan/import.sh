terraform import cthulix_vlan.cluster leaf1/20
