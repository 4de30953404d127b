package image

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lambda-land/terraform-provider-handler/provider/image/toolchain"
)

// TestLinkerFlagsReachTheLinker asks the program itself.
func TestLinkerFlagsReachTheLinker(t *testing.T) {
	t.Parallel()
	dir := module(t, "-- go.mod --\nmodule example.com/app\ngo 1.24\n-- main.go --\npackage main\n"+
		"import \"os\"\nvar a, b, c, d, e, f, g, h, i string\n"+
		"func main() { os.Stdout.WriteString(a + \"|\" + b + \"|\" + c + \"|\" + d + \"|\" + e + \"|\" + f + \"|\" + g + \"|\" + h + \"|\" + i) }\n")
	src := Source{Package: dir, Ldflags: []string{
		`-X main.a=1`, `-X main.b=two words`, `-X 'main.c=three "more" words'`, `-X=main.d=it's  fine`, `-X "main.e=-v -x"`, ` -X  main.f="quoted" `,
		`-s -w -X main.g=1 -X 'main.h=two words'`, `-X=main.i=1 -v=0`,
	}}
	if err := src.validate(); err != nil {
		t.Fatal(err)
	}
	g, err := newGoCommand(t.Context(), src, toolchain.Cache{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "app")
	if err := g.compile(t.Context(), g.env, binary); err != nil {
		t.Fatal(err)
	}
	if !g.runsHere() {
		t.Skip("the binary does not run here")
	}
	out, err := exec.CommandContext(t.Context(), binary).Output()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`1`, `two words`, `three "more" words`, `it's  fine`, `-v -x`, `"quoted"`, `1`, `two words`, `1`}
	if diff := cmp.Diff(want, strings.Split(string(out), "|")); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}

func TestLinkerFlagsThatCannotBeMeant(t *testing.T) {
	t.Parallel()
	for flag, says := range map[string]string{
		"":                               "does not begin with -",
		"main.version=1":                 "does not begin with -",
		"-X main.a=1 -X 'main.b=2":       "a quote that does not end",
		`-X main.a=it's "all" of 'them'`: "both kinds of quotes",
	} {
		err := Source{Package: ".", Ldflags: []string{"-v", flag}}.validate()
		got, ok := errors.AsType[*SourceError](err)
		if !ok || got.Field != "Ldflags" || got.Index != 1 || !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: got %v, want a *SourceError of element 1 that says %s", flag, err, says)
		}
	}
}
