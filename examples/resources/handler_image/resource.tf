resource "handler_image" "acme" {
  source = {
    package      = "${path.module}/../cmd/acme"
    architecture = "arm64"

    # What else is in the image: a file, and a Lambda extension out of another image.
    files = { "/etc/acme.yaml" = "${path.module}/acme.yaml" }
    copy  = [{ image = "public.ecr.aws/datadog/lambda-extension:83", path = "/opt/extensions" }]
  }
  repository = {
    name = "acme"
  }
  sbom = "${path.module}/acme.spdx.json"
}

output "handlers" {
  value = handler_image.acme.handlers
}
