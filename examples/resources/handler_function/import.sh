# By name. Mappings are labeled with the names of their queues; give them labels of your own afterwards, which changes nothing in AWS.
terraform import handler_function.webhooks acme-webhooks
