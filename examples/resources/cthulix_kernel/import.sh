terraform import cthulix_kernel.main main
