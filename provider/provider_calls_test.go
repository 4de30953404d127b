package provider

import (
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

// callsOf calls each service once. Whether it answers is of no interest here.
var callsOf = map[string]func(*testing.T, *cloud.Cloud){
	"ecr":            func(t *testing.T, c *cloud.Cloud) { _, _ = c.ReadRepository(t.Context(), "acme") },
	"iam":            func(t *testing.T, c *cloud.Cloud) { _, _ = c.Policy(t.Context(), "acme") },
	"lambda":         func(t *testing.T, c *cloud.Cloud) { _, _ = c.FindFunction(t.Context(), "acme") },
	"logs":           func(t *testing.T, c *cloud.Cloud) { _, _ = c.CreateLogGroup(t.Context(), "acme", nil) },
	"secretsmanager": func(t *testing.T, c *cloud.Cloud) { _, _ = c.SecretVariables(t.Context(), "acme") },
	"sqs":            func(t *testing.T, c *cloud.Cloud) { _, _ = c.FindQueue(t.Context(), "acme") },
	"sts":            func(t *testing.T, c *cloud.Cloud) { _, _ = c.Account(t.Context()) },
}

// visited counts the requests to a server that fails them all, proxied and tunnelled ones by their host.
type visited struct {
	*httptest.Server
	status int

	mu    sync.Mutex
	hosts []string
}

func newVisited(t *testing.T, status int) *visited {
	t.Helper()
	v := &visited{status: status}
	v.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v.mu.Lock()
		v.hosts = append(v.hosts, r.Host)
		v.mu.Unlock()
		w.WriteHeader(v.status)
	}))
	t.Cleanup(v.Close)
	return v
}

// taken returns the hosts of the requests since the last time.
func (v *visited) taken() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	hosts := v.hosts
	v.hosts = nil
	return hosts
}

func TestEndpointsOfServices(t *testing.T) {
	here, elsewhere := newVisited(t, http.StatusBadRequest), newVisited(t, http.StatusBadRequest)
	at := text(here.URL)
	for name, endpoints := range map[string]endpointsModel{
		"ecr": {ECR: at}, "iam": {IAM: at}, "lambda": {Lambda: at}, "logs": {Logs: at}, "secretsmanager": {SecretsManager: at},
		"sqs": {SQS: at}, "sts": {STS: at}, "cloudwatchlogs": {CloudWatchLogs: at},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AWS_ENDPOINT_URL", elsewhere.URL)
			t.Setenv("AWS_ENDPOINT_URL_SQS", elsewhere.URL)
			t.Setenv("AWS_ENDPOINT_URL_"+strings.ToUpper(name), elsewhere.URL)
			c, diags := connect(t, providerModel{Endpoints: []endpointsModel{{}, endpoints}, UseFIPS: types.BoolValue(name == "sqs")})
			if diags.HasError() {
				t.Fatal(diags)
			}
			service := strings.TrimPrefix(name, "cloudwatch")
			elsewhere.taken() // of other subtests
			callsOf[service](t, c)
			if got, others := len(here.taken()), len(elsewhere.taken()); got == 0 || others > 0 {
				t.Errorf("%d calls of %s went to its endpoint and %d elsewhere", got, service, others)
			}
			for other, call := range callsOf {
				if other != service && name != "sqs" { // where FIPS would be asked of an endpoint that the environment names
					call(t, c)
				}
			}
			if got := here.taken(); len(got) > 0 {
				t.Errorf("%d calls of other services went to the endpoint of %s", len(got), service)
			}
		})
	}
}

