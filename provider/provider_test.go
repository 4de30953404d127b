package provider

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

// factories serve the provider in the test's process. What the provider of one command has created is finished when the next begins.
func factories() map[string]func() (tfprotov6.ProviderServer, error) {
	made := newCreations()
	return map[string]func() (tfprotov6.ProviderServer, error){
		"handler": func() (tfprotov6.ProviderServer, error) {
			err := made.finish(background())
			return providerserver.NewProtocol6(&handlerProvider{version: "test", creations: made})(), err
		},
	}
}

// uniqueName returns a name for a test's objects that no other test uses.
func uniqueName(t *testing.T) string {
	t.Helper()
	return strings.ToLower(strings.NewReplacer("TestAcc", "acc-", "/", "-", "_", "-", ".", "-").Replace(t.Name()))
}

func TestSchemasAreValidAndFitTheirModels(t *testing.T) {
	ctx := t.Context()
	p := New("test")()
	var schema provider.SchemaResponse
	p.Schema(ctx, provider.SchemaRequest{}, &schema)
	if diags := schema.Schema.ValidateImplementation(ctx); diags.HasError() {
		t.Errorf("provider: %v", diags)
	}
	models := map[string]any{
		"handler_function": &functionModel{},
		"handler_image":    &imageModel{},
		"handler_queue":    &queueModel{},
		"handler_reset":    &resetModel{},
	}
	for _, newResource := range p.Resources(ctx) {
		r := newResource()
		var metadata resource.MetadataResponse
		r.Metadata(ctx, resource.MetadataRequest{ProviderTypeName: "handler"}, &metadata)
		var schema resource.SchemaResponse
		r.Schema(ctx, resource.SchemaRequest{}, &schema)
		if diags := schema.Schema.ValidateImplementation(ctx); diags.HasError() {
			t.Errorf("%s: %v", metadata.TypeName, diags)
		}
		objectType, ok := schema.Schema.Type().TerraformType(ctx).(tftypes.Object)
		if !ok {
			t.Fatalf("%s: the schema is no object", metadata.TypeName)
		}
		values := map[string]tftypes.Value{}
		for name, attributeType := range objectType.AttributeTypes {
			values[name] = tftypes.NewValue(attributeType, nil)
		}
		state := tfsdk.State{Schema: schema.Schema, Raw: tftypes.NewValue(objectType, values)}
		if diags := state.Get(ctx, models[metadata.TypeName]); diags.HasError() {
			t.Errorf("%s: model and schema differ: %v", metadata.TypeName, diags)
		}
	}
	var app datasource.SchemaResponse
	newAppData().Schema(ctx, datasource.SchemaRequest{}, &app)
	if diags := app.Schema.ValidateImplementation(ctx); diags.HasError() {
		t.Errorf("handler_app: %v", diags)
	}
	if got, want := len(sourceAttributesOfData()), len(sourceAttributes()); got != want {
		t.Errorf("the source of data sources has %d attributes, that of resources %d", got, want)
	}
}

// configure finds the AWS configuration as the provider does.
func configure(t *testing.T, model providerModel) (*cloud.Cloud, diag.Diagnostics) {
	t.Helper()
	if model.SharedConfigFiles.IsNull() {
		model.SharedConfigFiles = types.ListNull(types.StringType)
		model.SharedCredentialFiles = types.ListNull(types.StringType)
	}
	var diags diag.Diagnostics
	p := &handlerProvider{version: "test"}
	return cloud.New(p.awsConfig(t.Context(), model, &diags)), diags
}

