package image

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// explain adds what was being done and the next step to an error of a registry.
func explain(act string, ref name.Reference, err error) error {
	return &RegistryError{Act: act, Reference: ref.Name(), Err: withoutQuery(err), Hint: hint(ref, err)}
}

// withoutQuery takes the query out of the address in an error of the network: the addresses that registries send one on to are signed.
func withoutQuery(err error) error {
	failed, ok := err.(*url.Error) // what stands for several attempts, over HTTPS and HTTP, has no such address
	if !ok {
		return err
	}
	address, _, _ := strings.Cut(failed.URL, "?")
	return &url.Error{Op: failed.Op, URL: address, Err: failed.Err}
}

func hint(ref name.Reference, err error) string {
	if _, explained := errors.AsType[*RegistryError](err); explained {
		return "" // reading a layer failed, not sending it
	}
	host := ref.Context().RegistryStr()
	if failed, ok := errors.AsType[*transport.Error](err); ok {
		return statusHint(ref, failed.StatusCode)
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("nothing listens on %s: check the repository's host and port, and that the registry runs", host)
	case isUnknownHost(err):
		return fmt.Sprintf("the name %s cannot be resolved: check the repository's host and the network", host)
	}
	return ""
}

func statusHint(ref name.Reference, status int) string {
	host := ref.Context().RegistryStr()
	switch {
	case status == http.StatusUnauthorized:
		return fmt.Sprintf("%s does not know the credentials: "+
			"log in again (those of ECR last 12 hours) or check the profile and region they come from", host)
	case status == http.StatusForbidden:
		return fmt.Sprintf("%s knows the credentials but does not allow this: "+
			"check the role's ecr: permissions and the repository's policy", host)
	case status == http.StatusNotFound:
		return fmt.Sprintf("check that %s exists in the account and region of %s, and has not lost the image",
			ref.Context().RepositoryStr(), host)
	case status == http.StatusMethodNotAllowed:
		return fmt.Sprintf("%s takes no images: check that %s is not a mirror or a cache of another registry",
			host, ref.Context().RepositoryStr())
	case slices.Contains(passingStatuses, status):
		return fmt.Sprintf("%s still answered that after several attempts: apply again later", host)
	}
	return ""
}

func isUnknownHost(err error) bool {
	failed, ok := errors.AsType[*net.DNSError](err)
	return ok && failed.IsNotFound
}
