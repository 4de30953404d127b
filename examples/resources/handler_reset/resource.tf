# New runtimes, which load the secret anew, whenever it has a new version; or when you run
# terraform taint handler_reset.acme
resource "handler_reset" "acme" {
  triggers = {
    secret = var.secret_version # such as aws_secretsmanager_secret_version.acme.version_id
  }
}
