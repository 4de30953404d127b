terraform {
  required_providers {
    handler = {
      source = "lambda-land/handler"
    }
  }
}

provider "handler" {
  region       = "eu-west-1"
  default_tags = { team = "platform" }
}
