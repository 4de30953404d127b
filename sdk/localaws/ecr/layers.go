package ecr

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// layers are the blobs of one repository, layers and image configurations, on disk.
type layers struct{ dir string }

const (
	blobDir   = "sha256"
	uploadDir = "uploads" // of blobs that are not complete
)

// newLayers makes the place where the blobs of the repository with this ARN are kept. Names nest ("team/app" next to "team"), so the
// directory is named without slashes; ARNs have no "%", so no two get the same.
func (s *Service) newLayers(arn string) (layers, error) {
	l := layers{dir: filepath.Join(s.dir, url.PathEscape(arn))}
	for _, dir := range []string{blobDir, uploadDir} {
		if err := os.MkdirAll(filepath.Join(l.dir, dir), 0o755); err != nil {
			return layers{}, fmt.Errorf("make the directory of repository %s: %w", arn, err)
		}
	}
	return l, nil
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
	_, ok := l.size(digest)
	return ok
}

// size returns the bytes of a blob, and whether there is one.
func (l layers) size(digest v1.Hash) (int64, bool) {
	info, err := os.Stat(l.path(digest))
	if err != nil || !info.Mode().IsRegular() {
		return 0, false
	}
	return info.Size(), true
}

func (l layers) open(digest v1.Hash) (*os.File, error) { return os.Open(l.path(digest)) }

// mount takes a blob from another repository and reports whether that has it.
func (l layers) mount(from layers, digest v1.Hash) bool {
	err := os.Link(from.path(digest), l.path(digest))
	return err == nil || errors.Is(err, os.ErrExist)
}

// newUpload begins an upload and returns its id.
func (l layers) newUpload() (string, error) {
	file, err := os.CreateTemp(filepath.Join(l.dir, uploadDir), "")
	if err != nil {
		return "", err
	}
	return filepath.Base(file.Name()), file.Close()
}

// upload returns the file of an upload.
func (l layers) upload(id string) string { return filepath.Join(l.dir, uploadDir, filepath.Base(id)) }

// addToUpload appends to an upload, which begins at the offset if that is not negative, and returns its size. An upload whose bytes
// did not all arrive is forgotten.
func (l layers) addToUpload(id string, offset int64, content io.Reader) (int64, error) {
	file, err := os.OpenFile(l.upload(id), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return 0, uploadUnknown(id)
	}
	defer file.Close() // what counts is what is there when the upload is committed
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	if offset >= 0 && offset != info.Size() {
		return 0, wire.Errorf("BLOB_UPLOAD_INVALID", "part of the layer begins at byte %d, and not at %d", offset, info.Size())
	}
	n, err := io.Copy(file, content)
	if err != nil {
		return 0, errors.Join(wire.Errorf("BLOB_UPLOAD_INVALID", "the layer broke off after %d bytes", info.Size()+n), os.Remove(l.upload(id)))
	}
	return info.Size() + n, nil
}

// commitUpload makes an upload the blob with this digest.
func (l layers) commitUpload(id string, digest v1.Hash) error {
	file, err := os.Open(l.upload(id))
	if err != nil {
		return uploadUnknown(id)
	}
	defer file.Close() // only read
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != digest.Hex {
		return errors.Join(wire.Errorf("DIGEST_INVALID", "the layer's digest is sha256:%s, and not %s", got, digest), os.Remove(l.upload(id)))
	}
	return os.Rename(l.upload(id), l.path(digest))
}

func uploadUnknown(id string) *wire.Error {
	return wire.Errorf("BLOB_UPLOAD_UNKNOWN", "there is no upload %s", id).WithStatus(http.StatusNotFound)
}
