package sdk_test

import "github.com/lambda-land/terraform-provider-handler/sdk"

func busy() *sdk.App { return nil }
