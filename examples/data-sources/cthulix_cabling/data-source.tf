data "cthulix_cabling" "leaf1" {
  switch = "leaf1"
}

# Who is at the end of each cable.
output "neighbors" {
  value = { for port, seen in data.cthulix_cabling.leaf1.ports : port => [for n in seen.neighbors : n.name] }
}
