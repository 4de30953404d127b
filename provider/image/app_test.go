package image

import (
	"reflect"
	"strings"
	"testing"
)

func TestListingsThatAreNone(t *testing.T) {
	t.Parallel()
	for listing, says := range map[string]string{
		``:                               "not a JSON list of handlers",
		`[]`:                             "not a JSON list of handlers",
		`null`:                           "no app name",
		`{"app":"a"}`:                    "no handlers member",
		`{"app":"","handlers":{}}`:       "no app name",
		`{"app":"a","handlers":{}}x`:     "not a JSON list of handlers",
		`{"app":"a","handlers":{"":{}}}`: "a handler without a name",
		`{"app":"a","handlers":{"h":{"timeout":901}}}`:       `timeout of handler "h" is 901 s`,
		`{"app":"a","handlers":{"h":{"timeout":-1}}}`:        `timeout of handler "h" is -1 s`,
		`{"app":"a","handlers":{"h":{"timeout":1.5}}}`:       "not a JSON list of handlers",
		`{"app":"a","handlers":{"h":{"batch_size":10001}}}`:  `batch size of handler "h" is 10001`,
		`{"app":"a","handlers":{"h":{"events":[""]}}}`:       "empty event type",
		`{"app":"a","handlers":{"h":{"events":"e"}}}`:        "not a JSON list of handlers",
		"{\"app\":\"\xff\",\"handlers\":{}}":                 "not UTF-8",
		`{"app":"a","handlers":{"h":{"send_to":["q", ""]}}}`: "queue label",
	} {
		if _, err := compactListing([]byte(listing)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v, want …%s…", listing, err, says)
		}
	}
}

func TestListingKeepsWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	got, err := compactListing([]byte("{ \"app\": \"a\",\n \"handlers\": {\"h\": {\"schedule\": \"rate(1 minute)\"}} }\n"))
	if want := `{"app":"a","handlers":{"h":{"schedule":"rate(1 minute)"}}}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}

func FuzzListing(f *testing.F) {
	f.Add([]byte(`{"app":"acme","handlers":{"jobs":{"events":["a.*"],"send_to":["q"],"timeout":60,"batch_size":10}}}`))
	f.Add([]byte(`{"app":"a","handlers":{"h":null},"x":1e400}`))
	f.Fuzz(func(t *testing.T, listing []byte) {
		label, err := compactListing(listing)
		if err != nil {
			return
		}
		want, err := parseApp(listing)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := parseApp(label); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("the label %s reads as %+v, %v; the listing %s as %+v", label, got, err, listing, want)
		}
	})
}
