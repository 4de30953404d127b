# With Terraform 1.12 and later, identity = { id = "…" } does the same as id.
import {
  to = handler_reset.acme
  id = "FWVB6Q2ZN2UJLKTBKDENGL7HYD"
}
