package image

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	modmodule "golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// acme copies the module of testdata, whose command is below cmd/acme, and returns its directory.
func acme(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/app")); err != nil {
		t.Fatal(err)
	}
	settle(t, dir)
	return dir
}

// settle makes everything in a directory an hour old: what was written a moment before it is listed is listed twice, which takes time.
func settle(t testing.TB, dir string) {
	t.Helper()
	then := time.Now().Add(-time.Hour)
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Type()&fs.ModeSymlink != 0 { // which may lead nowhere
			return err
		}
		return os.Chtimes(path, then, then)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// module writes the files of a txtar archive and returns their directory.
func module(t testing.TB, archive string) string {
	t.Helper()
	dir := t.TempDir()
	if err := txtar.Write(txtar.Parse([]byte(archive)), dir); err != nil {
		t.Fatal(err)
	}
	settle(t, dir)
	return dir
}

// publish returns the address of a module proxy, a directory, that has versions of a module with the same empty package.
func publish(t testing.TB, path string, versions ...string) string {
	t.Helper()
	proxy, files := t.TempDir(), module(t, "-- go.mod --\nmodule "+path+"\ngo 1.22\n-- package.go --\npackage published\n")
	for _, version := range versions {
		base := filepath.Join(proxy, path, "@v", version)
		write(t, "module "+path+"\ngo 1.22\n", base+".mod")
		write(t, `{"Version":"`+version+`"}`, base+".info")
		archive, err := os.Create(base + ".zip")
		if err != nil {
			t.Fatal(err)
		}
		if err := zip.CreateFromDir(archive, modmodule.Version{Path: path, Version: version}, files); err != nil {
			t.Fatal(err)
		}
		if err := archive.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return "file://" + filepath.ToSlash(proxy)
}

// write replaces or makes a file.
func write(t testing.TB, content string, path ...string) {
	t.Helper()
	file := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// edit replaces before by after in a file.
func edit(t testing.TB, before, after string, path ...string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(content), before) {
		t.Fatalf("%s does not contain %q", filepath.Join(path...), before)
	}
	write(t, strings.ReplaceAll(string(content), before, after), path...)
}

// remove removes a file or a directory with all that is in it.
func remove(t testing.TB, path ...string) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(path...)); err != nil {
		t.Fatal(err)
	}
}

// link makes a symbolic link.
func link(t testing.TB, target string, path ...string) {
	t.Helper()
	if err := os.Symlink(target, filepath.Join(path...)); err != nil {
		t.Fatal(err)
	}
}

// recordGo puts a go command first on the PATH that appends its subcommands to a file, runs the line of shell before, and then is the
// real one. It returns a function that returns the subcommands so far.
func recordGo(t *testing.T, before string) func() []string {
	t.Helper()
	path, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	script := "#!/bin/sh\necho \"$1\" >> '" + log + "'\n" + before + "\nexec '" + path + "' \"$@\"\n"
	if err := os.WriteFile(filepath.Join(dir, "go"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	return func() []string {
		lines, err := os.ReadFile(log)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return strings.Fields(string(lines))
	}
}
