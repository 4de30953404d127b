package image

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// linked makes a symbolic link below a directory.
func linked(t testing.TB, target string, path ...string) {
	t.Helper()
	if err := os.Symlink(target, filepath.Join(path...)); err != nil {
		t.Fatal(err)
	}
}

func TestAddedFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	long := strings.Repeat("long/", 60) + "ö.txt"
	for name, content := range map[string]string{
		"acme.yaml": "a: 1", "conf/a.yaml": "a", "conf/sub/b.sh": "b", "conf/" + long: "deep", "empty": "",
	} {
		write(t, content, dir, name)
	}
	if err := os.MkdirAll(filepath.Join(dir, "conf", "nothing"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "conf", "a.yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	linked(t, "sub/b.sh", dir, "conf", "file-link")
	linked(t, filepath.Join(dir, "conf", "sub"), dir, "conf", "directory-link")
	linked(t, "conf", dir, "link-to-conf")
	b := NewBuilder(t.TempDir(), NewRegistry(nil))
	src := Source{Files: map[string]string{
		"/etc/acme.yaml": filepath.Join(dir, "acme.yaml"),
		"/opt/conf":      filepath.Join(dir, "link-to-conf"),
		"/opt/empty":     filepath.Join(dir, "empty"),
	}}
	built := mustPack(t, b, src)
	if err := validate.Image(built.Image); err != nil {
		t.Error(err)
	}
	want := map[string]string{
		"/etc": "/", "/etc/acme.yaml": "a: 1", "/opt": "/", "/opt/empty": "", "/opt/conf": "/", "/opt/conf/a.yaml": "a",
		"/opt/conf/sub": "/", "/opt/conf/sub/b.sh": "b", "/opt/conf/nothing": "/",
		"/opt/conf/file-link": "b", "/opt/conf/directory-link": "/", "/opt/conf/directory-link/b.sh": "b", "/opt/conf/" + long: "deep",
	}
	for dir := filepath.Dir("/opt/conf/" + long); dir != "/opt/conf"; dir = filepath.Dir(dir) {
		want[dir] = "/"
	}
	if diff := cmp.Diff(want, filesOf(t, layerAt(t, built.Image, -2))); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	write(t, "a: 2", dir, "acme.yaml")
	if changed := mustPack(t, b, src); changed.Fingerprint == built.Fingerprint || changed.Digest == built.Digest {
		t.Error("a changed file changes nothing")
	}
	write(t, "a: 1", dir, "acme.yaml")
	same := mustPack(t, NewBuilder(t.TempDir(), NewRegistry(nil)), src)
	if same.Fingerprint != built.Fingerprint || same.Digest != built.Digest {
		t.Error("the same files make another image")
	}
}

func TestFilesThatCannotBeAdded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	write(t, "x", dir, "file")
	write(t, "x", dir, "tree", "file")
	write(t, "x", dir, "outside", "secret")
	write(t, "x", dir, "leaves", "file")
	linked(t, "../outside/secret", dir, "leaves", "link")
	write(t, "x", dir, "loops", "file")
	linked(t, ".", dir, "loops", "again")
	if err := os.Mkdir(in("dangles"), 0o755); err != nil {
		t.Fatal(err)
	}
	linked(t, "nowhere", dir, "dangles", "link")
	write(t, "", dir, "hides", ".wh.hosts")
	for name, c := range map[string]struct {
		files tree
		key   string
		says  []string
	}{
		"missing":           {tree{"/etc/a": in("none/at/all")}, "/etc/a", []string{in("none/at/all"), "where Terraform runs"}},
		"no local path":     {tree{"/etc/a": ""}, "/etc/a", []string{"give a path"}},
		"not absolute":      {tree{"etc/a": dir}, "etc/a", []string{"not absolute", "begin it with /"}},
		"unclean":           {tree{"/etc/../a": dir}, "/etc/../a", []string{"write /a"}},
		"slash at the end":  {tree{"/etc/": dir}, "/etc/", []string{"write /etc"}},
		"root":              {tree{"/": dir}, "/", []string{"whole image"}},
		"mounted":           {tree{"/tmp/a": dir}, "/tmp/a", []string{"Lambda puts its own"}},
		"whiteout":          {tree{"/opt/.wh.lib/a": in("file")}, "/opt/.wh.lib/a", []string{".wh.lib", "take files away"}},
		"whiteout below":    {tree{"/etc/a": in("hides")}, "/etc/a", []string{in("hides/.wh.hosts"), "take files away"}},
		"device":            {tree{"/etc/a": os.DevNull}, "/etc/a", []string{os.DevNull, "neither a file nor a directory"}},
		"link that leaves":  {tree{"/etc/a": in("leaves")}, "/etc/a", []string{"link", "out of", "secret"}},
		"link in circles":   {tree{"/etc/a": in("loops")}, "/etc/a", []string{"in itself"}},
		"dangling link":     {tree{"/etc/a": in("dangles")}, "/etc/a", []string{in("dangles/link")}},
		"the binary":        {tree{"/app": in("file")}, "/app", []string{"/app", "the image itself"}},
		"below the binary":  {tree{"/app/a": in("file")}, "/app/a", []string{"/app", "the image itself"}},
		"the certificates":  {tree{certificatesPath: in("file")}, certificatesPath, []string{"the image itself"}},
		"above those":       {tree{"/etc/ssl": in("file")}, "/etc/ssl", []string{"a file at /etc/ssl", "a directory"}},
		"file in a file":    {tree{"/a": in("file"), "/a/b": in("file")}, "/a/b", []string{`files["/a"] has a file`}},
		"twice":             {tree{"/a": in("tree"), "/a/file": in("file")}, "/a/file", []string{`files["/a"]`}},
		"file on directory": {tree{"/a/file/x": in("file"), "/a": in("tree")}, "/a/file/x", []string{`files["/a"]`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cache := filepath.Join(t.TempDir(), "cache")
			_, err := NewBuilder(cache, NewRegistry(nil)).resolve(t.Context(), Source{Files: c.files})
			refused(t, err, SourceError{Field: "Files", Key: c.key}, c.says...)
			if _, err := os.Stat(cache); err == nil {
				t.Error("something was written")
			}
		})
	}
}

