# Dell Inc. PowerEdge R640, serial 1ABC2D3, firmware 2.19.1
# Intel(R) Xeon(R) Silver 4210, 2 sockets, 20 cores, 40 threads, 128751 MiB
# disk sda, SAMSUNG, serial S4F, 1920.4 GB
# interface eno1, b0:26:28:00:00:01, bnx2x, 10000 Mbit/s, on leaf1.example.net Gi1/0/1
# interface eno2, b0:26:28:00:00:02, bnx2x, no link
# First heard of 2026-01-02 03:04:05 UTC, last 2026-01-02 04:04:05 UTC.
resource "cthulix_host" "host-b02628000001" {
  name     = "host-b02628000001"
  macs     = ["b0:26:28:00:00:01"]
  switch   = "leaf1"
  port     = "Gi1/0/1"
  vlan     = 20
  image    = cthulix_image.node.kid
  firmware = "uefi"
  bmc = {
    address     = "10.30.0.5"
    credentials = "bmc"
  }
}

# evil"${file("/etc/passwd")} resource "x" "y" {}
# interface eth0, 52:54:00:00:00:09, on a"%{ if true }${b} p\" }
# First heard of 2026-01-02 03:04:05 UTC, last 2026-01-02 03:04:05 UTC.
resource "cthulix_host" "host-525400000009" {
  name   = "host-525400000009"
  macs   = ["52:54:00:00:00:09"]
  switch = "a\"%%{ if true }$${b}"
  port   = "p\\\" }"
  image  = cthulix_image.node.kid
  # The address of its BMC is not known (no /dev/ipmi0): fill it in.
  bmc = {
    address     = ""
    credentials = "bmc"
  }
}
