package secretenv_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lambda-land/terraform-provider-handler/sdk/secretenv"
)

func TestParse(t *testing.T) {
	t.Parallel()
	got, problems := secretenv.Parse([]byte(` {"TEXT":"a\"b\n=ü","NUMBER":12345678901234567890.10,
		"object":{ "a" : [1, "x y"] },"_1":true,"EMPTY":""} `))
	want := map[string]string{"TEXT": "a\"b\n=ü", "NUMBER": "12345678901234567890.10", "object": `{"a":[1,"x y"]}`, "_1": "true", "EMPTY": ""}
	if diff := cmp.Diff(want, got); diff != "" || len(problems) > 0 {
		t.Errorf("got %v, and variables (-want +got):\n%s", problems, diff)
	}
}

// TestParseTellsAllProblems has good members among them, of which nothing may come.
func TestParseTellsAllProblems(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", 61)
	got, problems := secretenv.Parse([]byte(`{"A":"hunter2","b.c":"hunter2","HANDLER_X":"hunter2","A":"hunter2","D":null,
		"E":"hunter2\u0000","` + long + `":1}`))
	var texts []string
	for _, problem := range problems {
		texts = append(texts, problem.Key+": "+problem.Text)
	}
	short := long[:2*59] + "…"
	want := []string{
		`b.c: its key "b.c" is no name of an environment variable`,
		`HANDLER_X: its key "HANDLER_X" is reserved for Lambda and the SDK`,
		`A: its key "A" is there twice`,
		`D: the value of its key "D" is null`,
		`E: the value of its key "E" holds a NUL character, which an environment variable cannot`,
		short + `: its key "` + short + `" is no name of an environment variable`,
	}
	if diff := cmp.Diff(want, texts); diff != "" || got != nil {
		t.Errorf("got %v, and problems (-want +got):\n%s", got, diff)
	}
}

func TestOwners(t *testing.T) {
	t.Parallel()
	owners := secretenv.Owners{}
	add := func(secret string, keys ...string) (texts []string) {
		for _, problem := range owners.Add(secret, slices.Values(keys)) {
			texts = append(texts, problem.Key+": "+problem.String())
		}
		return texts
	}
	if got := add("one", "A", "B"); got != nil {
		t.Errorf("the first secret: got %v", got)
	}
	if got := add("one", "B", "A"); got != nil {
		t.Errorf("the first secret again: got %v", got)
	}
	want := []string{
		`A: its key "A" is also in secret one; rename it, or remove one of the two`,
		`B: its key "B" is also in secret one; rename it, or remove one of the two`,
	}
	if diff := cmp.Diff(want, add("two", "C", "B", "A")); diff != "" {
		t.Errorf("the second secret (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(secretenv.Owners{"A": "one", "B": "one", "C": "two"}, owners); diff != "" {
		t.Errorf("owners (-want +got):\n%s", diff)
	}
	if got := add("three", slices.Collect(maps.Keys(map[string]string(nil)))...); got != nil {
		t.Errorf("a secret without keys: got %v", got)
	}
}
