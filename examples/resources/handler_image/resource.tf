resource "handler_image" "acme" {
  source = {
    package      = "${path.module}/../cmd/acme"
    architecture = "arm64"
  }
  repository = {
    name = "acme"
  }
}

output "handlers" {
  value = handler_image.acme.handlers
}
