import {
  to = handler_function.webhooks
  id = "acme-webhooks"
}
