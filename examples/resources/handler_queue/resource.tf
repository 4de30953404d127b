resource "handler_queue" "webhooks" {
  name             = "acme-webhooks"
  function_timeout = 60
}

resource "handler_queue" "payments" {
  name                        = "acme-payments.fifo"
  function_timeout            = 30
  content_based_deduplication = true
  high_throughput             = true

  dead_letter = {
    max_receive_count = 10
  }
}
