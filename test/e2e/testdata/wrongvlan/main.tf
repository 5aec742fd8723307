# One host in a VLAN of its choice; the opserver is in VLAN 20.

terraform {
  required_providers {
    cthulix = { source = "cthulix/cthulix" }
  }
}

variable "vlan" { type = number }
variable "timeout" { type = string }
variable "switch_address" { type = string }
variable "switch_host_key" { type = string }
variable "switch_username" { type = string }
variable "switch_password" {
  type      = string
  ephemeral = true
}
variable "switch_enable_password" {
  type      = string
  ephemeral = true
}
variable "bmc_username" { type = string }
variable "bmc_password" {
  type      = string
  ephemeral = true
}
variable "bmc_addresses" { type = map(string) }

provider "cthulix" {
  credentials = {
    network = { username = var.switch_username, password = var.switch_password, enable_password = var.switch_enable_password }
    bmc     = { username = var.bmc_username, password = var.bmc_password }
  }
  switches = {
    leaf1 = { address = var.switch_address, host_key = var.switch_host_key, credentials = "network" }
  }
}

resource "cthulix_switch" "leaf1" {
  name = "leaf1"
  vlans = {
    "20" = { name = "cluster" }
    "30" = { name = "elsewhere" }
  }
  ports = {
    "GigabitEthernet1/0/1"  = { mode = "access", access_vlan = var.vlan, portfast = true }
    "GigabitEthernet1/0/48" = { mode = "access", access_vlan = 20, portfast = true }
  }
}

resource "cthulix_image" "lpd" {
  name  = "lpd"
  linux = { flavour = "cloud" }
}

resource "cthulix_host" "node1" {
  name   = "node1"
  macs   = ["52:54:00:20:00:01"]
  switch = cthulix_switch.leaf1.name
  port   = "GigabitEthernet1/0/1"
  vlan   = var.vlan
  image  = cthulix_image.lpd.kid
  bmc    = { address = var.bmc_addresses["node1"], credentials = "bmc" }

  timeouts = { create = var.timeout, update = var.timeout }
}
