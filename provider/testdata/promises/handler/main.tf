# Handlers as a user of this provider writes them.

terraform {
  required_providers {
    handler = {
      source = "lambda-land/handler"
    }
  }
}

provider "handler" {}

variable "handlers" {
  type = number
}

variable "image_uri" {
  type = string
}

locals {
  handlers = toset([for i in range(var.handlers) : "handler-${i}"])
}

resource "handler_queue" "all" {
  for_each         = local.handlers
  name             = each.key
  function_timeout = 30
}

resource "handler_function" "all" {
  for_each             = local.handlers
  name                 = each.key
  handler              = "first"
  image_uri            = var.image_uri
  queues               = { main = { arn = handler_queue.all[each.key].arn } }
  timeout              = 30
  reserved_concurrency = 4
}
