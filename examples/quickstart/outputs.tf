output "queue_urls" {
  description = "URLs of the queues by label. HANDLER_QUEUES of the server wants that of webhooks."
  value = {
    webhooks   = handler_queue.webhooks.url
    jobs       = handler_queue.jobs.url
    deliveries = handler_queue.deliveries.url
  }
}

output "dead_letter_queue_urls" {
  description = "URLs of the dead-letter queues by label."
  value = {
    webhooks   = handler_queue.webhooks.dead_letter_url
    jobs       = handler_queue.jobs.dead_letter_url
    deliveries = handler_queue.deliveries.dead_letter_url
  }
}

output "function_names" {
  description = "Names of the functions by handler."
  value = {
    webhooks   = handler_function.webhooks.name
    jobs       = handler_function.jobs.name
    deliveries = handler_function.deliveries.name
  }
}

output "image_uri" {
  description = "The image that all functions run, by digest."
  value       = handler_image.acme.image_uri
}
