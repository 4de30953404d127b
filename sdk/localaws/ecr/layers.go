package ecr

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// layers are the blobs of one repository, layers and image configurations, on disk.
type layers struct {
	dir     string
	handler http.Handler // takes uploads and answers downloads
}

// newLayers makes the place where a repository's blobs are kept. Repository names nest ("team/app" next to "team"), so the
// directory is named without slashes; names have no "%", so no two get the same.
func (s *Service) newLayers(name string) (layers, error) {
	dir := filepath.Join(s.dir, strings.ReplaceAll(name, "/", "%2F"))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return layers{}, fmt.Errorf("make the directory of repository %s: %w", name, err)
	}
	return layers{dir: dir, handler: registry.New(
		registry.WithBlobHandler(registry.NewDiskBlobHandler(dir)),
		registry.Logger(log.New(io.Discard, "", 0)), // every request is logged by the server
	)}, nil
}

func (l layers) remove() error {
	if err := os.RemoveAll(l.dir); err != nil {
		return fmt.Errorf("delete layers of repository: %w", err)
	}
	return nil
}

func (l layers) path(digest v1.Hash) string {
	return filepath.Join(l.dir, digest.Algorithm, digest.Hex)
}

func (l layers) has(digest v1.Hash) bool {
	info, err := os.Stat(l.path(digest))
	return err == nil && info.Mode().IsRegular()
}

func (l layers) open(digest v1.Hash) (io.ReadCloser, error) { return os.Open(l.path(digest)) }
