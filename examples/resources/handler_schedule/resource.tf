resource "handler_queue" "cron" {
  name             = "acme-cron"
  function_timeout = 60
}

resource "handler_schedule" "cleanup" {
  name       = "acme-cleanup"
  expression = "rate(5 minutes)"
  queue_arn  = handler_queue.cron.arn

  event = {
    type = "cron.cleanup"
    data = jsonencode({ older_than = "24h" })
  }
}

# On weekdays at eight, wherever summer time puts that.
resource "handler_schedule" "report" {
  name            = "acme-report"
  expression      = "cron(0 8 ? * MON-FRI *)"
  timezone        = "Europe/Berlin"
  flexible_window = 10
  queue_arn       = handler_queue.cron.arn

  event = { type = "cron.report" }
}
