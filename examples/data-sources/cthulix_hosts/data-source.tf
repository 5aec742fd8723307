data "cthulix_hosts" "main" {
  kernel = "main"
}

output "not_live" {
  value = [for name, h in data.cthulix_hosts.main.hosts : name if !h.live]
}
