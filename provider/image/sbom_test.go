package image

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
)

// billOf returns the image's bill of materials, checked for what SPDX 2.3 demands of every document.
func billOf(t *testing.T, built *Built) (spdxDocument, []byte) {
	t.Helper()
	raw, err := built.SBOM()
	if err != nil {
		t.Fatal(err)
	}
	var doc spdxDocument
	strict := json.NewDecoder(bytes.NewReader(raw))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	if doc.SPDXVersion != "SPDX-2.3" || doc.DataLicense != "CC0-1.0" || doc.ID != "SPDXRef-DOCUMENT" || doc.Name == "" ||
		doc.Creation.Created != "1970-01-01T00:00:00Z" || len(doc.Creation.Creators) != 1 ||
		!strings.HasSuffix(doc.Namespace, strings.TrimPrefix(built.Digest, "sha256:")) || strings.Contains(doc.Namespace, "#") {
		t.Errorf("the document says of itself %+v", doc)
	}
	var (
		identifier = regexp.MustCompile(`^SPDXRef-[A-Za-z0-9.-]+$`)
		hexSum     = regexp.MustCompile(`^[0-9a-f]{64}$`)
		locator    = regexp.MustCompile(`^pkg:(golang|oci)/[^\s@]+(@[^\s@]+)?$`)
		ids        = []string{doc.ID}
	)
	for _, p := range doc.Packages {
		if !identifier.MatchString(p.ID) || slices.Contains(ids, p.ID) || p.Name == "" || p.DownloadLocation == "" || p.FilesAnalyzed {
			t.Errorf("package is %+v", p)
		}
		ids = append(ids, p.ID)
		for _, sum := range p.Checksums {
			if sum.Algorithm != "SHA256" || !hexSum.MatchString(sum.Value) {
				t.Errorf("checksum of %s is %+v", p.Name, sum)
			}
		}
		for _, reference := range p.References {
			if reference.Category != "PACKAGE-MANAGER" || reference.Type != "purl" || !locator.MatchString(reference.Locator) {
				t.Errorf("reference of %s is %+v", p.Name, reference)
			}
		}
	}
	for _, r := range doc.Relationships {
		if !slices.Contains(ids, r.From) || !slices.Contains(ids, r.To) {
			t.Errorf("a relationship of something that is not there: %+v", r)
		}
	}
	return doc, raw
}

// summary of a document: a line for each relationship, with the package it leads to.
func summary(doc spdxDocument) []string {
	var lines []string
	for i, r := range doc.Relationships {
		p := doc.Packages[i]
		lines = append(lines, strings.Join([]string{r.From, r.Type, p.Purpose, p.References[0].Locator, p.Comment}, " "))
	}
	return lines
}

func TestBillOfMaterials(t *testing.T) {
	t.Parallel()
	dir := module(t, `
-- go.mod --
module example.com/Acme

go 1.26

require example.com/lib v1.2.3

replace example.com/lib => ./lib
-- cmd/acme/main.go --
package main

import "example.com/lib"

func main() { println(lib.Name) }
-- lib/go.mod --
module example.com/lib
-- lib/lib.go --
package lib

var Name = "lib"
`)
	src := Source{Package: filepath.Join(dir, "cmd", "acme"), SkipHandlers: true, Architecture: "arm64"}
	built := build(t, NewBuilder(t.TempDir(), NewRegistry(nil)), src)
	doc, raw := billOf(t, built)
	image := doc.Packages[0]
	if "sha256:"+image.Checksums[0].Value != built.Digest || image.Version != built.Digest || image.Name != "acme" {
		t.Errorf("the image is %+v, want %s", image, built.Digest)
	}
	if app := doc.Packages[1]; app.Name != "example.com/Acme" || app.Version != "" || app.FileName != "/app" || len(app.Checksums) != 1 {
		t.Errorf("the app is %+v", app)
	}
	release := strings.TrimPrefix(built.Inputs["go"], "go")
	want := []string{
		"SPDXRef-DOCUMENT DESCRIBES CONTAINER pkg:oci/acme@" + strings.Replace(built.Digest, ":", "%3A", 1) + "?arch=arm64 ",
		"SPDXRef-Image CONTAINS APPLICATION pkg:golang/example.com/acme ",
		"SPDXRef-Module-example.com-2fAcme DEPENDS_ON LIBRARY pkg:golang/stdlib@" + release + " ",
		"SPDXRef-Module-example.com-2fAcme DEPENDS_ON LIBRARY pkg:golang/example.com/lib a local directory in place of v1.2.3",
	}
	if diff := cmp.Diff(want, summary(doc)); diff != "" {
		t.Errorf("relationships (-want +got):\n%s", diff)
	}
	if bytes.Contains(raw, []byte(dir)) {
		t.Errorf("it says where it was built:\n%s", raw)
	}
	again, err := build(t, NewBuilder(t.TempDir(), NewRegistry(nil)), src).SBOM()
	if err != nil || !bytes.Equal(raw, again) {
		t.Errorf("the same image has another document, %v:\n%s", err, again)
	}
}