func TestFilesBesideWhatTheImageHas(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, "x", dir, "corp.crt")
	src := Source{Files: map[string]string{"/etc/ssl/certs": dir, "/apps/app": filepath.Join(dir, "corp.crt")}}
	built := mustPack(t, NewBuilder(t.TempDir(), NewRegistry(nil)), src)
	if got := filesOf(t, layerAt(t, built.Image, -2)); got["/etc/ssl/certs/corp.crt"] != "x" || got["/apps/app"] != "x" {
		t.Errorf("the image has %v", got)
	}
}

func TestFilesThatChangeWhileTheyArePacked(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(t *testing.T, file string){
		"other":   func(t *testing.T, file string) { write(t, "other", file) },
		"longer":  func(t *testing.T, file string) { write(t, "before and more", file) },
		"shorter": func(t *testing.T, file string) { write(t, "be", file) },
		"gone":    func(t *testing.T, file string) { remove(t, file) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "file")
			write(t, "before", file)
			b := NewBuilder(t.TempDir(), NewRegistry(nil))
			contents, err := b.resolve(t.Context(), Source{Files: map[string]string{"/etc/file": file}})
			if err != nil {
				t.Fatal(err)
			}
			change(t, file)
			stage, err := b.cache.newStage()
			if err != nil {
				t.Fatal(err)
			}
			write(t, "binary", stage.dir, "app")
			if _, err := stage.pack(t.Context(), contents, filepath.Join(stage.dir, "app")); !errors.Is(err, errSourceChanged) {
				t.Errorf("got %v, want errSourceChanged", err)
			}
			stage.remove()
			if left := filesIn(t, b.cache.dir); len(left) > 0 {
				t.Errorf("left are %v", left)
			}
		})
	}
}
