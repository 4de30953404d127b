package scan_test

import (
	"encoding/json"
	"testing"

	"github.com/lambda-land/terraform-provider-handler/sdk/internal/scan"
)

// BenchmarkBody reads a JSON text that is a string in another, as the body of a message is, beside encoding/json.
func BenchmarkBody(b *testing.B) {
	inner := []byte(`{"specversion":"1.0","type":"a","data":[`)
	for range 200 {
		inner = append(inner, `{"name":"some text","n":12345,"nested":{"url":"https://example.com/a/b"}},`...)
	}
	text, err := json.Marshal(map[string]string{"body": string(inner) + "0]}"})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("scan", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		var body []byte
		for b.Loop() {
			s := scan.New(text)
			if err := s.Object(func([]byte) (err error) { body, err = s.AppendString(body[:0]); return err }); err != nil {
				b.Fatal(err)
			}
			inner := scan.New(body)
			if err := inner.Object(func([]byte) error { _, err := inner.Value(); return err }); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encodingjson", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			var outer struct{ Body string }
			var members map[string]json.RawMessage
			if json.Unmarshal(text, &outer) != nil || json.Unmarshal([]byte(outer.Body), &members) != nil {
				b.Fatal()
			}
		}
	})
}
