package image

import (
	"os"
	"path/filepath"
	"testing"
)

// workspace is a module with another one replaced, one in a workspace to be, embedded files of all kinds, and packages that it does not use.
const workspace = `
-- app/go.mod --
module example.com/app
go 1.24
require example.com/library v0.0.0
require example.com/published v1.0.0
replace example.com/library => ../library
-- app/cmd/acme/main.go --
package main

import (
	"embed"

	_ "example.com/app/inner/deep"
	_ "example.com/library/part"
	_ "example.com/published"
)

//go:embed pages all:hidden texts/*/*.txt one.txt
var files embed.FS

func main() {}
-- app/cmd/acme/one.txt --
1
-- app/cmd/acme/pages/index.html --
index
-- app/cmd/acme/pages/sub/a.html --
a
-- app/cmd/acme/hidden/.dot/x --
x
-- app/cmd/acme/texts/de/a.txt --
a
-- app/cmd/acme/texts/en/a.txt --
a
-- app/inner/deep/deep.go --
package deep
-- app/inner/deep/deep_test.go --
package deep
-- app/unused/unused.go --
package unused
-- library/go.mod --
module example.com/library
go 1.24
-- library/part/part.go --
package part
-- library/unused/unused.go --
package unused
-- other/go.mod --
module example.com/library
go 1.22
-- other/part/part.go --
package part
// another one
`

