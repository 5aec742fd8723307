variable "allowed" {
  default = "10,20-29"

  validation {
    condition     = provider::cthulix::vlans_contains(var.allowed, 20)
    error_message = "The cluster's VLAN 20 must be allowed."
  }
}
