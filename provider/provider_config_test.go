package provider

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

// connect finds AWS as the provider does.
func connect(t *testing.T, model providerModel) (*cloud.Cloud, diag.Diagnostics) {
	t.Helper()
	var diags diag.Diagnostics
	p := &handlerProvider{version: "test"}
	return p.connect(t.Context(), &model, &diags), diags
}

// fakeSTS gives out credentials whose access key is named after the role, and remembers who called.
type fakeSTS struct {
	*httptest.Server
	account string // of whoever asks
	status  int    // of every answer, if not 0
	code    string // of every answer's error

	mu    sync.Mutex
	calls []stsCall
}

type stsCall struct {
	by   string // access key
	form url.Values
}

func newFakeSTS(t *testing.T) *fakeSTS {
	t.Helper()
	fake := &fakeSTS{account: "111111111111"}
	fake.Server = httptest.NewServer(fake)
	t.Cleanup(fake.Close)
	return fake
}

func (f *fakeSTS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, _, _ := strings.Cut(credential, "/")
	_ = r.ParseForm()
	f.mu.Lock()
	f.calls = append(f.calls, stsCall{key, r.PostForm})
	f.mu.Unlock()
	action := r.PostForm.Get("Action")
	w.Header().Set("Content-Type", "text/xml")
	if f.status != 0 {
		w.WriteHeader(f.status)
		fmt.Fprintf(w, `<ErrorResponse><Error><Code>%s</Code><Message>so says this test</Message></Error></ErrorResponse>`, f.code)
		return
	}
	result := "<Account>" + f.account + "</Account>"
	if action != "GetCallerIdentity" {
		_, role, _ := strings.Cut(r.PostForm.Get("RoleArn"), "role/")
		result = fmt.Sprintf(`<Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>`+
			`<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser><Arn>arn:aws:sts::%s:assumed-role/%s/s</Arn>`+
			`<AssumedRoleId>A:s</AssumedRoleId></AssumedRoleUser>`, role, f.account, role)
	}
	fmt.Fprintf(w, `<%[1]sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>`, action, result)
}

// called returns the calls since the last time, as action and access key; the same one again counts once.
func (f *fakeSTS) called() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, call := range f.calls {
		all = append(all, strings.TrimSpace(call.form.Get("Action")+" "+call.by))
	}
	f.calls = nil
	return slices.Compact(all)
}

