package image

import (
	"archive/tar"
	"cmp"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"runtime/debug"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// SBOM returns the image's bill of materials as an SPDX 2.3 document in JSON, see https://spdx.github.io/spdx-spec/v2.3/. It lists the
// base image, the app, every module that is linked into it, and the standard library, as the binary itself tells them. Files that were
// added or copied are not in it. The same image gives the same document, which is therefore dated 1970. It reads the binary from the
// cache and needs as much room in the temporary directory.
func (b *Built) SBOM() ([]byte, error) {
	info, sum, err := buildInfoOf(b.Image)
	if err != nil {
		return nil, fmt.Errorf("list what image %s is made of: %w", b.Digest, err)
	}
	digest, err := v1.NewHash(b.Digest)
	if err != nil {
		return nil, fmt.Errorf("list what image %s is made of: %w", b.Digest, err)
	}
	name := cmp.Or(b.App.Name, path.Base(info.Path))
	image := spdxPackage{
		ID: "SPDXRef-Image", Name: name, Version: b.Digest, Purpose: "CONTAINER", Checksums: sha256Of(digest.Hex),
		References: purl("oci/"+url.QueryEscape(strings.ToLower(name)), b.Digest, "?arch="+Source{Architecture: b.Architecture}.goArch()),
	}
	doc := newSPDXDocument(name, digest)
	doc.add("SPDXRef-DOCUMENT", "DESCRIBES", image)
	if img, ok := b.Image.(*storedImage); ok && b.Inputs["base_image"] != "" {
		doc.add(image.ID, "DESCENDANT_OF", baseSPDX(img.repository, b.Inputs["base_image"]))
	}
	app := moduleSPDX(&info.Main)
	app.Purpose, app.FileName, app.Checksums = "APPLICATION", binaryPath, sha256Of(sum)
	doc.add(image.ID, "CONTAINS", app)
	doc.add(app.ID, "DEPENDS_ON", standardLibrarySPDX(info.GoVersion))
	for _, module := range info.Deps {
		doc.add(app.ID, "DEPENDS_ON", moduleSPDX(module))
	}
	out, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("list what image %s is made of: %w", b.Digest, err)
	}
	return append(out, '\n'), nil
}

// buildInfoOf returns what the image's binary says of itself, and the SHA-256 of the binary.
func buildInfoOf(img v1.Image) (*debug.BuildInfo, string, error) {
	layers, err := img.Layers()
	if err != nil {
		return nil, "", err
	}
	layer, err := layers[len(layers)-1].Uncompressed() // the binary's, see pack
	if err != nil {
		return nil, "", err
	}
	defer layer.Close()
	archive := tar.NewReader(layer)
	for {
		switch entry, err := archive.Next(); {
		case errors.Is(err, io.EOF):
			return nil, "", fmt.Errorf("there is no %s in it", binaryPath)
		case err != nil:
			return nil, "", err
		case "/"+entry.Name == binaryPath:
			return readBuildInfo(archive)
		}
	}
}

// readBuildInfo goes through a file, because build information is somewhere in the midst of a binary, which may be large.
func readBuildInfo(binary io.Reader) (*debug.BuildInfo, string, error) {
	file, err := os.CreateTemp("", "handler-app-")
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = errors.Join(file.Close(), os.Remove(file.Name())) }()
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(file, sum), binary); err != nil {
		return nil, "", err
	}
	info, err := buildinfo.Read(file)
	return info, hex.EncodeToString(sum.Sum(nil)), err
}

// baseSPDX is the base image by its repository (host/name) and digest.
func baseSPDX(repository, digest string) spdxPackage {
	_, sum, _ := strings.Cut(digest, ":")
	return spdxPackage{
		ID: "SPDXRef-BaseImage", Name: repository, Version: digest, Purpose: "CONTAINER", Checksums: sha256Of(sum),
		References: purl("oci/"+url.QueryEscape(path.Base(repository)), digest, "?repository_url="+url.QueryEscape(repository)),
	}
}

// standardLibrarySPDX is the standard library of a release such as go1.26.8, under the name that Go's vulnerability database has for it.
func standardLibrarySPDX(release string) spdxPackage {
	release, experiments, _ := strings.Cut(strings.TrimPrefix(release, "go"), " ")
	return spdxPackage{ID: "SPDXRef-StandardLibrary", Name: "stdlib", Version: release, Purpose: "LIBRARY",
		Comment: experiments, References: purl("golang/stdlib", release, "")}
}

// moduleSPDX is a module as it was linked: if it was replaced, that is the replacement.
func moduleSPDX(m *debug.Module) spdxPackage {
	linked, comment := m, ""
	if r := m.Replace; r != nil {
		linked, comment = r, fmt.Sprintf("replaces %s %s", m.Path, m.Version)
		if isDirectory := r.Version == "" || r.Version == develVersion; isDirectory {
			linked, comment = &debug.Module{Path: m.Path}, fmt.Sprintf("a local directory in place of %s", m.Version)
		}
	}
	p := spdxPackage{ID: "SPDXRef-Module-" + idOf(m.Path), Name: linked.Path, Purpose: "LIBRARY", Comment: comment}
	if linked.Version != develVersion {
		p.Version = linked.Version
	}
	if linked.Sum != "" { // of all files' names and sums: SPDX has no name for this kind of checksum
		p.Source = "checksum in go.sum: " + linked.Sum
	}
	p.References = purl("golang/"+strings.ToLower(linked.Path), p.Version, "")
	return p
}

// develVersion is what a binary says of modules without a version: the app's own, those of a workspace, and directories.
const develVersion = "(devel)"

// idOf escapes what SPDX does not allow in identifiers, so that different paths stay different.
func idOf(modulePath string) string {
	var id strings.Builder
	for _, c := range []byte(modulePath) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.':
			id.WriteByte(c)
		default:
			fmt.Fprintf(&id, "-%02x", c)
		}
	}
	return id.String()
}
