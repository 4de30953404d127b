package provider

import (
	"context"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/middleware"
	"github.com/google/go-containerregistry/pkg/authn"
	awsbase "github.com/hashicorp/aws-sdk-go-base/v2"
	basediag "github.com/hashicorp/aws-sdk-go-base/v2/diag"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
	"github.com/lambda-land/terraform-provider-handler/provider/image"
)

// maxRetries is the AWS provider's default.
const maxRetries = 25

func (p *handlerProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	if !req.Config.Raw.IsFullyKnown() {
		resp.Diagnostics.AddError("Failed to configure the provider", "The provider's configuration depends on values that are "+
			"known only after apply, so nothing can be planned. Use values that are known now, such as variables, or apply what "+
			"they depend on first, with -target.")
		return
	}
	var model providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	config := p.awsConfig(ctx, model, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	caches, err := cacheDir()
	if err != nil {
		resp.Diagnostics.AddError("Failed to find a place for the cache", sentence(err.Error()))
		return
	}
	data := newProviderData(cloud.New(config), caches)
	data.defaultTags = mapTexts(model.DefaultTags)
	data.creations = p.creations
	resp.ResourceData = data
	resp.DataSourceData = data
}

// awsConfig finds credentials, region and endpoints as the AWS provider does. It makes no call unless a role is to be assumed.
func (p *handlerProvider) awsConfig(ctx context.Context, model providerModel, diags *diag.Diagnostics) aws.Config {
	config := awsbase.Config{
		AccessKey:              model.AccessKey.ValueString(),
		SecretKey:              model.SecretKey.ValueString(),
		Token:                  model.Token.ValueString(),
		Profile:                model.Profile.ValueString(),
		Region:                 model.Region.ValueString(),
		SharedConfigFiles:      listTexts(model.SharedConfigFiles),
		SharedCredentialsFiles: listTexts(model.SharedCredentialFiles),
		MaxRetries:             maxRetries,
		CallerName:             "Terraform provider handler",
		// The account's ID is asked for when it is needed.
		SkipCredsValidation:     true,
		SkipRequestingAccountId: true,
		// It would log bodies, among them the secrets that the plan looks at.
		SuppressDebugLog: true,
		APNInfo: &awsbase.APNInfo{
			PartnerName: "lambda-land",
			Products:    []awsbase.UserAgentProduct{{Name: "terraform-provider-handler", Version: p.version}},
		},
	}
	if !model.MaxRetries.IsNull() {
		config.MaxRetries = int(model.MaxRetries.ValueInt64())
	}
	if role := model.AssumeRole; role != nil {
		config.AssumeRole = []awsbase.AssumeRole{{
			RoleARN:     role.RoleARN.ValueString(),
			SessionName: role.SessionName.ValueString(),
			ExternalID:  role.ExternalID.ValueString(),
		}}
	}
	_, found, baseDiags := awsbase.GetAwsConfig(ctx, &config)
	for _, d := range baseDiags {
		if d.Severity() == basediag.SeverityError {
			diags.AddError("Failed to find AWS credentials", d.Summary()+"\n\n"+d.Detail()+"\n\nSet profile or access_key and secret_key "+
				"in the provider's configuration, or AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.")
		} else {
			diags.AddWarning(d.Summary(), d.Detail())
		}
	}
	if !diags.HasError() && found.Region == "" {
		diags.AddAttributeError(path.Root("region"), "Failed to find the AWS region", "No region is configured. Set region in the "+
			"provider's configuration, AWS_REGION in the environment, or a region in the profile.")
	}
	found.APIOptions = append(found.APIOptions, logCalls)
	return found
}

// logCalls logs the name and outcome of each call, and nothing of what it carries.
func logCalls(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("LogCalls", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleInitialize(ctx, in)
		tflog.Debug(ctx, "called AWS", map[string]any{
			"service":   middleware.GetServiceID(ctx),
			"operation": middleware.GetOperationName(ctx),
			"ok":        err == nil,
		})
		return out, metadata, err
	}), middleware.After)
}

// newProviderData makes what the resources share, with its caches below a directory.
func newProviderData(c *cloud.Cloud, caches string) *providerData {
	cache := filepath.Join(caches, "terraform-provider-handler")
	registry := image.NewRegistry(keychain{c, authn.DefaultKeychain})
	registry.Progress = logPush
	builder := image.NewBuilder(cache, registry)
	builder.Log = func(ctx context.Context, message string, fields map[string]any) { tflog.Info(ctx, message, fields) }
	return &providerData{
		cloud:    c,
		registry: registry,
		builds:   builds{builder: builder, walks: newWalks(cache + "-walks"), saved: appliedPlan()},
	}
}