// serve answers with what there is at each path.
func serve(t *testing.T, answers map[string]string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, ok := answers[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
		}
		w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21600")
		_, _ = w.Write([]byte(answer))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func text(value string) types.String { return types.StringValue(value) }

func setOf(values ...string) types.Set {
	var elements []attr.Value
	for _, value := range values {
		elements = append(elements, text(value))
	}
	return types.SetValueMust(types.StringType, elements)
}

const machineCredentials = `{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"%s","SecretAccessKey":"s","Token":"t","Expiration":"2099-01-01T00:00:00Z"}`

func TestConfigureFindsCredentials(t *testing.T) {
	fake := newFakeSTS(t)
	directory := files(t, map[string]string{
		"config": "[profile work]\nregion = eu-west-1\naws_access_key_id = FROMPROFILE\naws_secret_access_key = s\n" +
			"[profile chained]\nregion = eu-west-1\nsource_profile = work\nrole_arn = arn:aws:iam::222222222222:role/CHAINED\n",
		"credentials": "[filed]\naws_access_key_id = FROMFILE\naws_secret_access_key = s\n",
		"token":       "a token",
		"process":     `{"Version":1,"AccessKeyId":"FROMPROCESS","SecretAccessKey":"s"}`,
	})
	config, credentials, token := filepath.Join(directory, "config"), filepath.Join(directory, "credentials"), filepath.Join(directory, "token")
	write(t, directory, "process.conf", "[profile process]\nregion = eu-west-2\ncredential_process = cat "+filepath.Join(directory, "process")+"\n")
	metadata := serve(t, map[string]string{
		"/latest/api/token":                                   "metadata token",
		"/latest/meta-data/iam/security-credentials/":         "instance",
		"/latest/meta-data/iam/security-credentials/instance": fmt.Sprintf(machineCredentials, "FROMINSTANCE"),
		"/container": fmt.Sprintf(machineCredentials, "FROMCONTAINER"),
	})
	nobody := map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_REGION": ""}
	for _, test := range []struct {
		name   string
		env    map[string]string
		model  providerModel
		region string
		want   []string
	}{
		{
			name: "environment", env: map[string]string{"AWS_ACCESS_KEY_ID": "FROMENV"},
			region: testRegion, want: []string{"GetCallerIdentity FROMENV"},
		},
		{
			name: "configuration wins", model: providerModel{Region: text("eu-north-1"), AccessKey: text("FROMTF"), SecretKey: text("s")},
			region: "eu-north-1", want: []string{"GetCallerIdentity FROMTF"},
		},
		{
			name: "profile of the environment", env: with(nobody, "AWS_PROFILE", "work", "AWS_CONFIG_FILE", config),
			region: "eu-west-1", want: []string{"GetCallerIdentity FROMPROFILE"},
		},
		{
			name: "profile over keys of the environment",
			model: providerModel{
				Profile: text("filed"), SharedCredentialFiles: textList([]string{credentials}), SharedConfigFiles: textList([]string{config}),
			},
			region: testRegion, want: []string{"GetCallerIdentity FROMFILE"},
		},
		{
			name: "profile with a role", env: nobody,
			model:  providerModel{Profile: text("chained"), SharedConfigFiles: textList([]string{config})},
			region: "eu-west-1", want: []string{"AssumeRole FROMPROFILE", "GetCallerIdentity CHAINED"},
		},
		{
			name: "process", env: nobody,
			model:  providerModel{Profile: text("process"), SharedConfigFiles: textList([]string{filepath.Join(directory, "process.conf")})},
			region: "eu-west-2", want: []string{"GetCallerIdentity FROMPROCESS"},
		},
		{
			name: "web identity of the environment",
			env: with(nobody, "AWS_ROLE_ARN", "arn:aws:iam::222222222222:role/POD", "AWS_WEB_IDENTITY_TOKEN_FILE", token, "AWS_REGION", "eu-west-3",
				"AWS_ROLE_SESSION_NAME", "pod"),
			region: "eu-west-3", want: []string{"AssumeRoleWithWebIdentity", "GetCallerIdentity POD"},
		},
		{
			name: "web identity",
			model: providerModel{WebIdentity: []webIdentityModel{{
				RoleARN: text("arn:aws:iam::222222222222:role/FEDERATED"), TokenFile: text(token), SessionName: text("s"), Duration: text("1h"),
			}}},
			region: testRegion, want: []string{"AssumeRoleWithWebIdentity", "GetCallerIdentity FEDERATED"},
		},
		{
			name: "chain of roles",
			model: providerModel{AssumeRole: []assumeRoleModel{
				{RoleARN: text("arn:aws:iam::222222222222:role/FIRST")}, {RoleARN: text("arn:aws:iam::333333333333:role/SECOND")},
			}},
			region: testRegion, want: []string{"AssumeRole test", "AssumeRole FIRST", "GetCallerIdentity SECOND"},
		},
		{
			name:   "container",
			env:    with(nobody, "AWS_CONTAINER_CREDENTIALS_FULL_URI", metadata+"/container", "AWS_DEFAULT_REGION", "eu-west-2"),
			region: "eu-west-2", want: []string{"GetCallerIdentity FROMCONTAINER"},
		},
		{
			name: "instance", env: with(nobody, "AWS_REGION", "eu-south-1"), model: providerModel{MetadataEndpoint: text(metadata), SkipMetadata: text("false")},
			region: "eu-south-1", want: []string{"GetCallerIdentity FROMINSTANCE"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("AWS_ENDPOINT_URL", fake.URL)
			t.Setenv("AWS_EC2_METADATA_DISABLED", os.Getenv("AWS_EC2_METADATA_DISABLED")) // put back after what skip_metadata_api_check does
			for name, value := range test.env {
				t.Setenv(name, value)
			}
			fake.called()
			c, diags := connect(t, test.model)
			if diags.HasError() {
				t.Fatalf("got %v", diags)
			}
			for range 2 { // the second is remembered
				if account, err := c.Account(t.Context()); err != nil || account != "111111111111" {
					t.Fatalf("got account %q and %v", account, err)
				}
			}
			if c.Region != test.region {
				t.Errorf("got region %s, want %s", c.Region, test.region)
			}
			if got := fake.called(); !slices.Equal(got, test.want) {
				t.Errorf("got calls %v, want %v", got, test.want)
			}
		})
	}
}

// with returns a copy of an environment with more variables.
func with(environment map[string]string, more ...string) map[string]string {
	all := map[string]string{}
	maps.Copy(all, environment)
	for i := 0; i < len(more); i += 2 {
		all[more[i]] = more[i+1]
	}
	return all
}

func TestConfigureAsksForTheSessionOfARole(t *testing.T) {
	fake := newFakeSTS(t)
	policy := `{"Version":"2012-10-17","Statement":[]}`
	_, diags := connect(t, providerModel{
		Endpoints: []endpointsModel{{STS: text(fake.URL)}},
		STSRegion: text("eu-west-1"),
		AssumeRole: []assumeRoleModel{{
			RoleARN: text("arn:aws:iam::222222222222:role/deployer"), SessionName: text("acme"), Duration: text("1h30m"), Policy: text(policy),
			PolicyARNs: setOf("arn:aws:iam::aws:policy/ReadOnlyAccess"), ExternalID: text("outside"), SourceIdentity: text("jdoe"),
			Tags: textMap(map[string]string{"team": "platform"}), TransitiveTagKeys: setOf("team"),
		}},
	})
	if diags.HasError() {
		t.Fatal(diags)
	}
	got := map[string]string{}
	for name, values := range fake.calls[0].form {
		got[name] = values[0]
	}
	want := map[string]string{
		"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": "arn:aws:iam::222222222222:role/deployer", "RoleSessionName": "acme",
		"DurationSeconds": "5400", "Policy": policy, "PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/ReadOnlyAccess",
		"ExternalId": "outside", "SourceIdentity": "jdoe", "Tags.member.1.Key": "team", "Tags.member.1.Value": "platform",
		"TransitiveTagKeys.member.1": "team",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	fake.called()
	_, diags = connect(t, providerModel{
		Endpoints: []endpointsModel{{STS: text(fake.URL)}},
		WebIdentity: []webIdentityModel{{
			RoleARN: text("arn:aws:iam::222222222222:role/ci"), SessionName: text("ci"), Duration: text("20m"), Policy: text(policy),
			PolicyARNs: setOf("arn:aws:iam::aws:policy/ReadOnlyAccess"), Token: text("a token"),
		}},
	})
	if diags.HasError() {
		t.Fatal(diags)
	}
	form := fake.calls[0].form
	for name, want := range map[string]string{
		"RoleSessionName": "ci", "DurationSeconds": "1200", "Policy": policy, "WebIdentityToken": "a token",
		"PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/ReadOnlyAccess",
	} {
		if got := form.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestConfigureErrorsSayWhatToDo(t *testing.T) {
	const planted = "planted-secret"
	fake := newFakeSTS(t)
	role := []assumeRoleModel{
		{RoleARN: text("arn:aws:iam::222222222222:role/FIRST"), ExternalID: text(planted)},
	}
	nobody := map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
	for _, test := range []struct {
		name   string
		env    map[string]string
		model  providerModel
		status int
		code   string
		at     path.Path
		want   []string
	}{
		{name: "no region", env: map[string]string{"AWS_REGION": ""}, at: path.Root("region"), want: []string{"AWS_REGION"}},
		{
			name: "unknown region", model: providerModel{Region: text("eu-west-11")}, at: path.Root("region"),
			want: []string{`no region "eu-west-11"`, `Is it "eu-west-1"?`, "skip_region_validation"},
		},
		{name: "no credentials", env: nobody, want: []string{"AWS_PROFILE"}},
		{
			name: "no profile", model: providerModel{Profile: text("nobody")}, at: path.Root("profile"),
			want: []string{`"nobody"`, "aws configure list-profiles"},
		},
		{
			name: "no profile of the environment", env: map[string]string{"AWS_PROFILE": "nobody"}, at: path.Root("profile"),
			want: []string{`"nobody"`, "AWS_PROFILE"},
		},
		{
			name: "role denied", model: providerModel{AssumeRole: role}, status: http.StatusForbidden, code: "AccessDenied",
			at: path.Root("assume_role").AtListIndex(0), want: []string{"role/FIRST", "trust policy", "so says this test"},
		},
		{
			name: "role of an expired session", model: providerModel{AssumeRole: role}, status: http.StatusForbidden, code: "ExpiredToken",
			at: path.Root("assume_role").AtListIndex(0), want: []string{"have expired", "aws sso login"},
		},
		{
			name: "web identity denied", status: http.StatusForbidden, code: "AccessDenied",
			model: providerModel{WebIdentity: []webIdentityModel{{RoleARN: text("arn:aws:iam::2:role/CI"), Token: text(planted), SessionName: text("s")}}},
			at:    path.Root("assume_role_with_web_identity").AtListIndex(0), want: []string{"role/CI", "token's subject"},
		},
		{
			name: "not allowed", model: providerModel{AllowedAccounts: setOf("222222222222")}, at: path.Root("allowed_account_ids"),
			want: []string{"belong to account 111111111111", "only 222222222222"},
		},
		{
			name: "forbidden", model: providerModel{DeniedAccounts: setOf("111111111111")}, at: path.Root("forbidden_account_ids"),
			want: []string{"belong to account 111111111111"},
		},
		{
			name: "unknown key", model: providerModel{AllowedAccounts: setOf("111111111111")}, status: http.StatusForbidden,
			code: "InvalidClientTokenId", at: path.Root("allowed_account_ids"), want: []string{"does not know the access key", "AWS_ACCESS_KEY_ID"},
		},
		{
			name: "wrong secret key", status: http.StatusForbidden, code: "SignatureDoesNotMatch", at: path.Root("allowed_account_ids"),
			model: providerModel{AllowedAccounts: setOf("1"), AccessKey: text("k"), SecretKey: text(planted)},
			want:  []string{"does not fit their access key", "secret_key"},
		},
		{
			name: "proxy", model: providerModel{HTTPSProxy: text("user:" + planted)}, at: path.Root("https_proxy"), want: []string{"not the URL"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("AWS_ENDPOINT_URL", fake.URL)
			for name, value := range test.env {
				t.Setenv(name, value)
			}
			fake.status, fake.code = test.status, test.code
			_, diags := connect(t, test.model)
			if diags.ErrorsCount() != 1 {
				t.Fatalf("got %v", diags)
			}
			var at path.Path
			if blamed, ok := diags.Errors()[0].(diag.DiagnosticWithPath); ok {
				at = blamed.Path()
			}
			if !at.Equal(test.at) {
				t.Errorf("%s is blamed, not %s", at, test.at)
			}
			detail := diags.Errors()[0].Detail()
			for _, want := range test.want {
				if !strings.Contains(detail, want) {
					t.Errorf("%q is not in: %s", want, detail)
				}
			}
			if strings.Contains(detail, planted) {
				t.Errorf("a secret is in: %s", detail)
			}
		})
	}
	for _, model := range []providerModel{
		{Region: text("mars-1"), SkipRegion: types.BoolValue(true)},
		{AllowedAccounts: setOf("111111111111"), Endpoints: []endpointsModel{{STS: text(fake.URL)}}},
		{DeniedAccounts: setOf("222222222222"), Endpoints: []endpointsModel{{STS: text(fake.URL)}}},
	} {
		fake.status = 0
		if _, diags := connect(t, model); len(diags) > 0 {
			t.Errorf("got %v", diags)
		}
	}
}
