# The root of a Spacelift stack: a queue and a function for each handler that the code registers. Workers need no Go.

terraform {
  required_version = ">= 1.5"
  required_providers {
    handler = {
      source = "lambda-land/handler"
    }
  }
}

# Region and credentials come from the stack's environment and its cloud integration.
provider "handler" {
  default_tags = { stack = var.stack }
}

variable "stack" {
  description = "Slug of the stack. Set TF_VAR_stack in its environment."
  type        = string
  default     = "acme"
}

variable "secret_arn" {
  description = "ARN of the secret that the app loads at its start. Set TF_VAR_secret_arn in the stack's environment."
  type        = string
}

locals {
  source = { package = "${path.module}/../../handlers" }
}

data "handler_app" "acme" {
  source = local.source
}

resource "handler_image" "acme" {
  source     = local.source
  repository = { name = "acme" }
}

# As a task: terraform taint handler_reset.acme. The next run throws every warm runtime away.
resource "handler_reset" "acme" {}

resource "handler_queue" "acme" {
  for_each = data.handler_app.acme.handlers

  name             = "${var.stack}-${each.key}"
  function_timeout = coalesce(each.value.timeout, 60)
}

resource "handler_function" "acme" {
  for_each = data.handler_app.acme.handlers

  name      = "${var.stack}-${each.key}"
  handler   = each.key
  image_uri = handler_image.acme.image_uri
  reset     = handler_reset.acme.id
  timeout   = coalesce(each.value.timeout, 60)

  queues  = { main = { arn = handler_queue.acme[each.key].arn } }
  send_to = { for label in each.value.send_to : label => handler_queue.acme[label].arn }
  secrets = [var.secret_arn]
}
