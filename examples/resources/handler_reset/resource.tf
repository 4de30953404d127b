resource "aws_secretsmanager_secret_version" "acme" {
  secret_id     = aws_secretsmanager_secret.acme.id
  secret_string = jsonencode({ DATABASE_URL = var.database_url })
}

# New runtimes, which load the secret anew, whenever it has a new version; or when you run
# terraform taint handler_reset.acme
resource "handler_reset" "acme" {
  triggers = {
    secret = aws_secretsmanager_secret_version.acme.version_id
  }
}
