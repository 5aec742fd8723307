data "cthulix_discovered_hosts" "all" {}

output "strangers" {
  value = { for mac, h in data.cthulix_discovered_hosts.all.hosts : mac => "${h.switch} ${h.port}" }
}
