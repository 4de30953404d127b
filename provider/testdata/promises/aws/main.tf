# The same handlers with the AWS provider.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

provider "aws" {
  skip_metadata_api_check = true
}

variable "handlers" {
  type = number
}

variable "image_uri" {
  type = string
}

locals {
  handlers = toset([for i in range(var.handlers) : "aws-${i}"])
}

resource "aws_iam_role" "all" {
  for_each = local.handlers
  name     = each.key
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "all" {
  for_each = local.handlers
  name     = "handler"
  role     = aws_iam_role.all[each.key].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"]
        Resource = aws_sqs_queue.all[each.key].arn
      },
      {
        Effect   = "Allow"
        Action   = ["sqs:SendMessage", "sqs:GetQueueUrl"]
        Resource = aws_sqs_queue.dead[each.key].arn
      },
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.all[each.key].arn}:*"
      },
    ]
  })
}

resource "aws_cloudwatch_log_group" "all" {
  for_each          = local.handlers
  name              = "/aws/lambda/${each.key}"
  retention_in_days = 30
}

resource "aws_sqs_queue" "dead" {
  for_each                  = local.handlers
  name                      = "${each.key}-dlq"
  message_retention_seconds = 1209600
}

resource "aws_sqs_queue" "all" {
  for_each                   = local.handlers
  name                       = each.key
  visibility_timeout_seconds = 180
  redrive_policy             = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead[each.key].arn, maxReceiveCount = 5 })
}

resource "aws_lambda_function" "all" {
  for_each                       = local.handlers
  depends_on                     = [aws_iam_role_policy.all, aws_cloudwatch_log_group.all]
  function_name                  = each.key
  role                           = aws_iam_role.all[each.key].arn
  package_type                   = "Image"
  image_uri                      = var.image_uri
  timeout                        = 30
  memory_size                    = 256
  reserved_concurrent_executions = 4
  environment {
    variables = { HANDLER = each.key }
  }
}

resource "aws_lambda_event_source_mapping" "all" {
  for_each                = local.handlers
  event_source_arn        = aws_sqs_queue.all[each.key].arn
  function_name           = aws_lambda_function.all[each.key].arn
  function_response_types = ["ReportBatchItemFailures"]
  scaling_config {
    maximum_concurrency = 4
  }
}
