resource "cthulix_image" "lpd" {
  name    = "lpd"
  linux   = { flavour = "generic" }
  modules = ["ixgbe"]
  args    = ["console=ttyS1,115200"]

  butane = <<-EOT
    variant: fcos
    version: 1.5.0
    storage:
      files:
        - path: /etc/motd
          contents:
            inline: This host lives in RAM.
  EOT
}
