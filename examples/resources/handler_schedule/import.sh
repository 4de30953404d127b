# By name. The next apply gives a schedule that was made by other means a role of its own.
terraform import handler_schedule.cleanup acme-cleanup
