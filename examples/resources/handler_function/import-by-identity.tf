import {
  to = handler_function.webhooks
  identity = {
    name = "acme-webhooks"
  }
}
