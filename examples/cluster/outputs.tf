output "hosts" {
  description = "What each host booted"
  value = {
    for name, h in cthulix_host.node : name => {
      addresses = h.addresses
      image     = h.booted_image
      boot_id   = h.boot_id
    }
  }
}

output "wordcount" {
  description = "The ten most frequent words of wordcount/input.txt"
  value       = cthulix_gridapp.wordcount.output
}
