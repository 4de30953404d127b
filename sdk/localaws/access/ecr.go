package access

import (
	"net/http"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// ECR guards the API of ECR.
func (g *Guard) ECR(next http.Handler) http.Handler {
	return g.protect(next, readJSON, repositoryPermissions, g.refuseJSON("1.1", accessDenied()))
}

func repositoryPermissions(c call) []permission {
	in := decode[struct {
		RepositoryName  string   `json:"repositoryName"`
		RepositoryNames []string `json:"repositoryNames"`
		ResourceARN     string   `json:"resourceArn"`
	}](c)
	action := "ecr:" + c.operation
	if in.ResourceARN != "" {
		return []permission{on(action, in.ResourceARN)}
	}
	if in.RepositoryName != "" {
		in.RepositoryNames = []string{in.RepositoryName}
	}
	if len(in.RepositoryNames) == 0 {
		return []permission{on(action, "*")}
	}
	all := make([]permission, len(in.RepositoryNames))
	for i, name := range in.RepositoryNames {
		all[i] = on(action, wire.ARN(c.ctx, "ecr", "repository/"+name))
	}
	return all
}
