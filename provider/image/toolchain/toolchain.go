// Package toolchain gets Go releases where there is no go command to get them. It does what the go command does when it switches
// releases: module golang.org/toolchain comes through the proxies that GOPROXY names, with the credentials of the netrc file, and is
// checked against the checksum database. What it got it keeps in a directory that processes share.
package toolchain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
	modzip "golang.org/x/mod/zip"

	"github.com/lambda-land/terraform-provider-handler/provider/image/filelock"
)

// modulePath of the module whose versions are Go releases, one for each platform.
const modulePath = "golang.org/toolchain"

// direct is the proxy that https://golang.org/toolchain?go-get=1 names, where go looks if GOPROXY says direct.
var direct = &url.URL{Scheme: "https", Host: "go.dev", Path: "/dl/mod"}

// Cache holds the releases that were fetched in a directory. It is safe for concurrent use, and other processes may use the same
// directory.
type Cache struct {
	// Dir is made when needed. All in it may be deleted at any time.
	Dir string
	// Log is told when a fetch begins and ends; it may be nil.
	Log func(ctx context.Context, message string, fields map[string]any)
	// Transport sends the requests; nil means http.DefaultTransport.
	Transport http.RoundTripper
	// Hashes are checksums (h1:…) by module version that need no database; nil means those of the [Default] release.
	Hashes map[string]string
}

// Get returns the root directory of a release, such as 1.26.8, for this machine. It is fetched unless it is there and whole. Errors are an
// *Error, which is [ErrUnknown] if there is no such release, or the cause of ctx's end.
func (c *Cache) Get(ctx context.Context, release string, s Settings) (string, error) {
	name := "go" + release + "." + runtime.GOOS + "-" + runtime.GOARCH
	dir := filepath.Join(c.Dir, name)
	if check(dir) == nil {
		c.touch(dir)
		return dir, nil
	}
	err := c.fetch(ctx, dir, module.Version{Path: modulePath, Version: "v0.0.1-" + name}, s)
	if ctx.Err() != nil {
		return "", fmt.Errorf("fetch Go %s: %w", release, context.Cause(ctx))
	} else if err != nil {
		return "", &Error{Release: release, Err: err, Hint: hint(err, s, c.Dir)}
	}
	return dir, nil
}

// Command returns the path of the go command in a release's root directory.
func Command(root string) string {
	if runtime.GOOS == "windows" {
		return filepath.Join(root, "bin", "go.exe")
	}
	return filepath.Join(root, "bin", "go")
}

// fetch makes dir the release's, unless another process just did.
func (c *Cache) fetch(ctx context.Context, dir string, mod module.Version, s Settings) error {
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return err
	}
	unlock, err := filelock.Lock(ctx, dir+".lock")
	if err != nil {
		return err
	}
	defer unlock()
	if check(dir) == nil {
		c.touch(dir)
		return nil
	}
	stage, err := os.MkdirTemp(c.Dir, stagePrefix)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(stage) }() // what cannot be removed now, prune removes later
	c.log(ctx, "fetching Go", mod, nil)
	if err := c.make(ctx, filepath.Join(stage, "go"), mod, s); err != nil {
		c.log(ctx, "could not fetch Go", mod, err)
		return err
	}
	if _, err := os.Stat(dir); err == nil { // damaged, or check would have taken it
		if err := os.Rename(dir, filepath.Join(stage, "damaged")); err != nil {
			return err
		}
	}
	if err := os.Rename(filepath.Join(stage, "go"), dir); err != nil {
		return err
	}
	c.log(ctx, "fetched Go", mod, nil)
	c.prune()
	return nil
}

// make downloads, checks and unpacks the module into dir.
func (c *Cache) make(ctx context.Context, dir string, mod module.Version, s Settings) error {
	from := newClient(s, c.Transport)
	verify, err := c.verifier(mod, s, from)
	if err != nil {
		return err
	}
	zip := s.downloaded(mod)
	hash, err := dirhash.HashZip(zip, dirhash.Hash1)
	if err != nil || verify(ctx, hash) != nil {
		zip = dir + ".zip"
		if err := download(ctx, zip, mod, s, from); err != nil {
			return err
		}
		if hash, err = dirhash.HashZip(zip, dirhash.Hash1); err != nil {
			return fmt.Errorf("read the zip of %s: %w", mod, err)
		}
		if err := verify(ctx, hash); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return unpack(dir, mod, zip)
}

// downloaded returns the path of the module's zip in go's module cache, where it is if a go command has fetched it.
func (s Settings) downloaded(mod module.Version) string {
	cache := s.moduleCache()
	if cache == "" {
		return ""
	}
	return filepath.Join(cache, "cache", "download", filepath.FromSlash(mod.Path), "@v", mod.Version+".zip")
}

// download writes the module's zip to a file.
func download(ctx context.Context, path string, mod module.Version, s Settings, from *client) error {
	private := s.Get("GONOPROXY")
	if private == "" {
		private = s.Get("GOPRIVATE")
	}
	proxies := []proxy{{word: "direct"}}
	if !module.MatchPrefixPatterns(private, mod.Path) {
		var err error
		if proxies, err = parseProxies(s.Get("GOPROXY")); err != nil {
			return err
		}
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	err = try(proxies, func(p proxy) error {
		base := p.base
		switch p.word {
		case "off":
			return errProxyOff
		case "direct":
			base = direct
		}
		return downloadFrom(ctx, base.JoinPath(mod.Path, "@v", mod.Version+".zip"), file, from)
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	return errors.Join(err, file.Close())
}

func downloadFrom(ctx context.Context, address *url.URL, file *os.File, from *client) error {
	body, err := from.get(ctx, address)
	if err != nil {
		return err
	}
	defer body.Close()
	if err := file.Truncate(0); err != nil {
		return err
	}
	size, err := io.Copy(io.NewOffsetWriter(file, 0), io.LimitReader(body, modzip.MaxZipFile+1))
	if err == nil && size > modzip.MaxZipFile {
		err = errors.New("larger than a module may be")
	}
	if err != nil {
		return fmt.Errorf("GET %s: %w", shown(address), err)
	}
	return nil
}

func (c *Cache) log(ctx context.Context, message string, mod module.Version, err error) {
	if c.Log == nil {
		return
	}
	fields := map[string]any{"module": mod.String()}
	if err != nil {
		fields["error"] = err.Error()
	}
	c.Log(ctx, message, fields)
}
