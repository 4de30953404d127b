package cloud

import (
	"context"
	"net/http"
	"strings"
)

// RegistryDenied turns the refusal of a request to a repository (host/name) of ECR's registry into a [DeniedError]: message is what the
// registry says, which is nothing in answers to HEAD, and err the refusal.
func (c *Cloud) RegistryDenied(ctx context.Context, repository string, request *http.Request, message string, err error) *DeniedError {
	host, name, _ := strings.Cut(repository, "/")
	account, _, _ := RegistryRegion(host)
	made := madeCall{service: "ecr", operation: registryOperation(request.Method, request.URL.Path), account: account}
	if made.operation != "GetAuthorizationToken" {
		made.input = struct{ RepositoryName string }{name}
	}
	return c.denied(ctx, made, message, err)
}

// registryOperation returns ECR's operation that a request to its registry stands for.
func registryOperation(method, path string) string {
	switch {
	case strings.Contains(path, "/manifests/") && method == http.MethodPut:
		return "PutImage"
	case strings.Contains(path, "/manifests/"):
		return "BatchGetImage"
	case strings.Contains(path, "/blobs/uploads/") && method == http.MethodPost:
		return "InitiateLayerUpload"
	case strings.Contains(path, "/blobs/uploads/") && method == http.MethodPut:
		return "CompleteLayerUpload"
	case strings.Contains(path, "/blobs/uploads/"):
		return "UploadLayerPart"
	case strings.Contains(path, "/blobs/") && method == http.MethodHead:
		return "BatchCheckLayerAvailability"
	case strings.Contains(path, "/blobs/"):
		return "GetDownloadUrlForLayer"
	default:
		return "GetAuthorizationToken"
	}
}
