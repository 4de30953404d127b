package ecr

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// serveBlobs answers below /v2/<name>/blobs/: layers and configurations by digest, and their uploads.
func (s *Service) serveBlobs(w http.ResponseWriter, r *http.Request, repository *repository, rest string) error {
	id, isUpload := strings.CutPrefix(rest, "uploads/")
	switch {
	case rest == "uploads" || isUpload && id == "":
		if r.Method == http.MethodPost {
			return s.beginUpload(w, r, repository)
		}
	case isUpload && r.Method == http.MethodPatch:
		return continueUpload(w, r, repository, id)
	case isUpload && r.Method == http.MethodPut:
		return endUpload(w, r, repository, id)
	case !isUpload && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		return serveBlob(w, r, repository, rest)
	}
	return wire.Errorf("UNSUPPORTED", "%s %s is not supported", r.Method, r.URL.Path).WithStatus(http.StatusMethodNotAllowed)
}

func serveBlob(w http.ResponseWriter, r *http.Request, repository *repository, reference string) error {
	digest, err := v1.NewHash(reference)
	if err != nil {
		return wire.Errorf("DIGEST_INVALID", "%s", err)
	}
	blob, err := repository.layers.open(digest)
	if err != nil {
		return wire.Errorf("BLOB_UNKNOWN", "layer %s is not in repository %s", digest, repository.RepositoryName).WithStatus(http.StatusNotFound)
	}
	defer blob.Close() // only read
	w.Header().Set("Docker-Content-Digest", digest.String())
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", time.Time{}, blob)
	return nil
}

// beginUpload starts an upload, or mounts the layer from another repository if the account allows that. As in ECR, both must be
// encrypted alike; where a layer cannot be mounted, an upload starts.
func (s *Service) beginUpload(w http.ResponseWriter, r *http.Request, repository *repository) error {
	name, query := repository.RepositoryName, r.URL.Query()
	if digest, err := v1.NewHash(query.Get("mount")); err == nil {
		s.mu.Lock()
		from, ok := s.repositories[repositoryARN(r.Context(), query.Get("from"))]
		ok = ok && s.settings[blobMounting] == enabled && from.EncryptionConfiguration == repository.EncryptionConfiguration
		s.mu.Unlock()
		if ok && repository.layers.mount(from.layers, digest) {
			created(w, name, digest)
			return nil
		}
	}
	id, err := repository.layers.newUpload()
	if err != nil {
		return err
	}
	accepted(w, name, id, 0)
	return nil
}

// continueUpload takes a part of a layer, or all of it.
func continueUpload(w http.ResponseWriter, r *http.Request, repository *repository, id string) error {
	offset := int64(-1)
	if contentRange := r.Header.Get("Content-Range"); contentRange != "" {
		if _, err := fmt.Sscanf(strings.TrimPrefix(contentRange, "bytes "), "%d-", &offset); err != nil {
			return wire.Errorf("BLOB_UPLOAD_INVALID", "Content-Range %q is malformed", contentRange)
		}
	}
	size, err := repository.layers.addToUpload(id, offset, r.Body)
	if err != nil {
		return err
	}
	accepted(w, repository.RepositoryName, id, size)
	return nil
}

// endUpload takes the last part, which may be empty, and checks the digest.
func endUpload(w http.ResponseWriter, r *http.Request, repository *repository, id string) error {
	digest, err := v1.NewHash(r.URL.Query().Get("digest"))
	if err != nil {
		return wire.Errorf("DIGEST_INVALID", "%s", err)
	}
	if _, err := repository.layers.addToUpload(id, -1, r.Body); err != nil {
		return err
	}
	if err := repository.layers.commitUpload(id, digest); err != nil {
		return err
	}
	created(w, repository.RepositoryName, digest)
	return nil
}

func created(w http.ResponseWriter, name string, digest v1.Hash) {
	w.Header().Set("Docker-Content-Digest", digest.String())
	w.Header().Set("Location", "/v2/"+name+"/blobs/"+digest.String())
	w.WriteHeader(http.StatusCreated)
}

func accepted(w http.ResponseWriter, name, id string, size int64) {
	w.Header().Set("Docker-Upload-Uuid", id)
	w.Header().Set("Location", "/v2/"+name+"/blobs/uploads/"+id)
	w.Header().Set("Range", fmt.Sprintf("0-%d", max(size-1, 0)))
	w.WriteHeader(http.StatusAccepted)
}
