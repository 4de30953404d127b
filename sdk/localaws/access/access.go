// Package access lets functions do what their roles allow. It stands in front of the services and finds out which permissions a call
// needs: the action, and the ARN that the request names. Calls with other credentials than a function's are the account's, which may do
// everything.
//
// Pushing to and pulling from the registry, and what AWS's services do on a function's behalf beside polling queues, needs no permission
// here: a runtime's log is written whatever its role says. Nor do keys of KMS, of which there are none.
package access

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/iam"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// Config is what a Guard needs of the rest of localaws.
type Config struct {
	Roles   Roles
	Queues  Queues
	Secrets Secrets
	Log     *slog.Logger
}

// Roles knows who calls and what they may do.
type Roles interface {
	Session(accessKeyID string) (iam.Session, bool)
	Refusal(iam.Request) string
	RoleARN(name string) string
	Changed() <-chan struct{}
}

// Queues knows the policies of queues, as JSON documents; empty if there is none.
type Queues interface {
	Policy(queueARN string) string
}

// Secrets knows the ARN of a secret by its name or ARN.
type Secrets interface {
	ARN(ctx context.Context, id string) string
}

// Guard checks the calls of functions. It is safe for concurrent use.
type Guard struct{ config Config }

// New returns a guard.
func New(config Config) *Guard { return &Guard{config} }

// call is what a request asks for.
type call struct {
	ctx       context.Context
	session   iam.Session
	operation string     // such as "SendMessage"
	input     []byte     // of AWS JSON
	form      url.Values // of AWS query, or in a URL
	path      string     // of REST
}

// permission is what a call needs to be allowed.
type permission struct {
	action   string // such as "sqs:SendMessage"
	resource string // ARN, or "*"
	shown    string // what a refusal calls the resource; empty if it does not name it
	policy   string // the resource's own
	keys     map[string]string
}

// on is a permission for a resource that refusals name by its ARN.
func on(action, resource string) permission {
	return permission{action: action, resource: resource, shown: resource}
}

// protect serves what next does if a function that calls has the permissions which its call needs, and a refusal if not.
func (g *Guard) protect(
	next http.Handler, read func(*http.Request) call, needs func(call) []permission,
	refuse func(w http.ResponseWriter, r *http.Request, message string),
) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, ok := g.config.Roles.Session(wire.CallFrom(r.Context()).AccessKey)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		c := read(r)
		c.ctx, c.session = r.Context(), session
		for _, needed := range needs(c) {
			if message := g.refusal(session, wire.CallFrom(c.ctx).Region, needed); message != "" {
				g.config.Log.InfoContext(c.ctx, "access denied", "reason", message)
				refuse(w, r, message)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// refusal is AWS's message for a permission that a session does not have, or empty.
func (g *Guard) refusal(session iam.Session, region string, p permission) string {
	request := iam.Request{Session: session, Action: p.action, Resource: p.resource, Region: region, Policy: p.policy, Keys: p.keys}
	if refusal := g.config.Roles.Refusal(request); refusal != "" {
		return request.Denied(p.shown, refusal)
	}
	return ""
}

// readJSON reads a call in AWS JSON, and leaves its body to be read again.
func readJSON(r *http.Request) call {
	input, err := io.ReadAll(r.Body)
	var rest io.Reader = bytes.NewReader(input)
	if err != nil {
		rest = io.MultiReader(rest, failure{err}) // what cannot be read, the service refuses
	}
	r.Body = io.NopCloser(rest)
	return call{operation: afterLast(r.Header.Get("X-Amz-Target"), "."), input: input}
}

// failure is a reader that fails.
type failure struct{ err error }

func (f failure) Read([]byte) (int, error) { return 0, f.err }

// refuseJSON answers in AWS JSON.
func (g *Guard) refuseJSON(version string, refusal wire.Error) func(http.ResponseWriter, *http.Request, string) {
	service := wire.JSONService{Version: version, Log: g.config.Log}
	return func(w http.ResponseWriter, r *http.Request, message string) {
		answer := refusal
		answer.Message = message
		service.Fail(w, r, &answer)
	}
}

// readQuery reads a call of AWS query, whose form the router has parsed.
func readQuery(r *http.Request) call { return call{operation: r.Form.Get("Action"), form: r.Form} }

// refuseQuery answers in XML of a namespace.
func (g *Guard) refuseQuery(namespace string) func(http.ResponseWriter, *http.Request, string) {
	service := wire.QueryService{Namespace: namespace, Log: g.config.Log}
	return func(w http.ResponseWriter, r *http.Request, message string) {
		service.Fail(w, r, wire.Errorf("AccessDenied", "%s", message).WithStatus(http.StatusForbidden))
	}
}

// accessDenied is how most services that speak AWS JSON refuse.
func accessDenied() wire.Error { return wire.Error{Code: "AccessDeniedException"} }

// decode reads the members of an input that name what the call is about. An input that does not fit is refused by the service.
func decode[T any](c call) (in T) {
	_ = json.Unmarshal(c.input, &in)
	return in
}
