# A cluster of three machines, from blank switch ports to a finished job.
#
# `make demo` applies it to the lab; with other variables it is the same for
# real hardware.

terraform {
  required_version = ">= 1.11"
  required_providers {
    cthulix = {
      source = "cthulix/cthulix"
    }
  }
}

# The addresses of the ophub, Nomad and the opserver come from the environment:
# CTHULIX_OPHUB_ADDR, CTHULIX_NOMAD_ADDR, CTHULIX_OPSERVER_ADDR and _TOKEN.
provider "cthulix" {
  credentials = {
    network = {
      username        = var.switch_username
      password        = var.switch_password
      enable_password = var.switch_enable_password
    }
    bmc = {
      username = var.bmc_username
      password = var.bmc_password
    }
  }
  switches = {
    leaf1 = {
      address     = var.switch_address
      host_key    = var.switch_host_key
      credentials = "network"
    }
  }
}

locals {
  vlan = 20
  hosts = {
    node1 = { mac = "52:54:00:20:00:01", port = "GigabitEthernet1/0/1", firmware = "bios" }
    node2 = { mac = "52:54:00:20:00:02", port = "GigabitEthernet1/0/2", firmware = "bios" }
    node3 = { mac = "52:54:00:20:00:03", port = "GigabitEthernet1/0/3", firmware = "uefi" }
  }
}

resource "cthulix_switch" "leaf1" {
  name  = "leaf1"
  vlans = { (local.vlan) = { name = "cluster" } }

  ports = merge(
    {
      for name, h in local.hosts : h.port => {
        mode        = "access"
        access_vlan = local.vlan
        description = name
        portfast    = true
      }
    },
    {
      "GigabitEthernet1/0/48" = {
        mode        = "access"
        access_vlan = local.vlan
        description = "opserver"
        portfast    = true
      }
    },
  )
}

resource "cthulix_image" "lpd" {
  name  = "lpd"
  linux = { flavour = "cloud" }

  butane = <<-EOT
    variant: fcos
    version: 1.5.0
    storage:
      files:
        - path: /etc/motd
          contents:
            inline: |
              This host lives in RAM. Its image and its kernels are declared in HCL.
  EOT
}

resource "cthulix_kernel" "main" {
  name        = "main"
  description = "Three machines for batch work"
}

resource "cthulix_host" "node" {
  for_each = local.hosts

  name     = each.key
  macs     = [each.value.mac]
  switch   = cthulix_switch.leaf1.name
  port     = each.value.port
  vlan     = local.vlan
  firmware = each.value.firmware
  image    = cthulix_image.lpd.kid
  kernels  = [cthulix_kernel.main.name]

  # Otherwise `destroy` would leave the machines running.
  on_destroy = "power_off"

  bmc = {
    address     = var.bmc_addresses[each.key]
    credentials = "bmc"
  }

  timeouts = {
    create = "10m"
    update = "10m"
  }
}

# Counts the words of a text: each host counts the lines that fall to it, then
# one of them adds the counts up.
resource "cthulix_gridapp" "wordcount" {
  name   = "wordcount"
  kernel = cthulix_kernel.main.name
  hosts  = [for h in cthulix_host.node : h.name]
  type   = "batch"
  shards = length(local.hosts)

  script    = file("${path.module}/wordcount/count.sh")
  artifacts = { "input.txt" = "${path.module}/wordcount/input.txt" }
  merge     = { script = file("${path.module}/wordcount/merge.sh") }

  lifecycle {
    postcondition {
      condition     = trimspace(self.output) == trimspace(file("${path.module}/wordcount/expected.txt"))
      error_message = "The word count differs from wordcount/expected.txt."
    }
  }
}