// edits of the workspace that change what go list says, or do not, or make it fail; each on top of those before. None may go unnoticed.
var edits = []struct {
	name string
	edit func(t *testing.T, dir string, src *Source)
}{
	{"go.sum is missing", func(*testing.T, string, *Source) {}},
	{"go.sum may be written", func(_ *testing.T, _ string, src *Source) { src.Env["GOFLAGS"] = "-modcacherw -mod=mod" }},
	{"settings as before", func(_ *testing.T, _ string, src *Source) { src.Env["GOFLAGS"] = "-modcacherw" }},
	{"changed file", func(t *testing.T, dir string, _ *Source) {
		write(t, "package deep // 1\n", dir, "app/inner/deep/deep.go")
	}},
	{"new file", func(t *testing.T, dir string, _ *Source) { write(t, "package deep\n", dir, "app/inner/deep/new.go") }},
	{"removed file", func(t *testing.T, dir string, _ *Source) { remove(t, dir, "app/inner/deep/new.go") }},
	{"file for another system", func(t *testing.T, dir string, _ *Source) {
		write(t, "package deep\n", dir, "app/inner/deep/new_windows.go")
	}},
	{"build tag added", func(t *testing.T, dir string, _ *Source) {
		write(t, "//go:build extra\npackage deep\n", dir, "app/inner/deep/tagged.go")
	}},
	{"tag wanted", func(_ *testing.T, _ string, src *Source) { src.Tags = []string{"extra"} }},
	{"build tag removed", func(t *testing.T, dir string, _ *Source) { write(t, "package deep\n", dir, "app/inner/deep/tagged.go") }},
	{"tag not wanted", func(_ *testing.T, _ string, src *Source) { src.Tags = nil }},
	{"import added", func(t *testing.T, dir string, _ *Source) {
		write(t, "package deep\nimport _ \"example.com/app/unused\"\n", dir, "app/inner/deep/deep.go")
	}},
	{"package of the import changed", func(t *testing.T, dir string, _ *Source) {
		write(t, "package unused // 1\n", dir, "app/unused/unused.go")
	}},
	{"import of the standard library added", func(t *testing.T, dir string, _ *Source) {
		write(t, "package deep\nimport _ \"strings\"\n", dir, "app/inner/deep/more.go")
	}},
	{"import that is missing", func(t *testing.T, dir string, _ *Source) {
		write(t, "package unused\nimport _ \"example.com/app/later\"\n", dir, "app/unused/unused.go")
	}},
	{"missing package appears", func(t *testing.T, dir string, _ *Source) { write(t, "package later\n", dir, "app/later/later.go") }},
	{"assembly", func(t *testing.T, dir string, _ *Source) { write(t, "", dir, "app/later/later.s") }},
	{"header", func(t *testing.T, dir string, _ *Source) { write(t, "", dir, "app/later/later.h") }},
	{"object", func(t *testing.T, dir string, _ *Source) { write(t, "", dir, "app/later/later.syso") }},
	{"object changed", func(t *testing.T, dir string, _ *Source) { write(t, "x", dir, "app/later/later.syso") }},
	{"C file", func(t *testing.T, dir string, _ *Source) { write(t, "", dir, "app/later/later.c") }},
	{"C file removed", func(t *testing.T, dir string, _ *Source) { remove(t, dir, "app/later/later.c") }},
	{"test does not parse", func(t *testing.T, dir string, _ *Source) { write(t, "pakage", dir, "app/inner/deep/deep_test.go") }},
	{"test parses", func(t *testing.T, dir string, _ *Source) {
		write(t, "package deep", dir, "app/inner/deep/deep_test.go")
	}},
	{"embedded file changed", func(t *testing.T, dir string, _ *Source) { write(t, "2", dir, "app/cmd/acme/one.txt") }},
	{"embedded file added", func(t *testing.T, dir string, _ *Source) { write(t, "b", dir, "app/cmd/acme/pages/sub/b.html") }},
	{"embedded directory added", func(t *testing.T, dir string, _ *Source) { write(t, "b", dir, "app/cmd/acme/pages/new/deep/b.html") }},
	{"hidden file not embedded", func(t *testing.T, dir string, _ *Source) { write(t, "b", dir, "app/cmd/acme/pages/.b") }},
	{"hidden file embedded", func(t *testing.T, dir string, _ *Source) { write(t, "b", dir, "app/cmd/acme/hidden/.dot/y") }},
	{"match of a pattern added", func(t *testing.T, dir string, _ *Source) { write(t, "a", dir, "app/cmd/acme/texts/fr/a.txt") }},
	{"match of a pattern removed", func(t *testing.T, dir string, _ *Source) { remove(t, dir, "app/cmd/acme/texts/en/a.txt") }},
	{"module among embedded files", func(t *testing.T, dir string, _ *Source) {
		write(t, "module example.com/nested\n", dir, "app/cmd/acme/pages/sub/go.mod")
	}},
	{"module among embedded files removed", func(t *testing.T, dir string, _ *Source) { remove(t, dir, "app/cmd/acme/pages/sub/go.mod") }},
	{"embedded file becomes a link", func(t *testing.T, dir string, _ *Source) {
		remove(t, dir, "app/cmd/acme/pages/sub/a.html")
		write(t, "a\n", dir, "app/cmd/acme/same.html")
		link(t, "../../same.html", dir, "app/cmd/acme/pages/sub/a.html")
	}},
	{"pattern changed", func(t *testing.T, dir string, _ *Source) { edit(t, "one.txt", "two.*", dir, "app/cmd/acme/main.go") }},
	{"pattern matches", func(t *testing.T, dir string, _ *Source) { write(t, "2", dir, "app/cmd/acme/two.txt") }},
	{"profile", func(t *testing.T, dir string, _ *Source) { write(t, "x", dir, "app/cmd/acme/default.pgo") }},
	{"profile removed", func(t *testing.T, dir string, _ *Source) { remove(t, dir, "app/cmd/acme/default.pgo") }},
	{"module in the way", func(t *testing.T, dir string, _ *Source) {
		write(t, "module example.com/app/inner\n", dir, "app/inner/go.mod")
	}},
	{"module out of the way", func(t *testing.T, dir string, _ *Source) { remove(t, dir, "app/inner/go.mod") }},
	{"module around the command", func(t *testing.T, dir string, _ *Source) {
		write(t, "module example.com/app/cmd\ngo 1.24\n", dir, "app/cmd/go.mod")
	}},
	{"no module around the command", func(t *testing.T, dir string, _ *Source) { remove(t, dir, "app/cmd/go.mod") }},
	{"version of the language", func(t *testing.T, dir string, _ *Source) { edit(t, "go 1.24", "go 1.23", dir, "app/go.mod") }},
	{"version of a replaced module's language", func(t *testing.T, dir string, _ *Source) {
		edit(t, "go 1.24", "go 1.22", dir, "library/go.mod")
	}},
	{"comment in go.mod", func(t *testing.T, dir string, _ *Source) { edit(t, "go 1.23", "go 1.23 // old", dir, "app/go.mod") }},
	{"go.sum has another checksum", func(t *testing.T, dir string, _ *Source) {
		edit(t, "published v1.0.0 h1:", "published v1.0.0 h1:x", dir, "app/go.sum")
	}},
	{"go.sum as before", func(t *testing.T, dir string, _ *Source) { edit(t, "h1:x", "h1:", dir, "app/go.sum") }},
	{"godebug", func(t *testing.T, dir string, _ *Source) {
		edit(t, "go 1.23 // old", "go 1.23\ngodebug panicnil=1", dir, "app/go.mod")
	}},
	{"replaced by another directory", func(t *testing.T, dir string, _ *Source) { edit(t, "../library", "../other", dir, "app/go.mod") }},
	{"replaced module changed", func(t *testing.T, dir string, _ *Source) { write(t, "package part\n", dir, "other/part/part.go") }},
	{"replacement has no such package", func(t *testing.T, dir string, _ *Source) { remove(t, dir, "other/part/part.go") }},
	{"replacement is a link", func(t *testing.T, dir string, _ *Source) {
		link(t, "library", dir, "linked")
		edit(t, "../other", "../linked", dir, "app/go.mod")
	}},
	{"the link leads elsewhere", func(t *testing.T, dir string, _ *Source) {
		write(t, "package part // third\n", dir, "third/part/part.go")
		write(t, "module example.com/library\ngo 1.22\n", dir, "third/go.mod")
		remove(t, dir, "linked")
		link(t, "third", dir, "linked")
	}},
	{"package becomes a link", func(t *testing.T, dir string, _ *Source) {
		if err := os.Rename(filepath.Join(dir, "app/later"), filepath.Join(dir, "later")); err != nil {
			t.Fatal(err)
		}
		link(t, "../later", dir, "app/later")
	}},
	{"package behind a link changed", func(t *testing.T, dir string, _ *Source) { write(t, "package later // 1", dir, "later/later.go") }},
	{"other module file", func(t *testing.T, dir string, src *Source) {
		write(t, "module example.com/app\ngo 1.24\nrequire example.com/library v0.0.0\nrequire example.com/published v1.0.0\nreplace example.com/library => ../library\n",
			dir, "app/other.mod")
		copyFile(t, dir, "app/go.sum", "app/other.sum")
		src.Env["GOFLAGS"] = "-modcacherw -modfile=other.mod"
	}},
	{"other module file's sums are gone", func(t *testing.T, dir string, _ *Source) { write(t, "", dir, "app/other.sum") }},
	{"other module file's sums are written", func(_ *testing.T, _ string, src *Source) {
		src.Env["GOFLAGS"] = "-modcacherw -modfile=other.mod -mod=mod"
	}},
	{"other module file changed", func(t *testing.T, dir string, _ *Source) { edit(t, "go 1.24", "go 1.22", dir, "app/other.mod") }},
	{"modules may change", func(_ *testing.T, _ string, src *Source) { src.Env["GOFLAGS"] = "-modcacherw -mod=mod" }},
	{"settings as before once more", func(_ *testing.T, _ string, src *Source) { src.Env["GOFLAGS"] = "-modcacherw" }},
	{"another architecture", func(_ *testing.T, _ string, src *Source) { src.Architecture = "arm64" }},
	{"empty vendor directory", func(t *testing.T, dir string, _ *Source) {
		if err := os.Mkdir(filepath.Join(dir, "app/vendor"), 0o755); err != nil {
			t.Fatal(err)
		}
	}},
	{"vendor directory", func(t *testing.T, dir string, _ *Source) {
		write(t, "package part // vendored\n", dir, "app/vendor/example.com/library/part/part.go")
		write(t, "package published // vendored\n", dir, "app/vendor/example.com/published/package.go")
	}},
	{"list of what is vendored", func(t *testing.T, dir string, _ *Source) {
		write(t, "# example.com/library v0.0.0 => ../linked\n## explicit; go 1.24\nexample.com/library/part\n"+
			"# example.com/published v1.0.0\n## explicit; go 1.22\nexample.com/published\n# example.com/library => ../linked\n", dir, "app/vendor/modules.txt")
	}},
	{"vendored package changed", func(t *testing.T, dir string, _ *Source) {
		write(t, "package part // vendored 1\n", dir, "app/vendor/example.com/library/part/part.go")
	}},
	{"broken list of what is vendored", func(t *testing.T, dir string, _ *Source) {
		edit(t, "## explicit", "## implicit", dir, "app/vendor/modules.txt")
	}},
	{"whole list of what is vendored", func(t *testing.T, dir string, _ *Source) {
		edit(t, "## implicit", "## explicit", dir, "app/vendor/modules.txt")
	}},
	{"more is said to be vendored", func(t *testing.T, dir string, _ *Source) {
		edit(t, "example.com/library/part\n", "example.com/library/part\nexample.com/app/unused\n", dir, "app/vendor/modules.txt")
	}},
	{"package both vendored and not", func(t *testing.T, dir string, _ *Source) {
		write(t, "package unused\n", dir, "app/vendor/example.com/app/unused/unused.go")
	}},
	{"vendor directory gone", func(t *testing.T, dir string, _ *Source) { remove(t, dir, "app/vendor") }},
	{"workspace", func(t *testing.T, dir string, _ *Source) { write(t, "go 1.24\nuse ./app\n", dir, "go.work") }},
	{"workspace has the module", func(t *testing.T, dir string, _ *Source) {
		write(t, "go 1.24\nuse (\n./app\n./other\n)\n", dir, "go.work")
	}},
	{"package of the workspace", func(t *testing.T, dir string, _ *Source) {
		write(t, "package part // here\n", dir, "other/part/part.go")
	}},
	{"workspace replaces the module", func(t *testing.T, dir string, _ *Source) {
		write(t, "go 1.24\nuse ./app\nreplace example.com/library => ./third\n", dir, "go.work")
	}},
	{"workspace's replacement changed", func(t *testing.T, dir string, _ *Source) { edit(t, "go 1.22", "go 1.21", dir, "third/go.mod") }},
	{"sums of the workspace", func(t *testing.T, dir string, _ *Source) {
		if err := os.Rename(filepath.Join(dir, "app/go.sum"), filepath.Join(dir, "go.work.sum")); err != nil {
			t.Fatal(err)
		}
	}},
	{"no sums", func(t *testing.T, dir string, _ *Source) { write(t, "", dir, "go.work.sum") }},
	{"sums again", func(t *testing.T, dir string, _ *Source) { copyFile(t, dir, "app/other.sum", "app/go.sum") }},
	{"workspace turned off", func(_ *testing.T, _ string, src *Source) { src.Env["GOWORK"] = "off" }},
	{"workspace turned on", func(_ *testing.T, _ string, src *Source) { delete(src.Env, "GOWORK") }},
	{"workspace without the app", func(t *testing.T, dir string, _ *Source) { write(t, "go 1.24\nuse ./library\n", dir, "go.work") }},
	{"no workspace", func(t *testing.T, dir string, _ *Source) { remove(t, dir, "go.work") }},
	{"two modules with the package", func(t *testing.T, dir string, _ *Source) {
		edit(t, "replace example.com/library => ../linked", "require example.com/app/unused v0.0.0\nreplace (\nexample.com/library => ../linked\n"+
			"example.com/app/unused => ../nested\n)", dir, "app/go.mod")
		write(t, "module example.com/app/unused\ngo 1.22\n", dir, "nested/go.mod")
	}},
	{"package in both of them", func(t *testing.T, dir string, _ *Source) { write(t, "package unused\n", dir, "nested/unused.go") }},
	{"package in the other only", func(t *testing.T, dir string, _ *Source) { remove(t, dir, "app/unused") }},
	{"no longer a command", func(t *testing.T, dir string, _ *Source) {
		edit(t, "package main", "package acme", dir, "app/cmd/acme/main.go")
	}},
}
