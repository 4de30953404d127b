package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
	"github.com/lambda-land/terraform-provider-handler/provider/image"
)

// repositoryURL returns the address (host/name) of a repository by its name in the account's own registry, or else by its address.
func (d *providerData) repositoryURL(ctx context.Context, name, url string) (string, error) {
	if name == "" {
		return url, nil
	}
	login, err := d.cloud.Login(ctx)
	if err != nil {
		return "", err
	}
	return login.Host + "/" + name, nil
}

// push uploads an image to the repository of its URI, once in a run, and waits until ECR lists it.
func (d *providerData) push(ctx context.Context, imageURI string, built *image.Built) error {
	_, err := d.builds.pushes.Get(ctx, imageURI, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, d.pushNow(ctx, repositoryOf(imageURI), built)
	})
	return err
}

func (d *providerData) pushNow(ctx context.Context, repository string, built *image.Built) error {
	if err := d.registry.Push(ctx, repository, built.Image); err != nil {
		return d.explainDenial(ctx, repository, err)
	}
	host, name, _ := strings.Cut(repository, "/")
	if login, err := d.cloud.Login(ctx); err != nil || login.Host != host {
		return nil //nolint:nilerr // another account's registry cannot be asked, nor one that is not ECR
	}
	return d.cloud.WaitForImage(ctx, name, built.Digest)
}

// explainDenial names the action of ECR that a registry's refusal is about. Any other error, or registry, is left as it is.
func (d *providerData) explainDenial(ctx context.Context, repository string, err error) error {
	refusal, ok := errors.AsType[*transport.Error](err)
	if !ok || refusal.Request == nil {
		return err
	}
	host, _, _ := strings.Cut(repository, "/")
	if _, _, isECR := cloud.RegistryRegion(host); !isECR {
		if login, loginErr := d.cloud.Login(ctx); loginErr != nil || login.Host != host {
			return err
		}
	}
	var messages []string
	for _, said := range refusal.Errors {
		messages = append(messages, said.Message)
	}
	message := strings.Join(messages, "; ")
	if refusal.StatusCode != http.StatusForbidden && !strings.Contains(message, "not authorized to perform") {
		return err // such as 401 for a login that has ended, or 404
	}
	return d.cloud.RegistryDenied(ctx, repository, refusal.Request, message, err)
}

// hasImage reports whether an image is still there, with one request in a run. name is the repository's in the account's own registry,
// or empty. The error is a [cloud.NotFoundError] if there is no repository of this name.
func (d *providerData) hasImage(ctx context.Context, name, imageURI string) (bool, error) {
	return d.builds.exists.Get(ctx, imageURI, func(ctx context.Context) (bool, error) {
		repository, digest, _ := strings.Cut(imageURI, "@")
		if name != "" {
			return d.cloud.HasImage(ctx, name, digest)
		}
		return d.registry.Exists(ctx, repository, digest)
	})
}

// checkRegion checks that a repository, or an image, is in this region, as far as its address tells: Lambda pulls from nowhere else.
func (d *providerData) checkRegion(at path.Path, address string, diags *diag.Diagnostics) bool {
	host, _, _ := strings.Cut(address, "/")
	_, region, ok := cloud.RegistryRegion(host)
	if !ok || region == d.cloud.Region {
		return true
	}
	blame(diags, at, "Repository in another region", fmt.Sprintf("%s is in region %s, but the provider is configured for %s, and Lambda "+
		"pulls only from its own region. Name a repository in %s, or give this resource a provider configured for %s.",
		address, region, d.cloud.Region, d.cloud.Region, region))
	return false
}

// addPushError says why an image is not where the plan has it.
func addPushError(diags *diag.Diagnostics, imageURI string, err error) {
	blame(diags, path.Root("repository"), "Failed to push image",
		fmt.Sprintf("The image %s was not pushed: %s", imageURI, sentence(err.Error())))
}
