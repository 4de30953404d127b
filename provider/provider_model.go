package provider

import (
	"cmp"
	"maps"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	awsbase "github.com/hashicorp/aws-sdk-go-base/v2"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

type providerModel struct {
	AccessKey             types.String `tfsdk:"access_key"`
	SecretKey             types.String `tfsdk:"secret_key"`
	Token                 types.String `tfsdk:"token"`
	Profile               types.String `tfsdk:"profile"`
	SharedConfigFiles     types.List   `tfsdk:"shared_config_files"`
	SharedCredentialFiles types.List   `tfsdk:"shared_credentials_files"`
	MetadataEndpoint      types.String `tfsdk:"ec2_metadata_service_endpoint"`
	MetadataEndpointMode  types.String `tfsdk:"ec2_metadata_service_endpoint_mode"`
	SkipMetadata          types.String `tfsdk:"skip_metadata_api_check"`

	MaxRetries      types.Int64  `tfsdk:"max_retries"`
	RetryMode       types.String `tfsdk:"retry_mode"`
	RetryCapacity   types.Int64  `tfsdk:"token_bucket_rate_limiter_capacity"`
	HTTPProxy       types.String `tfsdk:"http_proxy"`
	HTTPSProxy      types.String `tfsdk:"https_proxy"`
	NoProxy         types.String `tfsdk:"no_proxy"`
	CustomCABundle  types.String `tfsdk:"custom_ca_bundle"`
	Insecure        types.Bool   `tfsdk:"insecure"`
	Region          types.String `tfsdk:"region"`
	STSRegion       types.String `tfsdk:"sts_region"`
	UseDualStack    types.Bool   `tfsdk:"use_dualstack_endpoint"`
	UseFIPS         types.Bool   `tfsdk:"use_fips_endpoint"`
	AllowedAccounts types.Set    `tfsdk:"allowed_account_ids"`
	DeniedAccounts  types.Set    `tfsdk:"forbidden_account_ids"`
	SkipRegion      types.Bool   `tfsdk:"skip_region_validation"`
	SkipCredentials types.Bool   `tfsdk:"skip_credentials_validation"`
	SkipAccount     types.Bool   `tfsdk:"skip_requesting_account_id"`

	AssumeRole  []assumeRoleModel  `tfsdk:"assume_role"`
	WebIdentity []webIdentityModel `tfsdk:"assume_role_with_web_identity"`
	Endpoints   []endpointsModel   `tfsdk:"endpoints"`
	DefaultTags types.Map          `tfsdk:"default_tags"`
	IgnoreTags  []ignoreTagsModel  `tfsdk:"ignore_tags"`
}

type assumeRoleModel struct {
	RoleARN           types.String `tfsdk:"role_arn"`
	SessionName       types.String `tfsdk:"session_name"`
	Duration          types.String `tfsdk:"duration"`
	Policy            types.String `tfsdk:"policy"`
	PolicyARNs        types.Set    `tfsdk:"policy_arns"`
	ExternalID        types.String `tfsdk:"external_id"`
	SourceIdentity    types.String `tfsdk:"source_identity"`
	Tags              types.Map    `tfsdk:"tags"`
	TransitiveTagKeys types.Set    `tfsdk:"transitive_tag_keys"`
}

type webIdentityModel struct {
	RoleARN     types.String `tfsdk:"role_arn"`
	SessionName types.String `tfsdk:"session_name"`
	Duration    types.String `tfsdk:"duration"`
	Policy      types.String `tfsdk:"policy"`
	PolicyARNs  types.Set    `tfsdk:"policy_arns"`
	Token       types.String `tfsdk:"web_identity_token"`
	TokenFile   types.String `tfsdk:"web_identity_token_file"`
}

type endpointsModel struct {
	ECR            types.String `tfsdk:"ecr"`
	IAM            types.String `tfsdk:"iam"`
	Lambda         types.String `tfsdk:"lambda"`
	Logs           types.String `tfsdk:"logs"`
	CloudWatchLogs types.String `tfsdk:"cloudwatchlogs"`
	Scheduler      types.String `tfsdk:"scheduler"`
	SecretsManager types.String `tfsdk:"secretsmanager"`
	SQS            types.String `tfsdk:"sqs"`
	STS            types.String `tfsdk:"sts"`
}

type ignoreTagsModel struct {
	Keys     types.Set `tfsdk:"keys"`
	Prefixes types.Set `tfsdk:"key_prefixes"`
}

// awsConfig returns what is configured here; the rest is found elsewhere.
func (m *providerModel) awsConfig() awsbase.Config {
	config := awsbase.Config{
		AccessKey:                      m.AccessKey.ValueString(),
		SecretKey:                      m.SecretKey.ValueString(),
		Token:                          m.Token.ValueString(),
		Profile:                        m.Profile.ValueString(),
		SharedConfigFiles:              listTexts(m.SharedConfigFiles),
		SharedCredentialsFiles:         listTexts(m.SharedCredentialFiles),
		EC2MetadataServiceEnableState:  metadataStates[m.SkipMetadata.ValueString()],
		EC2MetadataServiceEndpoint:     m.MetadataEndpoint.ValueString(),
		EC2MetadataServiceEndpointMode: m.MetadataEndpointMode.ValueString(),
		MaxRetries:                     int(m.MaxRetries.ValueInt64()),
		RetryMode:                      aws.RetryMode(m.RetryMode.ValueString()),
		TokenBucketRateLimiterCapacity: int(m.RetryCapacity.ValueInt64()),
		HTTPProxy:                      m.HTTPProxy.ValueStringPointer(),
		HTTPSProxy:                     m.HTTPSProxy.ValueStringPointer(),
		NoProxy:                        m.NoProxy.ValueString(),
		CustomCABundle:                 m.CustomCABundle.ValueString(),
		Insecure:                       m.Insecure.ValueBool(),
		Region:                         m.Region.ValueString(),
		StsRegion:                      m.STSRegion.ValueString(),
		StsEndpoint:                    m.stsEndpoint(),
		UseDualStackEndpoint:           m.UseDualStack.ValueBool(),
		UseFIPSEndpoint:                m.UseFIPS.ValueBool(),
	}
	for _, role := range m.AssumeRole {
		config.AssumeRole = append(config.AssumeRole, awsbase.AssumeRole{
			RoleARN:           role.RoleARN.ValueString(),
			SessionName:       role.SessionName.ValueString(),
			Duration:          duration(role.Duration),
			Policy:            role.Policy.ValueString(),
			PolicyARNs:        listTexts(role.PolicyARNs),
			ExternalID:        role.ExternalID.ValueString(),
			SourceIdentity:    role.SourceIdentity.ValueString(),
			Tags:              mapTexts(role.Tags),
			TransitiveTagKeys: listTexts(role.TransitiveTagKeys),
		})
	}
	for _, role := range m.WebIdentity {
		config.AssumeRoleWithWebIdentity = &awsbase.AssumeRoleWithWebIdentity{
			RoleARN:              role.RoleARN.ValueString(),
			SessionName:          role.SessionName.ValueString(),
			Duration:             duration(role.Duration),
			Policy:               role.Policy.ValueString(),
			PolicyARNs:           listTexts(role.PolicyARNs),
			WebIdentityToken:     role.Token.ValueString(),
			WebIdentityTokenFile: role.TokenFile.ValueString(),
		}
	}
	return config
}

// stsEndpoint is where credentials of roles come from. For the roles of profiles and of web identities in the environment, the AWS SDK
// does not heed AWS_ENDPOINT_URL by itself.
func (m *providerModel) stsEndpoint() string {
	if configured := m.endpoints().STS; configured != "" || os.Getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") == "true" {
		return configured
	}
	return cmp.Or(os.Getenv("AWS_ENDPOINT_URL_STS"), os.Getenv("AWS_ENDPOINT_URL"))
}

