package image

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

const (
	// ownLabels is what the names of this package's labels begin with.
	ownLabels = "io.github.lambda-land."

	// maxLayers of an image, which is what container runtimes stack at most.
	maxLayers = 127
	// maxImageSize is Lambda's limit of an image's files, see https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html.
	maxImageSize = 10 << 30
)

// contents are all that an image holds beside the binary, pinned: references are resolved to digests, local files hashed.
type contents struct {
	base         *pinned // nil for an image of certificates and /tmp alone
	certificates certificates
	copies       []copied
	files        []addedFile // sorted by path
	labels       map[string]string
}

// resolve pins what the source adds to its binary. It asks registries for digests and manifests, never for layers, and reads local
// files. Errors are a *SourceError that names the field to blame.
func (b *Builder) resolve(ctx context.Context, src Source) (*contents, error) {
	if err := checkLabels(src.Labels); err != nil {
		return nil, err
	}
	c := &contents{labels: src.Labels, copies: make([]copied, len(src.Copy))}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		if src.BaseImage == "" || src.BaseImage == "scratch" {
			c.certificates = b.certificates()
			return nil
		}
		c.base, err = b.pinBase(ctx, src.BaseImage, src.goArch())
		return err
	})
	for i, wanted := range src.Copy {
		group.Go(func() (err error) {
			c.copies[i], err = b.pinCopy(ctx, i, wanted, src.goArch())
			return err
		})
	}
	group.Go(func() (err error) {
		c.files, err = findFiles(ctx, src.Files)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if err := c.checkPlaces(); err != nil {
		return nil, err
	}
	return c, c.checkLimits()
}

// inputs are the contents' part of a fingerprint.
func (c *contents) inputs() Inputs {
	in := Inputs{}
	if c.base == nil {
		in["certificates"] = c.certificates.sum[:32]
	} else {
		in["base_image"] = c.base.digest.String()
	}
	if len(c.files) > 0 {
		in["added_files"] = hashed(func(sum hash.Hash) {
			for _, f := range c.files {
				record(sum, "file", f.path, fmt.Sprint(f.directory), f.sum)
			}
		})
	}
	if len(c.copies) > 0 {
		in["copied_files"] = hashed(func(sum hash.Hash) {
			for _, from := range c.copies {
				record(sum, "copy", from.image.digest.String(), from.path)
			}
		})
	}
	if len(c.labels) > 0 {
		in["labels"] = hashed(func(sum hash.Hash) {
			for _, name := range slices.Sorted(maps.Keys(c.labels)) {
				record(sum, "label", name, c.labels[name])
			}
		})
	}
	return in
}

// hashed returns what an input says of what is written to the hash.
func hashed(write func(hash.Hash)) string {
	sum := sha256.New()
	write(sum)
	return hex.EncodeToString(sum.Sum(nil))[:32]
}

func checkLabels(labels map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if name == "" {
			return because(SourceError{Field: "Labels"}, ErrInvalid, "a label without a name: give it one, or leave it out")
		}
		if strings.HasPrefix(name, ownLabels) {
			return because(SourceError{Field: "Labels", Key: name}, ErrInvalid,
				"label %s is set by the provider, as all that begin with %s: choose another name", name, ownLabels)
		}
	}
	return nil
}

// checkLimits refuses what Lambda would refuse, as far as it is known without the layers' contents.
func (c *contents) checkLimits() error {
	layers, size := 1+len(c.copies), int64(0)
	if len(c.files) > 0 {
		layers++
	}
	if c.base == nil {
		layers++
	} else {
		layers += len(c.base.manifest.Layers)
		for _, l := range c.base.manifest.Layers {
			size += l.Size
		}
	}
	at := SourceError{Field: "Files"}
	if c.base != nil && layers > maxLayers || size > maxImageSize {
		at.Field = "BaseImage"
	}
	for _, f := range c.files {
		size += f.size
	}
	switch {
	case layers > maxLayers:
		return because(at, ErrInvalid, "the image would have %d layers, at most %d can be stacked: "+
			"choose a base image with fewer, or copy fewer paths", layers, maxLayers)
	case size > maxImageSize:
		return because(at, ErrInvalid, "the image would have more than %d GB, Lambda takes %d GB: "+
			"choose a smaller base image, or add fewer files", size>>30, maxImageSize>>30)
	}
	return nil
}

// pinBase pins the image that the binary is put on, if Lambda takes its form.
func (b *Builder) pinBase(ctx context.Context, reference, goarch string) (*pinned, error) {
	at := SourceError{Field: "BaseImage"}
	base, err := b.pin(ctx, at, "base image "+reference, reference, goarch)
	if err != nil {
		return nil, err
	}
	if err := checkForm(reference, base.kind, base.manifest); err != nil {
		refused, _ := errors.AsType[*UnsupportedError](err)
		return nil, because(at, err, "base image %s cannot be used: %s", reference, refused.Reason)
	}
	if len(base.config.RootFS.DiffIDs) != len(base.manifest.Layers) {
		return nil, because(at, ErrInvalid, "base image %s is broken: its manifest has %d layers, its configuration %d; "+
			"push it again, or choose another", reference, len(base.manifest.Layers), len(base.config.RootFS.DiffIDs))
	}
	return base, nil
}

// because completes an error that says what is to blame.
func because(at SourceError, cause error, format string, args ...any) *SourceError {
	at.Err, at.Reason = cause, fmt.Sprintf(format, args...)
	return &at
}
