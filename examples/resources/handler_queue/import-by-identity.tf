import {
  to = handler_queue.webhooks
  identity = {
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/acme-webhooks"
  }
}
