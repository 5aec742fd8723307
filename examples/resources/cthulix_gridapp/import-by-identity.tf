import {
  to       = cthulix_gridapp.lines
  identity = { kernel = "main", name = "lines" }
}
