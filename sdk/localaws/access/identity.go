package access

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// IAM guards the API of IAM.
func (g *Guard) IAM(next http.Handler) http.Handler {
	return g.protect(next, readQuery, g.rolePermissions, g.refuseQuery("https://iam.amazonaws.com/doc/2010-05-08/"))
}

func (g *Guard) rolePermissions(c call) []permission {
	name := c.form.Get("RoleName")
	role := g.config.Roles.RoleARN(name)
	if c.operation == "CreateRole" {
		role = "arn:aws:iam::" + wire.AccountID + ":role" + cmp.Or(c.form.Get("Path"), "/") + name
	}
	return []permission{on("iam:"+c.operation, role)}
}

// STS guards the API of STS.
func (g *Guard) STS(next http.Handler) http.Handler {
	return g.protect(next, readQuery, sessionPermissions, g.refuseQuery("https://sts.amazonaws.com/doc/2011-06-15/"))
}

// sessionPermissions asks for none where everybody may know who they are.
func sessionPermissions(c call) []permission {
	switch {
	case c.operation == "GetCallerIdentity":
		return nil
	case strings.HasPrefix(c.operation, "AssumeRole"):
		return []permission{on("sts:"+c.operation, c.form.Get("RoleArn"))}
	}
	return []permission{{action: "sts:" + c.operation, resource: "*"}}
}
