# `eval "$(cthulix lab env)"` sets all of these for the lab. Passwords are
# ephemeral: they are in no plan and no state.

variable "switch_address" {
  description = "host:port of the switch's SSH server"
  type        = string
}

variable "switch_host_key" {
  description = "SHA256 fingerprint of the switch's SSH host key"
  type        = string
}

variable "switch_username" {
  description = "User that may configure the switch"
  type        = string
}

variable "switch_password" {
  description = "Password of switch_username"
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "switch_enable_password" {
  description = "Password of `enable`"
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "bmc_username" {
  description = "User of the BMCs"
  type        = string
}

variable "bmc_password" {
  description = "Password of bmc_username"
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "bmc_addresses" {
  description = "host:port of each machine's BMC, by host name"
  type        = map(string)
}
