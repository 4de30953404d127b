//go:build lambda

package localdrain

import "github.com/lambda-land/terraform-provider-handler/sdk"

// Command adds nothing here, where the app is built for Lambda.
func Command(...Option) sdk.AppOption { return sdk.Use() }