func TestBaseImageInABillOfMaterials(t *testing.T) {
	t.Parallel()
	fake, b := newFakeRegistry(t), NewBuilder(t.TempDir(), NewRegistry(nil))
	base := imageOf(t, ociFamily, "linux/amd64", layerOfFiles(t, file{name: "etc/os-release", content: "base"}))
	src := Source{Package: filepath.Join(acme(t), "cmd", "acme"), BaseImage: pushed(t, fake, "team/base:latest", base)}
	for range 2 { // built, and from the cache
		doc, _ := billOf(t, build(t, b, src))
		p, r := doc.Packages[1], doc.Relationships[1]
		repository, digest := fake.host+"/team/base", digestOf(t, base)
		want := "pkg:oci/base@" + url.QueryEscape(digest) + "?repository_url=" + url.QueryEscape(repository)
		if r != (spdxRelationship{"SPDXRef-Image", "DESCENDANT_OF", "SPDXRef-BaseImage"}) || p.ID != r.To || p.Name != repository ||
			p.Version != digest || p.References[0].Locator != want {
			t.Errorf("the base image is %+v, its relationship %+v", p, r)
		}
	}
}

func TestBillOfMaterialsOfTheReferenceApp(t *testing.T) {
	t.Parallel()
	built := build(t, NewBuilder(t.TempDir(), NewRegistry(nil)), Source{Package: filepath.Join("..", "..", "handlers")})
	doc, _ := billOf(t, built)
	lambda := slices.IndexFunc(doc.Packages, func(p spdxPackage) bool { return p.Name == "github.com/aws/aws-lambda-go" })
	if lambda < 0 {
		t.Fatalf("aws-lambda-go is not among %+v", doc.Packages)
	}
	gosum, err := os.ReadFile(filepath.Join("..", "..", "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	p := doc.Packages[lambda]
	sum, _ := strings.CutPrefix(p.Source, "checksum in go.sum: ")
	if !strings.Contains(string(gosum), p.Name+" "+p.Version+" "+sum+"\n") ||
		p.References[0].Locator != "pkg:golang/"+p.Name+"@"+p.Version || doc.Name != "acme" {
		t.Errorf("module is %+v", p)
	}
}

func TestModulesInABillOfMaterials(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		module debug.Module
		want   spdxPackage
	}{
		{
			debug.Module{Path: "github.com/Azure/x", Version: "v1.0.0+incompatible", Sum: "h1:a="},
			spdxPackage{ID: "SPDXRef-Module-github.com-2fAzure-2fx", Name: "github.com/Azure/x", Version: "v1.0.0+incompatible", Purpose: "LIBRARY",
				Source: "checksum in go.sum: h1:a=", References: purl("golang/github.com/azure/x", "v1.0.0+incompatible", "")},
		},
		{
			debug.Module{Path: "a.org/x", Version: "v1.0.0", Replace: &debug.Module{Path: "b.org/y", Version: "v2.0.0", Sum: "h1:b="}},
			spdxPackage{ID: "SPDXRef-Module-a.org-2fx", Name: "b.org/y", Version: "v2.0.0", Purpose: "LIBRARY",
				Source: "checksum in go.sum: h1:b=", Comment: "replaces a.org/x v1.0.0", References: purl("golang/b.org/y", "v2.0.0", "")},
		},
		{
			debug.Module{Path: "a.org/x", Version: "v1.0.0", Replace: &debug.Module{Path: "/home/me/x", Version: "(devel)"}},
			spdxPackage{ID: "SPDXRef-Module-a.org-2fx", Name: "a.org/x", Purpose: "LIBRARY",
				Comment: "a local directory in place of v1.0.0", References: purl("golang/a.org/x", "", "")},
		},
	} {
		if diff := cmp.Diff(test.want, moduleSPDX(&test.module)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.module.Path, diff)
		}
	}
	if got := purl("golang/x", "v1.0.0+incompatible", "")[0].Locator; got != "pkg:golang/x@v1.0.0%2Bincompatible" {
		t.Errorf("package URL is %s", got)
	}
}

func TestBillOfMaterialsOfWhatIsNoApp(t *testing.T) {
	t.Parallel()
	img, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	_, err = (&Built{Image: img, Digest: digestOf(t, img)}).SBOM()
	if err == nil || !strings.Contains(err.Error(), "there is no /app in it") {
		t.Errorf("got %v", err)
	}
	built := build(t, NewBuilder(t.TempDir(), NewRegistry(nil)), Source{Package: filepath.Join(acme(t), "cmd", "acme")})
	built.Image = brokenImage{built.Image}
	if _, err = built.SBOM(); !errors.Is(err, errCacheGone) {
		t.Errorf("got %v, want errCacheGone", err)
	}
}

// brokenImage has no layers.
type brokenImage struct{ v1.Image }

func (brokenImage) Layers() ([]v1.Layer, error) { return nil, errCacheGone }
