package cloud

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// -update writes what the policies are now, to be read before it is committed.
var updateGolden = flag.Bool("update", false, "write the golden files")

// TestPolicyOfEachCombination holds the policy of a function's role to a file for each combination of what it may be given.
func TestPolicyOfEachCombination(t *testing.T) {
	const queue, key = "arn:aws:sqs:eu-west-1:123456789012:", "arn:aws:kms:eu-west-1:123456789012:key/"
	logs := Permissions{LogGroup: "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/acme"}
	with := func(change func(*Permissions)) Permissions {
		p := logs
		change(&p)
		return p
	}
	drain := func(p *Permissions) {
		p.Consume, p.Send = []string{queue + "b", queue + "a"}, []string{queue + "a-dlq", queue + "b-dlq"}
	}
	send := func(p *Permissions) { p.Send = append(p.Send, queue+"jobs", queue+"a-dlq") }
	secrets := func(p *Permissions) {
		p.Secrets = []string{"arn:aws:secretsmanager:eu-west-1:123456789012:secret:acme-AbCdEf"}
	}
	for name, p := range map[string]Permissions{
		"nothing":        logs,
		"queues":         with(drain),
		"send_to":        with(send),
		"secrets":        with(secrets),
		"queues_send_to": with(func(p *Permissions) { drain(p); send(p) }),
		"keys_of_queues": with(func(p *Permissions) {
			drain(p)
			p.DecryptKeys, p.EncryptKeys = []string{key + "q"}, []string{key + "q"}
		}),
		"keys_of_secrets": with(func(p *Permissions) { secrets(p); p.DecryptKeys = []string{key + "s"} }),
		"vpc":             with(func(p *Permissions) { p.VPC = true }),
		"tracing":         with(func(p *Permissions) { p.Tracing = true }),
		"extra": with(func(p *Permissions) {
			p.Extra = []json.RawMessage{json.RawMessage(`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme/*"}`)}
		}),
		"everything": with(func(p *Permissions) {
			drain(p)
			send(p)
			secrets(p)
			p.DecryptKeys, p.EncryptKeys, p.VPC, p.Tracing = []string{key + "s", key + "q"}, []string{key + "q"}, true, true
		}),
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := json.Indent(&got, []byte(p.Document()), "", "  "); err != nil {
				t.Fatal(err)
			}
			got.WriteByte('\n')
			file := filepath.Join("testdata", "policies", name+".json")
			if *updateGolden {
				if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUnionPermitsBoth(t *testing.T) {
	less := Permissions{LogGroup: "arn:log", Extra: []json.RawMessage{json.RawMessage(`{"Sid":"old"}`)}}
	more := Permissions{LogGroup: "arn:log", Consume: []string{"arn:a"}, Tracing: true, Extra: []json.RawMessage{json.RawMessage(`{"Sid":"new"}`)}}
	both := more
	both.Extra = append(both.Extra, less.Extra...)
	if diff := cmp.Diff(both.Document(), less.Union(more).Document()); diff != "" {
		t.Error(diff)
	}
	if got := more.Union(more).Document(); got != more.Document() {
		t.Errorf("the union with itself is %s", got)
	}
}

func TestSamePolicy(t *testing.T) {
	const one = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sqs:SendMessage"],"Resource":"*"}]}`
	for other, want := range map[string]bool{
		`{ "Statement": {"Action":"sqs:SendMessage","Effect":"Allow","Resource":["*"]}, "Version": "2012-10-17" }`: true,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"sqs:SendMessage","Resource":"*"}]}`:       false,
		"": false, "no policy": false,
	} {
		if got := SamePolicy(one, other); got != want {
			t.Errorf("%s: got %t", other, got)
		}
	}
	if !SamePolicy("", "") {
		t.Error("no policy is not the same as none")
	}
}
