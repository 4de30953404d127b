package access

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// Logs guards the API of CloudWatch Logs.
func (g *Guard) Logs(next http.Handler) http.Handler {
	return g.protect(next, readJSON, logPermissions, g.refuseJSON("1.1", accessDenied()))
}

// logPermissions names a group by the ARN of what is in it, of any stream or none, as AWS does unless it is about tags.
func logPermissions(c call) []permission {
	in := decode[struct {
		LogGroupName       string `json:"logGroupName"`
		LogGroupIdentifier string `json:"logGroupIdentifier"`
		LogStreamName      string `json:"logStreamName"`
		ResourceARN        string `json:"resourceArn"`
	}](c)
	action := "logs:" + c.operation
	if in.ResourceARN != "" {
		return []permission{on(action, in.ResourceARN)}
	}
	group := cmp.Or(in.LogGroupName, in.LogGroupIdentifier)
	if !strings.HasPrefix(group, "arn:") {
		group = wire.ARN(c.ctx, "logs", "log-group:"+group)
	}
	return []permission{on(action, strings.TrimSuffix(group, ":*")+":log-stream:"+in.LogStreamName)}
}
