package image

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestImageFormat fails when the same files become another image: by a change here, or of the standard library's compression. Then
// imageFormat has to count up, so that a fingerprint never stands for two images.
func TestImageFormat(t *testing.T) {
	t.Parallel()
	stage, err := (cache{dir: t.TempDir(), registry: NewRegistry(nil)}).newStage()
	if err != nil {
		t.Fatal(err)
	}
	local := filepath.Join(t.TempDir(), "acme.yaml")
	write(t, "a: 1\n", local)
	files, err := findFiles(t.Context(), map[string]string{"/etc/acme.yaml": local})
	if err != nil {
		t.Fatal(err)
	}
	var content strings.Builder
	for i := range 50_000 {
		fmt.Fprintln(&content, i*i)
	}
	binary := filepath.Join(stage.dir, "app")
	write(t, content.String(), binary)
	layers, err := stage.pack(t.Context(), &contents{certificates: certificates{pem: []byte("certificates")}, files: files,
		labels: map[string]string{"team": "acme"}}, binary)
	if err != nil {
		t.Fatal(err)
	}
	img, err := layers.image(Source{}, []byte(`{"app":"acme","handlers":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	const want = "sha256:74f9ac29d74cb3d38b5cecab6bb6e77fd33f14f93b353f36778ba6be84b07519"
	if got := digestOf(t, img); got != want {
		t.Errorf("with imageFormat %d the image is %s, want %s", imageFormat, got, want)
	}
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	first, second := newCertificates(), newCertificates()
	if !bytes.Equal(first.pem, second.pem) || first.sum != second.sum {
		t.Error("the certificates differ from call to call")
	}
	amazon := false
	n := 0
	for rest := first.pem; ; n++ {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		root, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Error(err)
			continue
		}
		amazon = amazon || root.Subject.CommonName == "Amazon Root CA 1"
	}
	if n < 100 || !amazon {
		t.Errorf("%d certificates, Amazon's among them: %v", n, amazon)
	}
}
