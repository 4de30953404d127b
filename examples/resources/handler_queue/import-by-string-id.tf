import {
  to = handler_queue.webhooks
  id = "https://sqs.eu-west-1.amazonaws.com/123456789012/acme-webhooks"
}
