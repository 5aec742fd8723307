terraform import cthulix_switch_port.node1 leaf1/GigabitEthernet1/0/1
