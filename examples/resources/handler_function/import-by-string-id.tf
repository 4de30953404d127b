# With Terraform 1.12 and later, identity = { name = "acme-webhooks" } does the same as id.
import {
  to = handler_function.webhooks
  id = "acme-webhooks"
}