// metadataStates say whether the EC2 instance metadata service is asked, by skip_metadata_api_check. Without it the environment decides.
var metadataStates = map[string]imds.ClientEnableState{"true": imds.ClientDisabled, "false": imds.ClientEnabled}

// duration returns that of a session; the schema has seen to it that it is one.
func duration(text types.String) time.Duration {
	parsed, err := time.ParseDuration(text.ValueString())
	if err != nil {
		return 0
	}
	return parsed
}

// endpoints returns those of all blocks together.
func (m *providerModel) endpoints() cloud.Endpoints {
	all := cloud.Endpoints{STSRegion: m.STSRegion.ValueString()}
	for _, block := range m.Endpoints {
		all.ECR = cmp.Or(block.ECR.ValueString(), all.ECR)
		all.IAM = cmp.Or(block.IAM.ValueString(), all.IAM)
		all.Lambda = cmp.Or(block.Lambda.ValueString(), all.Lambda)
		all.Logs = cmp.Or(block.Logs.ValueString(), block.CloudWatchLogs.ValueString(), all.Logs)
		all.Scheduler = cmp.Or(block.Scheduler.ValueString(), all.Scheduler)
		all.SecretsManager = cmp.Or(block.SecretsManager.ValueString(), all.SecretsManager)
		all.SQS = cmp.Or(block.SQS.ValueString(), all.SQS)
		all.STS = cmp.Or(block.STS.ValueString(), all.STS)
	}
	return all
}

// defaultTags returns those of the environment and those that are configured, which win.
func (m *providerModel) defaultTags() map[string]string {
	tags := map[string]string{}
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		if key, ok := strings.CutPrefix(name, "TF_AWS_DEFAULT_TAGS_"); ok && key != "" {
			tags[key] = value
		}
	}
	maps.Copy(tags, mapTexts(m.DefaultTags))
	return tags
}

// ignoredTags returns those of the environment and those that are configured.
func (m *providerModel) ignoredTags() ignoredTags {
	ignored := ignoredTags{
		keys:     listed(os.Getenv("TF_AWS_IGNORE_TAGS_KEYS")),
		prefixes: listed(os.Getenv("TF_AWS_IGNORE_TAGS_KEY_PREFIXES")),
	}
	for _, block := range m.IgnoreTags {
		ignored.keys = append(ignored.keys, listTexts(block.Keys)...)
		ignored.prefixes = append(ignored.prefixes, listTexts(block.Prefixes)...)
	}
	return ignored
}

// listed returns what commas separate.
func listed(text string) []string {
	var all []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			all = append(all, item)
		}
	}
	return all
}
