package provider

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
)

// Serve serves the provider of this version to the Terraform that started the process, until that has heard all answers, and then finishes
// what was created. Terraform leaves it two seconds for that. With debug it prints how a debugger's Terraform attaches, and goes on until it
// is interrupted.
func Serve(ctx context.Context, version string, debug bool) error {
	p := &handlerProvider{version: version, creations: newCreations()}
	err := providerserver.Serve(ctx, func() provider.Provider { return p }, providerserver.ServeOpts{
		Address:         "registry.terraform.io/lambda-land/handler",
		ProtocolVersion: 6,
		Debug:           debug,
	})
	return errors.Join(err, p.creations.finish(ctx))
}