func TestEndpointsOfRegions(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "")
	proxy := newVisited(t, http.StatusBadGateway)
	for _, test := range []struct {
		name     string
		model    providerModel
		env      string
		sqs, sts string
	}{
		{name: "plain", sqs: "sqs.us-east-1.amazonaws.com", sts: "sts.us-east-1.amazonaws.com"},
		{name: "china", model: providerModel{Region: text("cn-north-1")}, sqs: "sqs.cn-north-1.amazonaws.com.cn", sts: "sts.cn-north-1.amazonaws.com.cn"},
		{name: "FIPS", model: providerModel{UseFIPS: types.BoolValue(true)}, sqs: "sqs-fips.us-east-1.amazonaws.com", sts: "sts-fips.us-east-1.amazonaws.com"},
		{name: "FIPS of the environment", env: "AWS_USE_FIPS_ENDPOINT", sqs: "sqs-fips.us-east-1.amazonaws.com", sts: "sts-fips.us-east-1.amazonaws.com"},
		{name: "dual stack", model: providerModel{UseDualStack: types.BoolValue(true)}, sqs: "sqs.us-east-1.api.aws", sts: "sts.us-east-1.api.aws"},
		{
			name: "both", model: providerModel{UseDualStack: types.BoolValue(true), UseFIPS: types.BoolValue(true)},
			sqs: "sqs-fips.us-east-1.api.aws", sts: "sts-fips.us-east-1.api.aws",
		},
		{name: "STS elsewhere", model: providerModel{STSRegion: text("eu-west-1")}, sqs: "sqs.us-east-1.amazonaws.com", sts: "sts.eu-west-1.amazonaws.com"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.env != "" {
				t.Setenv(test.env, "true")
			}
			test.model.HTTPSProxy, test.model.MaxRetries = text(proxy.URL), types.Int64Value(1)
			c, diags := connect(t, test.model)
			if diags.HasError() {
				t.Fatal(diags)
			}
			callsOf["sqs"](t, c)
			callsOf["sts"](t, c)
			if got, want := proxy.taken(), []string{test.sqs + ":443", test.sts + ":443"}; !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestProxies(t *testing.T) {
	proxy, other := newVisited(t, http.StatusBadRequest), newVisited(t, http.StatusBadRequest)
	secure, plain := "https://sqs.example.test", "http://sqs.example.test"
	for _, test := range []struct {
		name           string
		endpoint       string
		model          providerModel
		env            map[string]string
		proxied, other int
		warnings       int
	}{
		{name: "HTTP", endpoint: plain, model: providerModel{HTTPProxy: text(proxy.URL), HTTPSProxy: text(other.URL)}, proxied: 1},
		{name: "HTTPS", endpoint: secure, model: providerModel{HTTPProxy: text(other.URL), HTTPSProxy: text(proxy.URL)}, proxied: 1},
		{name: "one for both", endpoint: secure, model: providerModel{HTTPProxy: text(proxy.URL)}, proxied: 1, warnings: 1},
		{name: "none for HTTPS", endpoint: secure, model: providerModel{HTTPProxy: text(proxy.URL), HTTPSProxy: text("")}},
		{name: "environment", endpoint: secure, env: map[string]string{"HTTPS_PROXY": proxy.URL}, proxied: 1},
		{
			name: "over the environment", endpoint: secure, env: map[string]string{"HTTPS_PROXY": other.URL},
			model: providerModel{HTTPSProxy: text(proxy.URL)}, proxied: 1,
		},
		{name: "not this host", endpoint: plain, model: providerModel{HTTPProxy: text(proxy.URL), HTTPSProxy: text(""), NoProxy: text("example.test")}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for name, value := range test.env {
				t.Setenv(name, value)
			}
			test.model.MaxRetries, test.model.Endpoints = types.Int64Value(1), []endpointsModel{{SQS: text(test.endpoint)}}
			c, diags := connect(t, test.model)
			if diags.HasError() || len(diags) != test.warnings || strings.Contains(detailsOf(diags), "127.0.0.1") {
				t.Fatal(diags)
			}
			callsOf["sqs"](t, c)
			if got, others := len(proxy.taken()), len(other.taken()); got != test.proxied || others != test.other {
				t.Errorf("%d calls went through the proxy and %d through the other, want %d and %d", got, others, test.proxied, test.other)
			}
		})
	}
}

func TestRetries(t *testing.T) {
	failing := newVisited(t, http.StatusInternalServerError)
	for _, test := range []struct {
		name  string
		env   string
		model providerModel
		want  int
	}{
		{name: "once", model: providerModel{MaxRetries: types.Int64Value(1)}, want: 1},
		{name: "twice", model: providerModel{MaxRetries: types.Int64Value(2)}, want: 2},
		{name: "adaptive", model: providerModel{MaxRetries: types.Int64Value(2), RetryMode: text("adaptive")}, want: 2},
		{name: "environment", env: "2", want: 2},
		{name: "over the environment", env: "1", model: providerModel{MaxRetries: types.Int64Value(2)}, want: 2},
		{
			name: "no tokens for a retry", model: providerModel{MaxRetries: types.Int64Value(5), RetryCapacity: types.Int64Value(1)},
			want: 1,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("AWS_MAX_ATTEMPTS", test.env)
			test.model.Endpoints = []endpointsModel{{SQS: text(failing.URL)}}
			c, diags := connect(t, test.model)
			if diags.HasError() {
				t.Fatal(diags)
			}
			callsOf["sqs"](t, c)
			if got := len(failing.taken()); got != test.want {
				t.Errorf("tried %d times, want %d", got, test.want)
			}
		})
	}
}

