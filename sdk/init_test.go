package sdk

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestInitTakesNoLongerThanLambdaGivesIt has OnInit functions take 60 s, on demand and with provisioned concurrency.
func TestInitTakesNoLongerThanLambdaGivesIt(t *testing.T) {
	t.Setenv("HANDLER", "h")
	for kind, want := range map[string]time.Duration{
		"": 9 * time.Second, "on-demand": 9 * time.Second, "provisioned-concurrency": time.Minute, "lambda-managed-instances": time.Minute,
	} {
		t.Setenv("AWS_LAMBDA_INITIALIZATION_TYPE", kind)
		synctest.Test(t, func(t *testing.T) {
			given := make(chan context.Context, 1)
			app := New("acme", Handler("h", On("a", func(context.Context, RawEvent) error { return nil })),
				OnInit(func(ctx context.Context) error { given <- ctx; time.Sleep(time.Minute); return nil }))
			began := time.Now()
			_, err := app.initLambda(t.Context(), &output{w: io.Discard})
			took := time.Since(began)
			configured, failed := errors.AsType[*configError](err)
			if took != want || failed != (want < time.Minute) || failed && configured.kind != initFailed {
				t.Errorf("%q: took %s with %v, want %s", kind, took, err, want)
			}
			time.Sleep(time.Hour)
			if err := (<-given).Err(); err != nil {
				t.Errorf("%q: the context of OnInit ended: %s", kind, err)
			}
		})
	}
}

// TestLineageGoesOn sends with what Lambda counts loops of functions and queues by, which is in the invocation's header.
func TestLineageGoesOn(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, message, invocation, want string }{
		{"message's trace, invocation's lineage", "Root=1-m;Parent=p;Sampled=1;Lineage=1:a:6", "Root=1-i;Parent=q;Sampled=0;Lineage=1:a:7",
			"Root=1-m;Parent=p;Sampled=1;Lineage=1:a:7"},
		{"no lineage before", "Root=1-m;Sampled=1", "Root=1-i;Lineage=1:a:0", "Root=1-m;Sampled=1;Lineage=1:a:0"},
		{"none any more", "Root=1-m;Lineage=1:a:6;Sampled=1", "Root=1-i", "Root=1-m;Sampled=1"},
		{"no trace of the message", "", "Root=1-i;Lineage=1:a:7", "Root=1-i;Lineage=1:a:7"},
		{"outside of Lambda", "Root=1-m;Lineage=1:a:6", "", "Root=1-m;Lineage=1:a:6"},
		{"nothing", "", "", ""},
	} {
		s := &scope{message: &message{trace: test.message}}
		ctx := s.context(context.WithValue(t.Context(), traceKey, test.invocation)) //nolint:staticcheck // the key is aws-lambda-go's
		if got := traceToSend(ctx); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
}

// TestLogLevelsAreThoseOfLambda writes at levels in between, too.
func TestLogLevelsAreThoseOfLambda(t *testing.T) {
	t.Setenv("LOG_LEVEL", "TRACE")
	for level, want := range map[slog.Level]string{
		levelTrace: "TRACE", slog.LevelDebug: "DEBUG", slog.LevelDebug + 1: "DEBUG", slog.LevelInfo: "INFO", slog.LevelInfo + 1: "INFO",
		slog.LevelWarn: "WARN", slog.LevelError: "ERROR", levelFatal: "FATAL", levelFatal + 5: "FATAL",
	} {
		var out bytes.Buffer
		newLogger(&out).Log(t.Context(), level, "hello", slog.Group("a", slog.String("msg", "inner"), slog.Any("level", slog.LevelInfo)))
		for _, part := range []string{`"level":"` + want + `"`, `"message":"hello"`, `"timestamp":"`, `"a":{"msg":"inner","level":"INFO"}`} {
			if !strings.Contains(out.String(), part) {
				t.Errorf("%d: no %s in %s", level, part, &out)
			}
		}
	}
}

func TestNamespacesAreThoseThatCloudWatchTakes(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"acme": "acme", "Acme/Äpfel (1)": "Acme/-pfel -1-", strings.Repeat("a", 300): strings.Repeat("a", 255)} {
		if got := New(name).namespace; got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

// TestAWSConfigIsTheAppsOwn has further clients share its connections.
func TestAWSConfigIsTheAppsOwn(t *testing.T) {
	t.Setenv("AWS_REGION", "eu-west-1")
	app := New("acme")
	first, err := AWSConfig(app.Context(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	second, err := AWSConfig(app.Context(t.Context()))
	if err != nil || first.Region != "eu-west-1" || first.HTTPClient != second.HTTPClient || first.HTTPClient != app.aws.http {
		t.Errorf("got %+v and %+v, %v", first, second, err)
	}
	if _, err := AWSConfig(t.Context()); err == nil || !strings.Contains(err.Error(), "the context must be derived from") {
		t.Errorf("without an app: got %v", err)
	}
}
