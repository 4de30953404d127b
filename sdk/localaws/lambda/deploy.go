package lambda

import (
	"context"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// imageSource is an image that a function is to run.
type imageSource struct {
	uri    string // as the request names it
	image  v1.Image
	digest v1.Hash
	size   int64 // bytes of the compressed layers
}

// location tells where the code is from, as GetFunction shows it.
func (i *imageSource) location() FunctionCodeLocation {
	repository, _, _ := strings.Cut(i.uri, "@")
	if tag := strings.LastIndex(repository, ":"); tag > strings.LastIndex(repository, "/") {
		repository = repository[:tag]
	}
	return FunctionCodeLocation{RepositoryType: "ECR", ImageUri: i.uri, ResolvedImageUri: repository + "@" + i.digest.String()}
}

// acceptedMediaTypes are the manifests, configurations and layers that Lambda takes: neither indexes nor zstd.
var acceptedMediaTypes = []types.MediaType{
	types.OCIManifestSchema1, types.OCIConfigJSON, types.OCILayer, types.OCIUncompressedLayer,
	types.DockerManifestSchema2, types.DockerConfigJSON, types.DockerLayer,
}

// findImage looks an image up and checks that Lambda can run images of its kind.
func (s *Service) findImage(ctx context.Context, uri string) (*imageSource, error) {
	missing := invalidParameter("Source image %s does not exist. Provide a valid source image.", uri)
	if repository := uri[strings.LastIndex(uri, "/")+1:]; !strings.Contains(uri, "/") || !strings.ContainsAny(repository, ":@") {
		return nil, invalidParameter("Source image %s is not valid. Provide a valid source image.", uri)
	}
	unsupported := invalidParameter("The image manifest, config or layer media type for the source image %s is not supported.", uri)
	image, err := s.config.Images.Image(ctx, uri)
	if err != nil {
		if wire.AsError(err).Code == "UnsupportedImageTypeException" {
			return nil, unsupported
		}
		s.log.DebugContext(ctx, "find image", "uri", uri, "error", err)
		return nil, missing
	}
	kind, err := image.MediaType()
	if err != nil {
		return nil, missing
	}
	if !slices.Contains(acceptedMediaTypes, kind) {
		return nil, unsupported
	}
	manifest, err := image.Manifest()
	if err != nil {
		return nil, unsupported
	}
	digest, err := image.Digest()
	if err != nil {
		return nil, unsupported
	}
	source := &imageSource{uri: uri, image: image, digest: digest}
	for _, part := range append([]v1.Descriptor{manifest.Config}, manifest.Layers...) {
		if !slices.Contains(acceptedMediaTypes, part.MediaType) {
			return nil, unsupported
		}
	}
	for _, layer := range manifest.Layers {
		source.size += layer.Size
	}
	return source, nil
}

// deploy makes the latest version run what its configuration says: it unpacks the image, lets invocations reach the new deployment
// and retires the old one. Source is nil if the image stays the same.
func (s *Service) deploy(ctx context.Context, f *function, source *imageSource, publish bool) {
	s.mu.Lock()
	config, previous, uri := f.latest.config, f.latest.deployment, f.latest.code.ResolvedImageUri
	s.mu.Unlock()

	root, image, err := s.prepare(ctx, source, previous, config.CodeSha256, uri)
	if ctx.Err() != nil {
		return // the service is closing
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.functions[f.ref.arn] != f {
		return // deleted meanwhile
	}
	v := f.latest
	defer s.announceLocked()
	v.touch()
	v.config.LastUpdateStatusReason, v.config.LastUpdateStatusReasonCode = "", ""
	if err != nil {
		s.log.Error("prepare image", "function", f.ref.arn, "image", uri, "error", err)
		s.failLocked(v, err)
		return
	}
	v.deployment = s.newDeployment(config, root, image)
	s.retireLocked(previous)
	v.config.State, v.config.StateReason, v.config.StateReasonCode = "Active", "", ""
	v.config.LastUpdateStatus = "Successful"
	if publish {
		s.publishLocked(f, nil)
	}
}

// prepare returns the folder of an image's files and what the image says about how to run it. Without a source the image with the
// digest stays.
func (s *Service) prepare(
	ctx context.Context, source *imageSource, previous *deployment, digest, uri string,
) (root string, described v1.Config, err error) {
	if source == nil && previous != nil && previous.digest == digest {
		return previous.root, previous.described, nil
	}
	if source == nil { // the update before failed to bring the image
		if source, err = s.findImage(ctx, uri); err != nil {
			return "", v1.Config{}, err
		}
	}
	file, err := source.image.ConfigFile()
	if err != nil {
		return "", v1.Config{}, err
	}
	root, err = s.images.unpack(ctx, source.image)
	return root, file.Config, err
}

// failLocked notes that a version could not be deployed: a new function is of no use then, an updated one goes on as it was.
func (s *Service) failLocked(v *version, err error) {
	const code = "InvalidImage"
	reason := "The image is invalid: " + err.Error()
	if v.deployment == nil {
		v.config.State, v.config.StateReason, v.config.StateReasonCode = "Failed", reason, code
	}
	v.config.LastUpdateStatus, v.config.LastUpdateStatusReason, v.config.LastUpdateStatusReasonCode = "Failed", reason, code
}
