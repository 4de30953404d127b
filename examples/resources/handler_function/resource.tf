resource "handler_function" "webhooks" {
  name      = "acme-webhooks"
  handler   = "webhooks"
  image_uri = handler_image.acme.image_uri
  reset     = handler_reset.acme.id

  queues = {
    webhooks = { arn = handler_queue.webhooks.arn, batch_size = 10 }
  }
  send_to = {
    jobs = handler_queue.jobs.arn
  }
  secrets = [aws_secretsmanager_secret.acme.arn]

  environment          = { LOG_LEVEL = "info" }
  reserved_concurrency = 100
  memory_size          = 256
  timeout              = 60
}
