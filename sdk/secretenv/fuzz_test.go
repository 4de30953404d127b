package secretenv

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// FuzzParse looks for secrets that break the parsing, get a value into a problem, or become other variables than encoding/json says.
func FuzzParse(f *testing.F) {
	for _, value := range []string{
		`{"username":"acme","password":"p\"w\\d$%/ü","engine":"postgres","host":"db.example.com","port":5432,"dbname":"acme"}`, // as RDS keeps it
		`{"type":"service_account","private_key":"-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n","client_id":"1"}`,
		`s3cr3t`, ``, ` `, `null`, `"text"`, `[{"A":"b"}]`, `{"A":["a",1,null]}`, "{\n  \"A\" : { \"b\" : { \"c\" : [ ] } }\n}\n",
		`{"A":"1","A":"2"}`, `{"A":"1","\u0041":"2"}`, "{\"A\":\"\xff\xfe\"}", `{"A":"\ud800"}`, `{"A":"a\u0000b"}`, "{\"A\":\"a\x00b\"}",
		`{"A\u0000":"b"}`, `{"a.b":"c","":"d","HANDLER":"e","AWS_REGION":"f"}`, `{"A":null}`, `{"A":1e400,"B":-0.0,"C":12345678901234567890}`,
		`{"A":"1",}`, `{"A":"1"}{}`, `{"A" "1"}`, `{A:"1"}`, "\ufeff{}", `{"A":true,"B":false}`, strings.Repeat(`{"A":`, 20000),
	} {
		f.Add([]byte(value))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		variables, problems := Parse(value)
		if len(problems) > 0 {
			if variables != nil {
				t.Errorf("got variables in spite of %v", problems)
			}
			checkProblems(t, value, problems)
			return
		}
		want := decodeWhole(t, value)
		if len(variables) != len(want) {
			t.Errorf("got %d variables of %d members", len(variables), len(want))
		}
		for name, text := range variables {
			if !isName(name) || isReserved(name) || strings.ContainsRune(text, 0) {
				t.Errorf("no variable: %q = %q", name, text)
			}
			switch want := want[name].(type) {
			case string, json.Number, bool:
				if text != fmt.Sprint(want) {
					t.Errorf("%s: got %q, want %v", name, text, want)
				}
			default:
				if got := decodeWhole(t, []byte(`{"A":`+text+`}`))["A"]; want == nil || fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("%s: got %q, want %v", name, text, want)
				}
			}
		}
	})
}

// decodeWhole returns the members of a JSON object as encoding/json decodes them, with numbers as they are written.
func decodeWhole(t *testing.T, value []byte) (object map[string]any) {
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.UseNumber()
	if err := decoder.Decode(&object); err != nil || object == nil {
		t.Fatalf("accepted what encoding/json does not: %v", err)
	}
	return object
}

// checkProblems looks for the values of a secret in its problems. Those that are also in keys, or short, may be there by chance.
func checkProblems(t *testing.T, value []byte, problems []Problem) {
	texts, keys := []string{string(value)}, ""
	var object map[string]any
	if json.Unmarshal(value, &object) == nil {
		for key, member := range object {
			keys += key
			texts = append(texts, fmt.Sprint(member))
		}
	}
	for _, problem := range problems {
		if problem.Text == "" || problem.Advice == "" || len([]rune(problem.Key)) > 60 {
			t.Errorf("got problem %q", problem)
		}
		for _, text := range texts {
			if len(text) > 8 && strings.Contains(problem.String(), text) && !strings.Contains(keys+fixedTexts(), text) {
				t.Errorf("the problem tells %q: %s", text, problem)
			}
		}
	}
}

// fixedTexts is what problems say about any secret.
func fixedTexts() string {
	texts := notObject.String()
	for _, member := range []struct{ key, raw string }{{"", "1"}, {"HANDLER", "1"}, {"A", "null"}, {"A", "\x00"}} {
		problem, advice := memberProblem(member.key, json.RawMessage(member.raw), member.raw, false)
		texts += problem + advice
	}
	problem, advice := memberProblem("A", nil, "", true)
	return texts + problem + advice
}
