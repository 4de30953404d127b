# By the name of the repository. The next plan builds the image and compares it with the one that was pushed last.
terraform import handler_image.acme acme
