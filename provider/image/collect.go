package image

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// collector gathers what an answer of go list rests on.
type collector struct {
	asked map[sighting]bool
	local []localModule
}

// localModule is a module whose files are on this machine and may change: a main module, one of a workspace, or a replaced one.
type localModule struct{ path, dir string }

// evidence returns what go read to list the packages, still to be looked at: the files that decide modules, the code and the embedded
// files of all packages that no checksum pins, and the places where a package of the same import path would have been found, too. It is
// not complete if files of this machine's modules, such as those of a later Go release, cannot be understood here.
func (g *goCommand) evidence(packages []*goPackage, command *goPackage) (e evidence, complete bool) {
	c := &collector{asked: map[sighting]bool{}}
	vendor, err := c.addModules(g)
	c.add(askContent, filepath.Join(command.Dir, "default.pgo"))
	for _, p := range packages {
		if !p.inModuleCache(g.GOMODCACHE) {
			c.addPackage(p)
		}
		c.add(askCode, filepath.Join(vendor, filepath.FromSlash(p.ImportPath)))
		for _, m := range c.local {
			c.addPlace(m, p.ImportPath)
		}
	}
	e = make(evidence, 0, len(c.asked))
	for s := range c.asked {
		e = append(e, s)
	}
	slices.SortFunc(e, func(a, b sighting) int { return strings.Compare(a.Path+"\n"+a.Asked, b.Path+"\n"+b.Asked) })
	return e, err == nil
}

func (c *collector) add(asked string, path ...string) {
	c.asked[sighting{Asked: asked, Path: filepath.Join(path...)}] = true
}

// addModules adds the files that say which modules there are and returns the directory of vendored packages, if there were one. Which
// go.work and go.mod count go env says each time.
func (c *collector) addModules(g *goCommand) (vendor string, err error) {
	roots, top := []string{filepath.Dir(g.GOMOD)}, filepath.Dir(g.GOMOD)
	if g.GOWORK != "" && g.GOWORK != "off" {
		top = filepath.Dir(g.GOWORK)
		if roots, err = c.addWorkspace(g.GOWORK); err != nil {
			return "", err
		}
	}
	for _, root := range roots {
		file := filepath.Join(root, "go.mod")
		if other := flagOf(g.GOFLAGS, "modfile"); other != "" {
			if file = other; !filepath.IsAbs(file) {
				file = filepath.Join(g.root, file)
			}
		}
		if err := c.addModule(root, file); err != nil {
			return "", err
		}
	}
	vendor = filepath.Join(top, "vendor")
	c.add(askCode, vendor)
	c.add(askContent, vendor, "modules.txt")
	return vendor, nil
}

// addWorkspace adds a go.work and returns the directories of its modules.
func (c *collector) addWorkspace(file string) (roots []string, err error) {
	c.add(askContent, file)
	c.add(askContent, file+".sum")
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	work, err := modfile.ParseWork(file, data, nil)
	if err != nil {
		return nil, err
	}
	for _, use := range work.Use {
		roots = append(roots, below(filepath.Dir(file), use.Path))
	}
	c.addReplaced(filepath.Dir(file), work.Replace)
	return roots, nil
}

// addModule adds what decides a local module, whose go.mod may be another file by -modfile.
func (c *collector) addModule(root, file string) error {
	c.add(askContent, file)
	c.add(askContent, strings.TrimSuffix(file, ".mod")+".sum")
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	parsed, err := modfile.Parse(file, data, nil)
	if err != nil {
		return err
	}
	if parsed.Module != nil {
		c.local = append(c.local, localModule{parsed.Module.Mod.Path, root})
	}
	c.addReplaced(root, parsed.Replace)
	return nil
}

func (c *collector) addReplaced(root string, replaced []*modfile.Replace) {
	for _, r := range replaced {
		if r.New.Version == "" {
			dir := below(root, r.New.Path)
			c.add(askContent, dir, "go.mod")
			c.local = append(c.local, localModule{r.Old.Path, dir})
		}
	}
}

// below returns a path that a file in dir names.
func below(dir, path string) string {
	if path = filepath.FromSlash(path); filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// addPlace adds where the module would hold a package of this import path, and the go.mod files that would put another module in the way.
func (c *collector) addPlace(m localModule, importPath string) {
	if importPath != m.path && !strings.HasPrefix(importPath, m.path+"/") {
		return
	}
	dir := m.dir
	for _, element := range strings.FieldsFunc(importPath[len(m.path):], func(r rune) bool { return r == '/' }) {
		dir = filepath.Join(dir, element)
		c.add(askContent, dir, "go.mod")
	}
	c.add(askCode, dir)
}

// addPackage adds what go reads of a package's directory.
func (c *collector) addPackage(p *goPackage) {
	c.add(askCode, p.Dir)
	entries, _ := os.ReadDir(p.Dir) // if it is gone by now, the packages are listed again
	for _, entry := range entries {
		if isCode(entry.Name()) && !entry.IsDir() {
			c.add(askContent, p.Dir, entry.Name())
		}
	}
	for _, pattern := range p.EmbedPatterns {
		c.addEmbedded(p.Dir, pattern)
	}
	for _, name := range p.EmbedFiles {
		c.add(askContent, p.Dir, filepath.FromSlash(name))
	}
}

// addEmbedded adds the names that decide which files a pattern of //go:embed means: those in every directory it is matched in, and
// those below every directory that it matches.
func (c *collector) addEmbedded(packageDir, pattern string) {
	pattern, all := strings.CutPrefix(pattern, "all:")
	found := []string{packageDir}
	for element := range strings.SplitSeq(pattern, "/") {
		var matched []string
		for _, dir := range found {
			entries, err := os.ReadDir(dir)
			if err != nil {
				continue // a file, which holds nothing that could match
			}
			c.add(askNames, dir)
			for _, entry := range entries {
				if ok, err := path.Match(element, entry.Name()); ok && err == nil {
					matched = append(matched, filepath.Join(dir, entry.Name()))
				}
			}
		}
		found = matched
	}
	for _, root := range found {
		_ = filepath.WalkDir(root, func(dir string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.IsDir() {
				return nil //nolint:nilerr // what cannot be read go list has complained about
			}
			if hidden := entry.Name()[0] == '.' || entry.Name()[0] == '_'; hidden && !all && dir != root {
				return fs.SkipDir
			}
			c.add(askNames, dir)
			return nil
		})
	}
}
