package access

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// Functions is the API of Lambda, which tells the operation of a request by its path.
type Functions interface {
	http.Handler
	Operation(r *http.Request) string // such as "CreateFunction"; empty if there is none
}

// Lambda guards the API of Lambda.
func (g *Guard) Lambda(next Functions) http.Handler {
	read := func(r *http.Request) call {
		c := readJSON(r)
		c.operation, c.path, c.form = next.Operation(r), r.URL.EscapedPath(), r.URL.Query()
		return c
	}
	return g.protect(next, read, functionPermissions, refuseREST)
}

func functionPermissions(c call) []permission {
	if c.operation == "" {
		return nil
	}
	return []permission{on("lambda:"+c.operation, functionResource(c))}
}

// functionResource finds the ARN of what a request is about in its path, /DATE/KIND/NAME/…, or, of a new function, in its input.
func functionResource(c call) string {
	parts := strings.Split(strings.Trim(c.path, "/"), "/")
	name := ""
	if len(parts) > 2 {
		name, _ = url.PathUnescape(parts[2])
	}
	if c.operation == "CreateFunction" {
		name = decode[struct{ FunctionName string }](c).FunctionName
	}
	switch {
	case name == "":
		return "*"
	case strings.HasPrefix(name, "arn:"):
		return name
	case parts[1] == "event-source-mappings":
		return wire.ARN(c.ctx, "lambda", "event-source-mapping:"+name)
	}
	if _, rest, ok := strings.Cut(":"+name, ":function:"); ok {
		name = rest // of a partial ARN
	}
	if qualifier := c.form.Get("Qualifier"); qualifier != "" {
		name += ":" + qualifier
	}
	return wire.ARN(c.ctx, "lambda", "function:"+name)
}

// refuseREST answers as Lambda does.
func refuseREST(w http.ResponseWriter, r *http.Request, message string) {
	body, err := json.Marshal(map[string]string{"Message": message})
	if err != nil {
		panic(err) // strings always marshal
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("x-amzn-ErrorType", "AccessDeniedException")
	w.Header().Set("x-amzn-RequestId", wire.CallFrom(r.Context()).RequestID)
	w.WriteHeader(http.StatusForbidden)
	_, _ = w.Write(body) // a client that hung up is no concern of ours
}
