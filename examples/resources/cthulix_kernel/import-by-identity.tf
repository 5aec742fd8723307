import {
  to       = cthulix_kernel.main
  identity = { name = "main" }
}
