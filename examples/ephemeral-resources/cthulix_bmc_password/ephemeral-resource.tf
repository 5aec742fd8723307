ephemeral "cthulix_bmc_password" "monitor" {
  length = 20
}

resource "cthulix_bmc" "node1" {
  address     = "192.0.2.101"
  credentials = "bmc"
  users = {
    monitor = {
      privilege           = "user"
      password_wo         = ephemeral.cthulix_bmc_password.monitor.password
      password_wo_version = 1
    }
  }
}
