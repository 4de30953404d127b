package sdk

import "github.com/aws/aws-sdk-go-v2/aws"

// UseConfig has the app call AWS with this configuration instead of the environment's.
func (a *App) UseConfig(config aws.Config) { a.aws.config = &config }
