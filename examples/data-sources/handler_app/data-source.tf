locals {
  source     = { package = "${path.module}/../cmd/acme" }
  repository = { name = "acme" }
}

data "handler_app" "acme" {
  source = local.source
}

# A function and a queue for each handler that the code registers. All of them run one image, which is built and pushed once.
resource "handler_queue" "acme" {
  for_each = data.handler_app.acme.handlers

  name             = "acme-${each.key}"
  function_timeout = coalesce(each.value.timeout, 60)
}

resource "handler_function" "acme" {
  for_each = data.handler_app.acme.handlers

  name       = "acme-${each.key}"
  handler    = each.key
  source     = local.source
  repository = local.repository
  timeout    = coalesce(each.value.timeout, 60)

  queues  = { main = { arn = handler_queue.acme[each.key].arn, batch_size = coalesce(each.value.batch_size, 10) } }
  send_to = { for label in each.value.send_to : label => handler_queue.acme[label].arn }
}
