package provider

import (
	"cmp"
	"context"
	"path/filepath"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go/middleware"
	"github.com/google/go-containerregistry/pkg/authn"
	awsbase "github.com/hashicorp/aws-sdk-go-base/v2"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
	"github.com/lambda-land/terraform-provider-handler/provider/image"
)

// maxAttempts is the AWS provider's default of max_retries.
const maxAttempts = 25

// answerTimeout is how long one attempt of a call may take, answer included. AWS answers within seconds; what takes longer is a connection
// that was lost unseen, on which an apply would wait for ever.
const answerTimeout = time.Minute

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
	c := p.connect(ctx, &model, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	caches, err := cacheDir()
	if err != nil {
		resp.Diagnostics.AddError("Failed to find a place for the cache", sentence(err.Error()))
		return
	}
	data := newProviderData(c, caches)
	data.defaultTags, data.ignoredTags = model.defaultTags(), model.ignoredTags()
	data.creations = p.creations
	resp.ResourceData = data
	resp.DataSourceData = data
}

// connect finds credentials, region and endpoints as the AWS provider does. It makes no call but those that credentials need, and one
// if only some accounts are allowed.
func (p *handlerProvider) connect(ctx context.Context, model *providerModel, diags *diag.Diagnostics) *cloud.Cloud {
	model.checkProxies(diags)
	if diags.HasError() {
		return nil
	}
	config := model.awsConfig()
	config.CallerName = "Terraform provider handler"
	// The account's ID is asked for when it is needed.
	config.SkipCredsValidation, config.SkipRequestingAccountId = true, true
	// It would log bodies, among them the secrets that the plan looks at.
	config.SuppressDebugLog = true
	config.APNInfo = &awsbase.APNInfo{
		PartnerName: "lambda-land",
		Products:    []awsbase.UserAgentProduct{{Name: "terraform-provider-handler", Version: p.version}},
	}
	_, found, problems := awsbase.GetAwsConfig(ctx, &config)
	for _, problem := range problems {
		model.explain(problem, diags)
	}
	if diags.HasError() {
		return nil
	}
	model.checkRegion(found.Region, diags)
	if diags.HasError() {
		return nil
	}
	if found.RetryMaxAttempts == 0 { // neither configuration nor environment nor profile say it
		found.RetryMaxAttempts = maxAttempts
	}
	if client, ok := found.HTTPClient.(*awshttp.BuildableClient); ok {
		found.HTTPClient = client.WithTimeout(cmp.Or(p.patience, answerTimeout))
	}
	found.APIOptions = append(found.APIOptions, logCalls, explainRejections)
	c := cloud.NewAt(found, model.endpoints())
	model.checkAccount(ctx, c, diags)
	return c
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
