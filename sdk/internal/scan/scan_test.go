package scan_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/lambda-land/terraform-provider-handler/sdk/internal/scan"
)

// value reads a text that is one JSON value.
func value(text []byte) ([]byte, error) {
	s := scan.New(text)
	v, err := s.Value()
	if err != nil {
		return nil, err
	}
	return v, s.End()
}

// members reads a text that is one JSON object; of members that are there twice, the last.
func members(text []byte) (map[string]json.RawMessage, error) {
	s := scan.New(text)
	all := make(map[string]json.RawMessage)
	err := s.Object(func(key []byte) error {
		name := string(key)
		v, err := s.Value()
		all[name] = v
		return err
	})
	if err != nil {
		return nil, err
	}
	return all, s.End()
}

var texts = []string{
	``, ` `, `{}`, `[]`, ` [ ] `, `{"a":1}`, `{"a":1,}`, `{"a":1 "b":2}`, `{"a"}`, `{a:1}`, `[1,]`, `[,1]`, `[1 2]`, `[1`, `{"a":`, `{"a"`, `{"`,
	`"a"`, `"`, `"\`, `"\u`, `"\u12`, `"\u12G4"`, `"\u00e9\ud83d\ude00\ud800x\ud800\u0041\udc00"`, `"\/\b\f\n\r\t\"\\"`, `"\x"`, "\"\x01\"", "\"a\xffb\xc3\"",
	`0`, `-0`, `-`, `01`, `1.`, `.5`, `1.5e+7`, `1e`, `1E-3`, `+1`, `12345678901234567890`, `NaN`, `tru`, `true`, `false`, `null`, `nul`, `nullx`,
	`1 2`, `{} {}`, `{"a":{"b":[1,{"c":"d"}]},"a":2}`, "\ufeff{}", strings.Repeat("[", 10000) + strings.Repeat("]", 10000), strings.Repeat("[", 10001),
}

// TestIsOfOneMindWithEncodingJSON holds what is accepted, and the strings that are read, to those of encoding/json.
func TestIsOfOneMindWithEncodingJSON(t *testing.T) {
	t.Parallel()
	for _, text := range texts {
		compare(t, []byte(text))
	}
}

func FuzzIsOfOneMindWithEncodingJSON(f *testing.F) {
	for _, text := range texts {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) { compare(t, text) })
}

func compare(t *testing.T, text []byte) {
	t.Helper()
	got, err := value(text)
	if valid := json.Valid(text); valid != (err == nil) {
		t.Fatalf("%.200q: got error %v, but json.Valid says %t", text, err, valid)
	}
	if err == nil && !bytes.Equal(got, bytes.Trim(text, " \t\r\n")) {
		t.Errorf("%.200q: got value %.200q", text, got)
	}
	var want string
	wantErr := json.Unmarshal(text, &want)
	s := scan.New(text)
	read, err := s.AppendString(nil)
	if err == nil {
		err = s.End()
	}
	if isNull := string(bytes.Trim(text, " \t\r\n")) == "null"; !isNull && ((err == nil) != (wantErr == nil) || string(read) != want && err == nil) {
		t.Errorf("%.200q: got string %q, %v, want %q, %v", text, read, err, want, wantErr)
	}
	var wantMembers map[string]json.RawMessage
	wantErr = json.Unmarshal(text, &wantMembers)
	all, err := members(text)
	if (err == nil) != (wantErr == nil && wantMembers != nil) {
		t.Fatalf("%.200q: got error %v for an object, want %v", text, err, wantErr)
	}
	for name, v := range wantMembers {
		if !bytes.Equal(all[name], v) {
			t.Errorf("%.200q: got member %q = %q, want %q", text, name, all[name], v)
		}
	}
}

func TestArray(t *testing.T) {
	t.Parallel()
	s := scan.New([]byte(`[1, "b" ,[]]`))
	var got []string
	if err := s.Array(func() error {
		v, err := s.Value()
		got = append(got, string(v))
		return err
	}); err != nil || strings.Join(got, " ") != `1 "b" []` {
		t.Errorf("got %q, %v", got, err)
	}
	s = scan.New([]byte(`{}`))
	if err := s.Array(nil); err == nil {
		t.Error("an object was read as an array")
	}
}
