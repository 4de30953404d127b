# The reference app: one image, three functions, three queues. What it needs to know is in variables.tf.

terraform {
  required_providers {
    handler = {
      source = "lambda-land/handler"
    }
  }
}

provider "handler" {}

# The image: built from the Go package, pushed to an ECR repository of its own.
resource "handler_image" "acme" {
  source = {
    package = "${path.module}/../../handlers"
  }
  repository = {
    name = "acme"
  }
}

# terraform taint handler_reset.acme && terraform apply: every warm runtime is thrown away.
resource "handler_reset" "acme" {}

# What GitHub tells -> which runs to do.
resource "handler_queue" "webhooks" {
  name             = "acme-webhooks"
  function_timeout = 30
  dead_letter      = { max_receive_count = 5 }
}

resource "handler_function" "webhooks" {
  name      = "acme-webhooks"
  handler   = "webhooks"
  image_uri = handler_image.acme.image_uri
  reset     = handler_reset.acme.id

  queues  = { webhooks = { arn = handler_queue.webhooks.arn } }
  send_to = { jobs = handler_queue.jobs.arn }
  secrets = [var.secret_arn]

  timeout              = 30
  reserved_concurrency = var.concurrency
}

# Which runs to do -> what they found.
resource "handler_queue" "jobs" {
  name             = "acme-jobs"
  function_timeout = 30
  dead_letter      = { max_receive_count = 5 }
}

resource "handler_function" "jobs" {
  name      = "acme-jobs"
  handler   = "jobs"
  image_uri = handler_image.acme.image_uri
  reset     = handler_reset.acme.id

  queues  = { jobs = { arn = handler_queue.jobs.arn } }
  send_to = { deliveries = handler_queue.deliveries.arn }
  secrets = [var.secret_arn]

  timeout              = 30
  reserved_concurrency = var.concurrency
}

# What they found -> the subscriber.
resource "handler_queue" "deliveries" {
  name             = "acme-deliveries"
  function_timeout = 30
  dead_letter      = { max_receive_count = 5 }
}

resource "handler_function" "deliveries" {
  name      = "acme-deliveries"
  handler   = "deliveries"
  image_uri = handler_image.acme.image_uri
  reset     = handler_reset.acme.id

  queues      = { deliveries = { arn = handler_queue.deliveries.arn } }
  secrets     = [var.secret_arn]
  environment = { SUBSCRIBER_URL = var.subscriber_url }

  timeout              = 30
  reserved_concurrency = var.concurrency
}
