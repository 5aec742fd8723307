# Another password each time that the version is raised. It is in no plan and no state.
ephemeral "cthulix_bmc_password" "monitor" {
  length = 16
}

resource "cthulix_bmc" "node1" {
  address     = "192.0.2.101"
  credentials = "bmc"

  users = {
    # The account that the provider logs in with: it must stay an administrator.
    ADMIN = { privilege = "administrator" }
    monitor = {
      privilege           = "user"
      password_wo         = ephemeral.cthulix_bmc_password.monitor.password
      password_wo_version = 1
    }
  }
  restore_policy = "previous"
}
