package wire

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestQueryOpReadsTheForm(t *testing.T) {
	t.Parallel()
	type tag struct{ Key, Value string }
	type in struct {
		Name    string
		Count   int
		Force   bool
		Limit   *int
		Absent  *string
		Tags    []tag
		Keys    []string
		Options struct{ Deep *tag }
	}
	var got in
	operation := QueryOp(func(_ context.Context, read in) (Empty, error) {
		got = read
		return Empty{}, nil
	})
	form, err := url.ParseQuery("Name=a+b&Count=3&Force=true&Limit=0&Keys.member.1=x&Keys.member.2=&" +
		"Tags.member.1.Key=k&Tags.member.1.Value=v&Tags.member.2.Key=l&Tags.member.4.Key=beyond+the+gap&Options.Deep.Value=d")
	if err != nil {
		t.Fatal(err)
	}
	out, err := operation(t.Context(), form)
	if out != nil || err != nil {
		t.Errorf("got %v, %v", out, err)
	}
	want := in{Name: "a b", Count: 3, Force: true, Limit: new(int), Tags: []tag{{"k", "v"}, {"l", ""}}, Keys: []string{"x", ""}}
	want.Options.Deep = &tag{Value: "d"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, malformed := range []string{"Count=three", "Force=perhaps", "Limit=1.5"} {
		form, err := url.ParseQuery(malformed)
		if err != nil {
			t.Fatal(err)
		}
		_, err = operation(t.Context(), form)
		if apiErr, ok := errors.AsType[*Error](err); !ok || apiErr.Code != "MalformedInput" {
			t.Errorf("%s: got %v", malformed, err)
		}
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	key := func(s string) string { return s }
	all := func() []string { return []string{"c", "a", "d", "b"} }
	var got []string
	var token string
	for {
		page, next, err := Page(all(), key, token, 3, "BadToken")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page...)
		if token = next; token == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "d"}, got); diff != "" {
		t.Error(diff)
	}
	_, token, err := Page(all(), key, "", 2, "BadToken")
	if err != nil {
		t.Fatal(err)
	}
	if page, _, err := Page([]string{"a", "bb", "c"}, key, token, 2, "BadToken"); err != nil || !cmp.Equal(page, []string{"bb", "c"}) {
		t.Errorf("after the token's item is gone: got %v, %v", page, err)
	}
	if page, _, err := Page([]string{"a"}, key, token, 2, "BadToken"); err != nil || len(page) != 0 {
		t.Errorf("after the end: got %v, %v", page, err)
	}
	_, _, err = Page(all(), key, "%", 2, "BadToken")
	if apiErr, ok := errors.AsType[*Error](err); !ok || apiErr.Code != "BadToken" {
		t.Errorf("got %v", err)
	}
}

func TestEpoch(t *testing.T) {
	t.Parallel()
	type answer struct {
		At    Epoch
		Never Epoch `json:",omitzero"`
	}
	encoded, err := json.Marshal(answer{At: Epoch{time.UnixMilli(1795440920647)}})
	if got, want := string(encoded), `{"At":1795440920.647}`; got != want || err != nil {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	var read answer
	if err := json.Unmarshal(encoded, &read); err != nil || read.At.Unix() != 1795440920 {
		t.Errorf("got %s, %v", read.At, err)
	}
	if err := json.Unmarshal([]byte(`{"At":"today"}`), &read); err == nil {
		t.Error("text was read as a time")
	}
}
