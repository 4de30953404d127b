package ecr

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

const maxManifestSize = 4 << 20 // bytes; ECR's limit

// Registry is what container tools talk to: the OCI distribution API below /v2/. As in ECR, one must log in with what
// GetAuthorizationToken hands out, though any password will do, and a push to a repository that does not exist is refused.
func (s *Service) Registry() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.registryOf(s.hosts.region("")).ServeHTTP(w, r)
	})
}

// registryOf is the registry of one region.
func (s *Service) registryOf(region string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(wire.WithRegion(r.Context(), region))
		w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
		if user, _, ok := r.BasicAuth(); !ok || user != registryUser {
			w.Header().Set("Www-Authenticate", fmt.Sprintf(`Basic realm="http://%s/",service="ecr.amazonaws.com"`, r.Host))
			refuse(w, wire.Errorf("UNAUTHORIZED", "Not Authorized").WithStatus(http.StatusUnauthorized))
			return
		}
		if err := s.serveRegistry(w, r); err != nil {
			apiErr := wire.AsError(err)
			if apiErr.HTTPStatus() >= http.StatusInternalServerError {
				s.log.ErrorContext(r.Context(), "registry failed", "path", r.URL.Path, "error", err)
			}
			refuse(w, apiErr)
		}
	})
}

// refuse answers as the distribution API does.
func refuse(w http.ResponseWriter, err *wire.Error) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(err.HTTPStatus())
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]string{"code": err.Code, "message": err.Message}}})
}

// serveRegistry splits the path, "/v2/<name>/<kind>/…", where the name may have slashes of its own.
func (s *Service) serveRegistry(w http.ResponseWriter, r *http.Request) error {
	path := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/v2"), "/")
	if path == "" {
		return nil
	}
	for _, kind := range []string{"/blobs/", "/manifests/", "/tags/"} {
		i := strings.LastIndex(path, kind)
		if i < 0 {
			continue
		}
		name, rest := path[:i], path[i+len(kind):]
		s.mu.Lock()
		repository, ok := s.repositories[repositoryARN(r.Context(), name)]
		s.mu.Unlock()
		switch {
		case !ok:
			return nameUnknown(name)
		case kind == "/blobs/":
			return s.serveBlobs(w, r, repository, rest)
		case kind == "/tags/":
			return s.serveTags(w, r, repository)
		default:
			return s.serveManifest(w, r, repository, rest)
		}
	}
	return wire.Errorf("UNSUPPORTED", "%s is not supported", r.URL.Path).WithStatus(http.StatusNotFound)
}

func nameUnknown(name string) *wire.Error {
	return wire.Errorf("NAME_UNKNOWN", "The repository with name '%s' does not exist in the registry with id '%s'",
		name, wire.AccountID).WithStatus(http.StatusNotFound)
}

func (s *Service) serveManifest(w http.ResponseWriter, r *http.Request, repository *repository, reference string) error {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		s.mu.Lock()
		found, ok := repository.image(reference)
		s.mu.Unlock()
		if !ok {
			return wire.Errorf("MANIFEST_UNKNOWN", "Requested image not found").WithStatus(http.StatusNotFound)
		}
		w.Header().Set("Content-Type", string(found.mediaType))
		w.Header().Set("Docker-Content-Digest", found.digest)
		w.Header().Set("Content-Length", strconv.Itoa(len(found.manifest)))
		if r.Method == http.MethodGet {
			_, _ = w.Write(found.manifest) // a client that hung up is no concern of ours
		}
		return nil
	case http.MethodPut:
		manifest, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxManifestSize))
		if err != nil {
			return wire.Errorf("MANIFEST_INVALID", "read manifest: %s", err)
		}
		digest, err := s.push(repository, reference, r.Header.Get("Content-Type"), manifest)
		if err != nil {
			return err
		}
		w.Header().Set("Docker-Content-Digest", digest)
		w.Header().Set("Location", r.URL.Path)
		w.WriteHeader(http.StatusCreated)
		return nil
	default:
		return wire.Errorf("UNSUPPORTED", "use the API to delete images").WithStatus(http.StatusMethodNotAllowed)
	}
}

// push stores a manifest under its digest and, if that is what the client pushes to, a tag.
func (s *Service) push(repository *repository, reference, mediaType string, manifest []byte) (digest string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	pushed, err := repository.newImage(manifestType(mediaType, manifest), manifest)
	if err != nil {
		return "", err
	}
	if _, err := v1.NewHash(reference); err == nil {
		if reference != pushed.digest {
			return "", wire.Errorf("DIGEST_INVALID", "Requested image digest does not match the digest of the manifest")
		}
	} else if err := repository.tag(reference, pushed.digest); err != nil {
		return "", err
	}
	if _, ok := repository.images[pushed.digest]; !ok {
		// Times are told to the millisecond; that of each push is another, so that their order can be told, too.
		s.lastPush = laterOf(time.Now(), s.lastPush.Add(time.Millisecond))
		pushed.pushedAt = wire.Epoch{Time: s.lastPush}
		repository.images[pushed.digest] = pushed
	}
	return pushed.digest, nil
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// manifestType prefers what the manifest says of itself; older Docker manifests rely on the header.
func manifestType(header string, manifest []byte) types.MediaType {
	var own struct {
		MediaType types.MediaType `json:"mediaType"`
	}
	if err := json.Unmarshal(manifest, &own); err == nil && own.MediaType != "" {
		return own.MediaType
	}
	return types.MediaType(header)
}

// tag moves a tag to an image, unless the repository's tags may not move.
func (r *repository) tag(tag, digest string) error {
	if tagged, exists := r.imageTags[tag]; exists && tagged != digest && r.ImageTagMutability == immutable {
		return wire.Errorf("TAG_INVALID", "The image tag '%s' already exists in the '%s' repository and cannot be overwritten "+
			"because the repository is immutable.", tag, r.RepositoryName)
	}
	r.imageTags[tag] = digest
	return nil
}

// serveTags lists the tags, paged as the distribution API has it: "n" a page, those after "last".
func (s *Service) serveTags(w http.ResponseWriter, r *http.Request, repository *repository) error {
	s.mu.Lock()
	tags := slices.Sorted(maps.Keys(repository.imageTags))
	s.mu.Unlock()
	if last := r.URL.Query().Get("last"); last != "" {
		i, found := slices.BinarySearch(tags, last)
		if found {
			i++
		}
		tags = tags[i:]
	}
	if n, err := strconv.Atoi(r.URL.Query().Get("n")); err == nil && n > 0 && n < len(tags) {
		tags = tags[:n]
		w.Header().Set("Link", fmt.Sprintf(`<%s?n=%d&last=%s>; rel="next"`, r.URL.Path, n, tags[n-1]))
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(map[string]any{"name": repository.RepositoryName, "tags": tags})
}
