package sdk_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"testing"
)

// unresolved is a link in a comment that leads nowhere, as Markdown has it.
var unresolved = regexp.MustCompile(`\\\[\*?[A-Za-z_/.]+\]`)

// TestTheManualNamesWhatThereIs follows the links in the documentation of packages, and looks whether their examples run.
func TestTheManualNamesWhatThereIs(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{".", "sdktest", "idempotency", "idempotency/dynamostore", "sdkotel"} {
		p := documentation(t, dir)
		comments := map[string]string{"the package": p.Doc}
		examples := p.Examples
		functions := func(all []*doc.Func) {
			for _, f := range all {
				comments[f.Name] = f.Doc
				examples = append(examples, f.Examples...)
			}
		}
		functions(p.Funcs)
		for _, typ := range p.Types {
			comments[typ.Name] = typ.Doc
			examples = append(examples, typ.Examples...)
			functions(typ.Funcs)
			functions(typ.Methods)
		}
		for name, comment := range comments {
			if links := unresolved.FindAllString(string(p.Markdown(comment)), -1); len(links) > 0 {
				t.Errorf("%s: the comment of %s names %s", dir, name, links)
			}
		}
		for _, e := range examples {
			if e.Output == "" && !e.EmptyOutput {
				t.Errorf("%s: example %q of %s has no output, so it never runs", dir, e.Suffix, e.Name)
			}
		}
	}
}

// documentation reads that of the package in a directory.
func documentation(t *testing.T, dir string) *doc.Package {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	var files []*ast.File
	for _, path := range paths {
		file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	p, err := doc.NewFromFiles(set, files, module+"sdk/"+dir)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
