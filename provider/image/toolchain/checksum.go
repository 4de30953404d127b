package toolchain

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/lockedfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb"
	"golang.org/x/mod/sumdb/note"
)

// pinned are the checksums of [Default], as sum.golang.org has them: where that cannot be reached, one release is known to be genuine.
var pinned = map[string]string{
	"v0.0.1-go1.26.8.linux-amd64":  "h1:ZOmGe1OnfREDMIdb1Qi4G9JSuDPBLGExZMQ4nis1RXM=",
	"v0.0.1-go1.26.8.linux-arm64":  "h1:sYL/O6MqS68ML0kjsQ36WoYIpJqkw60TxizWUYUKQMc=",
	"v0.0.1-go1.26.8.darwin-arm64": "h1:dFjGhY6f8DTsY8/rLchUTDRRfjJP4pCrGCwxvHFT2Fg=",
	"v0.0.1-go1.26.8.darwin-amd64": "h1:7/9KPPN8PckcA9s91hm2jmQMhzW4KyTJXHIs45L0C9M=",
}

// databaseKeys of the checksum databases that go knows by name.
var databaseKeys = map[string]string{
	"sum.golang.org": "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
}

// maxAnswer of a checksum database in bytes, far above any.
const maxAnswer = 1 << 20

// errNoDatabase is a GOSUMDB that is off.
var errNoDatabase = errors.New("the checksum database is turned off by GOSUMDB=off")

// verifier returns what checks a zip's h1: hash. There is nothing to check, as for go, only where GOPROXY is a single directory of this
// machine and the database is turned off for the module: a toolchain is in no go.sum.
func (c *Cache) verifier(mod module.Version, s Settings, from *client) (func(ctx context.Context, hash string) error, error) {
	compare := func(got, want, source string) error {
		if got != want {
			return &checksumError{module: mod, got: got, want: want, source: source}
		}
		return nil
	}
	hashes := c.Hashes
	if hashes == nil {
		hashes = pinned
	}
	if want := hashes[mod.Version]; want != "" {
		return func(_ context.Context, hash string) error { return compare(hash, want, "this provider") }, nil
	}
	if isExempt(mod.Path, s) {
		return func(context.Context, string) error { return nil }, nil
	}
	db, err := newDatabase(s, from, filepath.Join(c.Dir, "sumdb"))
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, hash string) error {
		want, err := db.lookup(ctx, mod)
		if err != nil {
			return err
		}
		return compare(hash, want, "checksum database "+db.name)
	}, nil
}

// checksumError is a zip that is not the one that was published.
type checksumError struct {
	module            module.Version
	got, want, source string
}

// Error says what came and what should have.
func (e *checksumError) Error() string {
	return fmt.Sprintf("what was downloaded is not %s: its checksum is %s, and %s has %s", e.module, e.got, e.source, e.want)
}

func isExempt(path string, s Settings) bool {
	proxies := s.Get("GOPROXY")
	isDirectory := strings.HasPrefix(proxies, "file://") && !strings.ContainsAny(proxies, ",|")
	private := s.Get("GONOSUMDB")
	if private == "" {
		private = s.Get("GOPRIVATE")
	}
	return isDirectory && (s.Get("GOSUMDB") == "off" || module.MatchPrefixPatterns(private, path))
}

// database is a checksum database for one lookup: what [sumdb.Client] needs.
type database struct {
	ctx     context.Context // of the lookup
	client  *client
	key     string
	name    string
	dir     string // of the latest signed tree that was seen, which every later one has to continue
	base    *url.URL
	proxies []proxy // that may pass requests on to it
	direct  *url.URL
	alarm   string
}

