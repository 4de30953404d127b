import {
  to = handler_reset.acme
  identity = {
    id = "FWVB6Q2ZN2UJLKTBKDENGL7HYD"
  }
}
