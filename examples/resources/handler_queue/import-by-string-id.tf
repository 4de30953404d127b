# With Terraform 1.12 and later, identity = { url = "https://…" } does the same as id.
import {
  to = handler_queue.webhooks
  id = "https://sqs.eu-west-1.amazonaws.com/123456789012/acme-webhooks"
}
