package sdk_test

import "github.com/lambda-land/terraform-provider-handler/sdk"

func hooked() *sdk.App { return nil }
func busy() *sdk.App   { return nil }
