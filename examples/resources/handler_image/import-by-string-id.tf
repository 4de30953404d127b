import {
  to = handler_image.acme
  id = "acme"
}