func TestCertificates(t *testing.T) {
	var reached atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		reached.Add(1)
		w.WriteHeader(http.StatusBadRequest)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of refused handshakes
	server.StartTLS()
	t.Cleanup(server.Close)
	bundle := files(t, map[string]string{
		"ca.pem": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})),
	}) + "/ca.pem"
	for _, test := range []struct {
		name  string
		env   string
		model providerModel
		want  int32
	}{
		{name: "unknown"},
		{name: "bundle", model: providerModel{CustomCABundle: text(bundle)}, want: 1},
		{name: "bundle of the environment", env: bundle, want: 1},
		{name: "insecure", model: providerModel{Insecure: types.BoolValue(true)}, want: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("AWS_CA_BUNDLE", test.env)
			test.model.MaxRetries, test.model.Endpoints = types.Int64Value(1), []endpointsModel{{SQS: text(server.URL)}}
			c, diags := connect(t, test.model)
			if diags.HasError() {
				t.Fatal(diags)
			}
			reached.Store(0)
			callsOf["sqs"](t, c)
			if got := reached.Load(); got != test.want {
				t.Errorf("%d calls got through, want %d", got, test.want)
			}
		})
	}
}

func TestDefaultAndIgnoredTags(t *testing.T) {
	for name, value := range map[string]string{
		"TF_AWS_DEFAULT_TAGS_team": "env", "TF_AWS_DEFAULT_TAGS_stage": "test", "TF_AWS_IGNORE_TAGS_KEYS": "seen, scanned",
		"TF_AWS_IGNORE_TAGS_KEY_PREFIXES": "kube/",
	} {
		t.Setenv(name, value)
	}
	model := providerModel{
		DefaultTags: textMap(map[string]string{"team": "platform"}),
		IgnoreTags:  []ignoreTagsModel{{Keys: setOf("cost"), Prefixes: setOf("scan:")}},
	}
	data := &providerData{defaultTags: model.defaultTags(), ignoredTags: model.ignoredTags()}
	if diff := cmp.Diff(map[string]string{"team": "platform", "stage": "test"}, data.defaultTags); diff != "" {
		t.Error(diff)
	}
	tags := map[string]string{
		"own": "1", "seen": "2", "scanned": "3", "kube/cluster": "4", "cost": "5", "scan:id": "6", "aws:stack": "7", "costs": "8", "kube": "9",
	}
	if diff := cmp.Diff(map[string]string{"own": "1", "costs": "8", "kube": "9"}, data.withoutIgnored(tags)); diff != "" {
		t.Error(diff)
	}
	own := textMap(map[string]string{"cost": "5", "team": "sre"})
	if diff := cmp.Diff(map[string]string{"team": "sre", "stage": "test", "cost": "5"}, data.newTags(own)); diff != "" {
		t.Error(diff)
	}
	var diags diag.Diagnostics
	if diff := cmp.Diff(map[string]string{"team": "sre", "stage": "test"}, mapTexts(data.allTags(own, &diags))); diff != "" || diags.HasError() {
		t.Error(diff, diags)
	}
}

// detailsOf returns the details of all diagnostics.
func detailsOf(diags diag.Diagnostics) string {
	var all []string
	for _, d := range diags {
		all = append(all, d.Detail())
	}
	return strings.Join(all, "\n")
}
