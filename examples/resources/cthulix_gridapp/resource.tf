variable "hosts" {
  description = "Hosts that serve the kernel: [for h in cthulix_host.node : h.name]"
  type        = list(string)
  default     = ["node1", "node2", "node3"]
}

# A batch: each shard counts its share of the lines, the merge adds them up.
resource "cthulix_gridapp" "lines" {
  name   = "lines"
  kernel = "main"
  hosts  = var.hosts
  shards = length(var.hosts)

  script = <<-EOT
    #!/bin/sh
    awk -v n="$CTHULIX_SHARD" -v of="$CTHULIX_SHARDS" 'NR % of == n' input.txt | wc -l
  EOT

  artifacts = { "input.txt" = "${path.module}/resource.tf" }

  merge = {
    script = <<-EOT
      #!/bin/sh
      cat shards/* | awk '{ n += $1 } END { print n }'
    EOT
  }
}

# A service.
resource "cthulix_gridapp" "web" {
  name    = "web"
  kernel  = "main"
  type    = "service"
  hosts   = var.hosts
  command = "/bin/busybox"
  args    = ["httpd", "-f", "-p", "8080"]
}
