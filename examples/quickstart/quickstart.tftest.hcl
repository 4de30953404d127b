# Deploys the quickstart, looks at it, plans again, and destroys it:
#
#   terraform test -var secret_arn=ARN_OF_THE_SECRET
#
# Its names are fixed, so run it where the quickstart is not deployed: in another account, or another region.

variables {
  subscriber_url = "https://subscriber.example.com/runs"
}

run "deploy" {
  assert {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", output.image_uri))
    error_message = "The image is not named by its digest: ${output.image_uri}"
  }

  assert {
    condition = alltrue([
      for f in [handler_function.webhooks, handler_function.jobs, handler_function.deliveries] : f.image_uri == output.image_uri
    ])
    error_message = "A function runs another image."
  }

  assert {
    condition     = output.function_names == { webhooks = "acme-webhooks", jobs = "acme-jobs", deliveries = "acme-deliveries" }
    error_message = "The functions are ${jsonencode(output.function_names)}."
  }

  assert {
    condition     = alltrue([for label, url in output.queue_urls : endswith(url, "/acme-${label}")])
    error_message = "The queues are ${jsonencode(output.queue_urls)}."
  }

  assert {
    condition     = output.dead_letter_queue_urls == { for label, url in output.queue_urls : label => "${url}-dlq" }
    error_message = "The dead-letter queues are ${jsonencode(output.dead_letter_queue_urls)}."
  }

  assert {
    condition = alltrue([
      for f in [handler_function.webhooks, handler_function.jobs, handler_function.deliveries] : length(f.mappings) == 1
    ])
    error_message = "A function does not drain exactly one queue."
  }
}

# A value that were to change would not be known here, and the conditions fail on that, too.
run "plan_again" {
  command = plan

  # Conditions of OpenTofu know no other runs.
  variables {
    deployed_image              = run.deploy.image_uri
    deployed_queues             = run.deploy.queue_urls
    deployed_dead_letter_queues = run.deploy.dead_letter_queue_urls
  }

  assert {
    condition     = output.image_uri == var.deployed_image
    error_message = "There is another image to be built from the same source."
  }

  assert {
    condition     = output.queue_urls == var.deployed_queues && output.dead_letter_queue_urls == var.deployed_dead_letter_queues
    error_message = "There is a queue to be replaced."
  }

  assert {
    condition = alltrue([
      for f in [handler_function.webhooks, handler_function.jobs, handler_function.deliveries] :
      f.image_digest == handler_image.acme.image_digest && f.reset == handler_reset.acme.id && length(f.mappings) == 1
    ])
    error_message = "There is a function to be updated."
  }
}
