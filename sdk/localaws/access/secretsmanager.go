package access

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/iam"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/secretsmanager"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// SecretsManager guards the API of Secrets Manager.
func (g *Guard) SecretsManager(next http.Handler) http.Handler {
	reading := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if session, ok := g.config.Roles.Session(wire.CallFrom(r.Context()).AccessKey); ok {
			r = r.WithContext(g.withReader(r.Context(), session))
		}
		next.ServeHTTP(w, r)
	})
	return g.protect(reading, readJSON, g.secretPermissions, g.refuseJSON("1.1", accessDenied()))
}

// withReader lets a batch answer with those secrets only whose values the session may get one by one.
func (g *Guard) withReader(ctx context.Context, session iam.Session) context.Context {
	return secretsmanager.WithReader(ctx, func(secretARN, id string) error {
		message := g.refusal(session, wire.CallFrom(ctx).Region, secretPermission("GetSecretValue", secretARN, id))
		if message == "" {
			return nil
		}
		return wire.Errorf("AccessDeniedException", "%s", message)
	})
}

func (g *Guard) secretPermissions(c call) []permission {
	in := decode[struct {
		SecretId     string
		Name         string // of CreateSecret
		VersionId    string
		VersionStage string
		Filters      []json.RawMessage
	}](c)
	id := cmp.Or(in.SecretId, in.Name)
	if id == "" {
		all := []permission{{action: "secretsmanager:" + c.operation, resource: "*"}}
		if c.operation == "BatchGetSecretValue" && len(in.Filters) > 0 {
			all = append(all, permission{action: "secretsmanager:ListSecrets", resource: "*"})
		}
		return all
	}
	p := secretPermission(c.operation, g.config.Secrets.ARN(c.ctx, id), id)
	p.keys["secretsmanager:versionid"], p.keys["secretsmanager:versionstage"] = in.VersionId, in.VersionStage
	return []permission{p}
}

// secretPermission is for a secret that a request names by id, as do refusals.
func secretPermission(operation, secretARN, id string) permission {
	return permission{
		action: "secretsmanager:" + operation, resource: secretARN, shown: id,
		keys: map[string]string{"secretsmanager:secretid": secretARN},
	}
}
