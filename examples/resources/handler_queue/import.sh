# By URL. The dead-letter queue comes with it.
terraform import handler_queue.webhooks https://sqs.eu-west-1.amazonaws.com/123456789012/acme-webhooks
