# By ID, which is the HANDLER_RESET of the functions that refer to it.
terraform import handler_reset.acme FWVB6Q2ZN2UJLKTBKDENGL7HYD
