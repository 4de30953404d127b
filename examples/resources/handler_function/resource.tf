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
  secrets = [var.secret_arn]

  environment          = { LOG_LEVEL = "info" }
  reserved_concurrency = 100
  memory_size          = 256
  timeout              = 60
}

# Without a handler_image: the function has its image built. Functions of the same source and repository share it.
resource "handler_function" "jobs" {
  name       = "acme-jobs"
  handler    = "jobs"
  source     = { package = "${path.module}/../cmd/acme" }
  repository = { name = "acme" }
  queues     = { jobs = { arn = handler_queue.jobs.arn } }
}
