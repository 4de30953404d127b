package image

import (
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// TestFlattenedLayers compares what is copied with layers that are applied one after the other, from the lowest, as containers see them.
func TestFlattenedLayers(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 0))
		fake := newFakeRegistry(t)
		want := tree{"/d": "/"}
		layers := []v1.Layer{layerOfFiles(t, file{name: "d", kind: directory})}
		for range 4 {
			files := randomLayer(random)
			apply(want, files)
			layers = append(layers, layerOfFiles(t, files...))
		}
		b := NewBuilder(t.TempDir(), NewRegistry(nil))
		reference := pushed(t, fake, "image:1", imageOf(t, ociFamily, "linux/amd64", layers...))
		built := mustPack(t, b, Source{Copy: []Copy{{reference, "/d"}}})
		if diff := cmp.Diff(want, filesOf(t, layerAt(t, built.Image, -2))); diff != "" {
			t.Errorf("with seed %d (-want +got):\n%s", seed, diff)
		}
	}
}

// randomLayer below /d, with entries of all directories, in any order, in which no name is twice.
func randomLayer(random *rand.Rand) []file {
	layer := map[string]file{}
	for range 6 {
		name := "d"
		for range 1 + random.IntN(3) {
			if dir := layer[name]; dir.name != "" && dir.kind != directory {
				break
			}
			if name != "d" {
				layer[name] = file{name: name, kind: directory}
			}
			name = path.Join(name, string(rune('a'+random.IntN(3))))
		}
		if layer[name].name == "" {
			layer[name] = file{name: name, content: string(rune('0' + random.IntN(10)))}
		}
		if random.IntN(3) == 0 {
			removed := path.Join(path.Dir(name), whiteoutPrefix+string(rune('a'+random.IntN(3))))
			layer[removed] = file{name: removed}
		}
		if random.IntN(8) == 0 && layer[path.Dir(name)].kind == directory {
			opaque := path.Join(path.Dir(name), opaqueWhiteout)
			layer[opaque] = file{name: opaque}
		}
	}
	var files []file
	for _, name := range slices.Sorted(maps.Keys(layer)) {
		files = append(files, layer[name])
	}
	random.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
	return files
}

// apply puts a layer on what the layers below it have.
func apply(below tree, files []file) {
	removeBelow := func(dir string) {
		maps.DeleteFunc(below, func(name, _ string) bool { return strings.HasPrefix(name, dir+"/") })
	}
	for _, f := range files {
		dir, last := path.Split("/" + f.name)
		if last == opaqueWhiteout {
			removeBelow(path.Clean(dir))
		} else if removed, ok := strings.CutPrefix(last, whiteoutPrefix); ok {
			removeBelow(path.Join(dir, removed))
			delete(below, path.Join(dir, removed))
		}
	}
	for _, f := range files {
		name := "/" + f.name
		switch {
		case strings.HasPrefix(path.Base(name), whiteoutPrefix):
		case f.kind == directory:
			below[name] = "/"
		default:
			removeBelow(name)
			below[name] = f.content
		}
	}
}
