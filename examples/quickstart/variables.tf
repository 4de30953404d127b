variable "secret_arn" {
  description = <<-EOT
    ARN of the secret that the app loads at its start, a JSON object with GITHUB_WEBHOOK_SECRET and SUBSCRIBER_SECRET. It is
    made outside of Terraform, so that its value is in no state:
    aws secretsmanager create-secret --name acme --secret-string file://secret.json
  EOT
  type        = string
}

variable "subscriber_url" {
  description = "Where the results of runs are posted to."
  type        = string
}

variable "concurrency" {
  description = "How many runtimes each function may have at the same time."
  type        = number
  default     = 5
}
