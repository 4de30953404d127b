package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSummary(t *testing.T) {
	t.Parallel()
	push := webhook{id: "1", event: "push", body: []byte("{}")}
	ping := webhook{id: "2", event: "ping", body: []byte("{}")}
	done := func(ids ...string) *activity {
		a := new(activity)
		for _, id := range ids {
			a.messages = append(a.messages, message{Queue: "acme-webhooks", ID: id, Outcome: handled})
		}
		return a
	}
	tests := map[string]struct {
		activity *activity
		account  account
		want     string // of the summary or, if failed, of the error
		failed   bool
	}{
		"all is well": {
			activity: done("1", "2"), account: account{Delivered: map[string]int{"run-1-finished": 1}},
			want: "posted=2 handled=2 delivered=1 duplicates=0 lost=0 reset=ok",
		},
		"delivered more than once": {
			activity: done("1", "2", "2"), account: account{Delivered: map[string]int{"run-1-finished": 3}},
			want: "posted=2 handled=2 delivered=1 duplicates=2 lost=0 reset=ok",
		},
		"webhook lost": {
			activity: done("1"), account: account{Delivered: map[string]int{"run-1-finished": 1}},
			want: "posted=2 handled=1 delivered=1 duplicates=0 lost=1", failed: true,
		},
		"delivery lost": {
			activity: done("1", "2"), account: account{},
			want: "posted=2 handled=2 delivered=0 duplicates=0 lost=1", failed: true,
		},
		"delivery that nobody asked for": {
			activity: done("1", "2"), account: account{Delivered: map[string]int{"run-1-finished": 1, "run-2-finished": 1}},
			want: "delivered=2", failed: true,
		},
		"signed wrongly": {
			activity: done("1", "2"), account: account{Delivered: map[string]int{"run-1-finished": 1}, Refused: 1},
			want: "signatures refused by the subscriber: 1", failed: true,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &demo{github: &github{accepted: []webhook{push, ping}}, activity: test.activity, settled: test.account}
			got, err := d.summary()
			if (err != nil) != test.failed {
				t.Fatalf("got %q, %v", got, err)
			}
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestSearchSecret(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("clean", `{"secret_arn": "arn:aws:secretsmanager:…"}`)
	if err := searchSecret(folder, []string{"confidential"}); err != nil {
		t.Errorf("clean: %v", err)
	}
	write("leaky", `{"value": "confidential"}`)
	err := searchSecret(folder, []string{"else", "confidential"})
	if err == nil || !strings.Contains(err.Error(), "leaky") || strings.Contains(err.Error(), "confidential") {
		t.Errorf("leaky: %v", err)
	}
	if err := searchSecret(filepath.Join(folder, "missing"), nil); err == nil {
		t.Error("missing: no error")
	}
}