func TestConfigureSaysWhatIsMissing(t *testing.T) {
	t.Run("region", func(t *testing.T) {
		t.Setenv("AWS_REGION", "")
		_, diags := configure(t, providerModel{})
		if !diags.HasError() || !strings.Contains(diags[0].Detail(), "AWS_REGION") {
			t.Errorf("got %v", diags)
		}
	})
	t.Run("credentials", func(t *testing.T) {
		t.Setenv("AWS_ACCESS_KEY_ID", "")
		t.Setenv("AWS_SECRET_ACCESS_KEY", "")
		_, diags := configure(t, providerModel{})
		if !diags.HasError() || diags[0].Summary() != "Failed to find AWS credentials" || !strings.Contains(diags[0].Detail(), "AWS_PROFILE") {
			t.Errorf("got %v", diags)
		}
	})
	t.Run("profile", func(t *testing.T) {
		_, diags := configure(t, providerModel{Profile: types.StringValue("nobody")})
		if !diags.HasError() || !strings.Contains(diags[0].Detail(), "nobody") {
			t.Errorf("got %v", diags)
		}
	})
}

// identityServer answers GetCallerIdentity and AssumeRole and remembers the access keys that it was asked with.
func identityServer(t *testing.T, account string, keys *[]string) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
		key, _, _ := strings.Cut(credential, "/")
		*keys = append(*keys, r.FormValue("Action")+" "+key)
		w.Header().Set("Content-Type", "text/xml")
		if r.FormValue("Action") == "AssumeRole" {
			_, _ = fmt.Fprint(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>`+
				`<AccessKeyId>ASSUMED</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>`+
				`<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`)
			return
		}
		_, _ = fmt.Fprintf(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>`+
			`<Account>%s</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`, account)
	}))
	t.Cleanup(server.Close)
	return server
}

func TestConfigureFindsCredentialsAndEndpoints(t *testing.T) {
	var keys []string
	server := identityServer(t, "111111111111", &keys)
	files := t.TempDir()
	shared := filepath.Join(files, "config")
	content := "[profile work]\nregion = eu-west-1\naws_access_key_id = FROMPROFILE\naws_secret_access_key = s\n"
	if err := os.WriteFile(shared, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		env    map[string]string
		model  providerModel
		region string
		want   []string
	}{
		{
			name:   "environment",
			env:    map[string]string{"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "FROMENV"},
			region: testRegion,
			want:   []string{"GetCallerIdentity FROMENV"},
		},
		{
			name:   "endpoint of one service",
			env:    map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_STS": server.URL},
			region: testRegion,
			want:   []string{"GetCallerIdentity test"},
		},
		{
			name:   "configuration wins",
			env:    map[string]string{"AWS_ENDPOINT_URL": server.URL},
			model:  providerModel{Region: types.StringValue("eu-north-1"), AccessKey: types.StringValue("FROMTF"), SecretKey: types.StringValue("s")},
			region: "eu-north-1",
			want:   []string{"GetCallerIdentity FROMTF"},
		},
		{
			name: "profile",
			env: map[string]string{
				"AWS_ENDPOINT_URL": server.URL, "AWS_PROFILE": "work", "AWS_CONFIG_FILE": shared,
				"AWS_REGION": "", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
			},
			region: "eu-west-1",
			want:   []string{"GetCallerIdentity FROMPROFILE"},
		},
		{
			name: "assumed role",
			env:  map[string]string{"AWS_ENDPOINT_URL": server.URL},
			model: providerModel{AssumeRole: &assumeRoleModel{
				RoleARN: types.StringValue("arn:aws:iam::222222222222:role/deployer"), SessionName: types.StringValue("s"),
			}},
			region: testRegion,
			want:   []string{"AssumeRole test", "AssumeRole test", "GetCallerIdentity ASSUMED"}, // the first is aws-sdk-go-base seeing if it may
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			for name, value := range test.env {
				t.Setenv(name, value)
			}
			keys = nil
			c, diags := configure(t, test.model)
			if diags.HasError() {
				t.Fatalf("got %v", diags)
			}
			for range 2 { // the second is remembered
				if account, err := c.Account(context.Background()); err != nil || account != "111111111111" {
					t.Fatalf("got account %q and %v", account, err)
				}
			}
			if c.Region != test.region {
				t.Errorf("got region %s, want %s", c.Region, test.region)
			}
			if strings.Join(keys, ", ") != strings.Join(test.want, ", ") {
				t.Errorf("got calls %v, want %v", keys, test.want)
			}
		})
	}
}
