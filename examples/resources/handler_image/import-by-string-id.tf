# With Terraform 1.12 and later, identity = { repository = "acme" } does the same as id.
import {
  to = handler_image.acme
  id = "acme"
}
