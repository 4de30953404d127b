import {
  to = handler_reset.acme
  id = "FWVB6Q2ZN2UJLKTBKDENGL7HYD"
}
