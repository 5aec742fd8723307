terraform import cthulix_switch.leaf1 leaf1
