package image

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	// inventoryFormat counts changes of what a kept inventory holds or rests on.
	inventoryFormat = 1
	// maxInventories that are kept; one takes about 100 KB.
	maxInventories = 64
)

// inventory is what go list says of a source.
type inventory struct {
	// Packages are the main package and all it imports but the standard library, sorted by import path.
	Packages []*goPackage `json:"packages"`
	// GODEBUG is the main package's default.
	GODEBUG string `json:"godebug"`
	// Evidence is what this rests on, as it was seen.
	Evidence evidence `json:"evidence"`
	// complete means that nothing else may change it.
	complete bool
}

// links reports whether a package is part of the binary.
func (i *inventory) links(importPath string) bool {
	return slices.ContainsFunc(i.Packages, func(p *goPackage) bool { return p.ImportPath == importPath })
}

// listed returns the inventory of a source. Asking go takes a while, so the answer is kept in the cache, together with all it rests on,
// and is good for every process until any of that changes.
func (b *Builder) listed(ctx context.Context, g *goCommand) (*inventory, error) {
	file := filepath.Join(b.cache.dir, "inventories", g.inventoryKey()+".json")
	if known, err := keptInventory(ctx, file); known != nil || err != nil {
		return known, err
	}
	unlock, err := b.cache.lock(ctx, "list-"+g.inventoryKey())
	switch {
	case err == nil:
		defer unlock()
		if known, err := keptInventory(ctx, file); known != nil || err != nil {
			return known, err
		}
	case ctx.Err() != nil:
		return nil, err
	} // else it is listed without a cache
	found, err := g.listCalmly(ctx)
	if err == nil && found.complete {
		keepInventory(file, found)
	}
	return found, err
}

// listCalmly lists the source, again if somebody changed it meanwhile.
func (g *goCommand) listCalmly(ctx context.Context) (*inventory, error) {
	const attempts = 4
	var before *inventory
	for range attempts {
		start := time.Now()
		packages, command, err := g.list(ctx)
		if err != nil {
			return nil, err
		}
		found := &inventory{Packages: packages, GODEBUG: command.DefaultGODEBUG}
		found.Evidence, found.complete = g.evidence(packages, command)
		changed, err := found.Evidence.look(ctx)
		if err != nil {
			return nil, fmt.Errorf("fingerprint %s: %w", g.src.Package, err)
		}
		if changed.Add(coarse(changed)).Before(start) || before != nil && slices.Equal(before.Evidence, found.Evidence) {
			return found, nil
		}
		before = found
	}
	return nil, fmt.Errorf("fingerprint %s: %w; wait until nothing writes to it, and plan again", g.src.Package, errSourceChanged)
}

// inventoryKey is the name of a kept inventory: which question it answers, and by which go command in which settings.
func (g *goCommand) inventoryKey() string {
	return hashed(func(sum hash.Hash) {
		record(sum, "list", fmt.Sprint(inventoryFormat), g.root, g.pattern, g.src.goArch(), g.path)
		record(sum, "tags", g.src.buildTags()...)
		record(sum, "settings", fmt.Sprintf("%+v", g.settings))
		for _, name := range slices.Sorted(maps.Keys(g.src.Env)) {
			record(sum, "env", name, g.src.Env[name])
		}
	})
}

// keptInventory returns an inventory that still holds, or nil.
func keptInventory(ctx context.Context, file string) (*inventory, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // there is none
	}
	known := new(inventory)
	if err := json.Unmarshal(data, known); err != nil || len(known.Evidence) == 0 {
		return nil, nil //nolint:nilerr,nilnil // nor is a damaged one any
	}
	if holds, err := known.Evidence.holds(ctx); !holds {
		return nil, err
	}
	now := time.Now()
	_ = os.Chtimes(file, now, now) // only pruning looks at it
	return known, nil
}

// keepInventory writes an inventory by renaming and removes those used longest ago. It does what it can: without it the next one asks go.
func keepInventory(file string, found *inventory) {
	data, err := json.Marshal(found)
	if err != nil || os.MkdirAll(filepath.Dir(file), 0o755) != nil {
		return
	}
	temporary, err := os.CreateTemp(filepath.Dir(file), stagePrefix)
	if err != nil {
		return
	}
	_, err = temporary.Write(data)
	if err = errors.Join(err, temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), file)
	}
	if err != nil {
		_ = os.Remove(temporary.Name())
		return
	}
	for n, info := range newestFirst(filepath.Dir(file)) {
		if n >= maxInventories {
			_ = os.Remove(filepath.Join(filepath.Dir(file), info.Name()))
		}
	}
}
