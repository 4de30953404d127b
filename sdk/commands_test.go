package sdk

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/iotest"
)

func TestDataToSend(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, argument string
		stdin          io.Reader
		want           any
		err            string
	}{
		{"argument", `{"n":1}`, nil, json.RawMessage(`{"n":1}`), ""},
		{"none", "", nil, nil, ""},
		{"standard input", "-", strings.NewReader(`[1]`), json.RawMessage(`[1]`), ""},
		{"no JSON", "-", strings.NewReader("x"), nil, "not JSON"},
		{"unreadable", "-", iotest.ErrReader(errors.New("broken pipe")), nil, "standard input: broken pipe"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := sendData(test.argument, test.stdin)
			if fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if test.err == "" && err != nil || !strings.Contains(fmt.Sprint(err), test.err) {
				t.Errorf("got error %v, want %s", err, test.err)
			}
		})
	}
}

func TestLogLevel(t *testing.T) {
	for _, test := range []struct {
		own, lambda string
		want        slog.Level
	}{
		{"", "", slog.LevelInfo},
		{"debug", "ERROR", slog.LevelDebug},
		{"", "WARN", slog.LevelWarn},
		{"", "TRACE", slog.LevelDebug - 4},
		{"", "FATAL", slog.LevelError + 4},
		{"nonsense", "ERROR", slog.LevelInfo},
	} {
		t.Setenv("LOG_LEVEL", test.own)
		t.Setenv("AWS_LAMBDA_LOG_LEVEL", test.lambda)
		logger := newLogger(io.Discard)
		if !logger.Enabled(t.Context(), test.want) || logger.Enabled(t.Context(), test.want-1) {
			t.Errorf("%q, %q: the level is not %s", test.own, test.lambda, test.want)
		}
	}
}

func TestAttributeText(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", maxReasonSize)
	for in, want := range map[string]string{
		"plain\tü\n":     "plain\tü\n",
		"":               "unknown",
		"a\x00b\x1b[0m":  "a?b?[0m",
		"bad \xff\ufffe": "bad ??",
		long:             long[:maxReasonSize],
		"x" + long:       "x" + long[:maxReasonSize-2],
	} {
		if got := attributeText(in); got != want {
			t.Errorf("%.20q: got %d bytes %.20q, want %d bytes %.20q", in, len(got), got, len(want), want)
		}
	}
}