// newDatabase reads GOSUMDB: a name or key, and optionally an address.
func newDatabase(s Settings, from *client, dir string) (*database, error) {
	setting := s.Get("GOSUMDB")
	switch setting {
	case "off":
		return nil, errNoDatabase
	case "sum.golang.google.cn": // another name for the same database, reachable in China
		setting = "sum.golang.org https://sum.golang.google.cn"
	}
	words := strings.Fields(setting)
	if len(words) == 0 || len(words) > 2 {
		return nil, errors.New("GOSUMDB is not a name or key and an address")
	}
	key := words[0]
	if known := databaseKeys[key]; known != "" {
		key = known
	}
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return nil, fmt.Errorf("GOSUMDB is not a name that go knows, nor a key: %w", err)
	}
	db := &database{client: from, key: key, name: verifier.Name(), dir: dir}
	db.direct, err = url.Parse("https://" + db.name)
	if err != nil || db.direct.Host == "" || db.direct.User != nil || db.direct.RawQuery != "" || db.direct.Fragment != "" {
		return nil, fmt.Errorf("GOSUMDB: the key's name %q is no host", db.name)
	}
	if len(words) == 2 {
		if db.base, err = url.Parse(words[1]); err != nil {
			return nil, errors.New("GOSUMDB has an address that is none")
		}
		return db, nil
	}
	db.proxies, err = parseProxies(s.Get("GOPROXY"))
	return db, err
}

// lookup returns the module's h1: hash.
func (d *database) lookup(ctx context.Context, mod module.Version) (string, error) {
	d.ctx = ctx
	lines, err := d.lines(mod)
	if d.alarm != "" {
		err = fmt.Errorf("it cannot be trusted: %s", strings.TrimSpace(d.alarm))
	}
	if err != nil {
		return "", fmt.Errorf("ask checksum database %s for %s: %w", d.name, mod, err)
	}
	for _, line := range lines {
		if words := strings.Fields(line); len(words) == 3 && words[0] == mod.Path && words[1] == mod.Version {
			return words[2], nil
		}
	}
	return "", fmt.Errorf("checksum database %s has no checksum of %s", d.name, mod)
}

func (d *database) lines(mod module.Version) ([]string, error) {
	if d.base == nil {
		if err := d.choose(); err != nil {
			return nil, err
		}
	}
	return sumdb.NewClient(d).Lookup(mod.Path, mod.Version)
}

// choose decides whether a proxy is asked or the database itself: the first proxy that passes requests on to it, itself if none does.
func (d *database) choose() error {
	err := try(d.proxies, func(p proxy) error {
		if p.base == nil {
			return fs.ErrNotExist
		}
		base := p.base.JoinPath("sumdb", d.name)
		if _, err := d.read(base.JoinPath("supported")); err != nil {
			return err
		}
		d.base = base
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		d.base, err = d.direct, nil
	}
	return err
}

func (d *database) read(address *url.URL) ([]byte, error) {
	body, err := d.client.get(d.ctx, address)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(io.LimitReader(body, maxAnswer))
}

// ReadRemote reads from the database.
func (d *database) ReadRemote(path string) ([]byte, error) { return d.read(d.base.JoinPath(path)) }

// ReadConfig returns the database's key, or the latest tree.
func (d *database) ReadConfig(file string) ([]byte, error) {
	if file == "key" {
		return []byte(d.key), nil
	}
	data, err := lockedfile.Read(filepath.Join(d.dir, filepath.FromSlash(file)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // nothing was seen yet
	}
	return data, err
}

// WriteConfig replaces the latest tree unless another process was faster.
func (d *database) WriteConfig(file string, before, now []byte) error {
	path := filepath.Join(d.dir, filepath.FromSlash(file))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return lockedfile.Transform(path, func(there []byte) ([]byte, error) {
		if len(there) > 0 && !bytes.Equal(there, before) {
			return nil, sumdb.ErrWriteConflict
		}
		return now, nil
	})
}

// ReadCache has nothing: releases are fetched too seldom.
func (d *database) ReadCache(string) ([]byte, error) { return nil, fs.ErrNotExist }

// WriteCache keeps nothing.
func (d *database) WriteCache(string, []byte) {}

// Log is told nothing that matters.
func (d *database) Log(string) {}

// SecurityError keeps why the database's answer is not to be trusted.
func (d *database) SecurityError(message string) { d.alarm = message }
