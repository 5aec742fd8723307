resource "cthulix_kernel" "main" {
  name        = "main"
  description = "Batch work"
}
