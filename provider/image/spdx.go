package image

import (
	"net/url"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// spdxDocument is the part of SPDX 2.3 that a bill of materials needs, see https://spdx.github.io/spdx-spec/v2.3/.
type spdxDocument struct {
	SPDXVersion   string             `json:"spdxVersion"`
	DataLicense   string             `json:"dataLicense"`
	ID            string             `json:"SPDXID"`
	Name          string             `json:"name"`
	Namespace     string             `json:"documentNamespace"`
	Creation      spdxCreation       `json:"creationInfo"`
	Packages      []spdxPackage      `json:"packages"`
	Relationships []spdxRelationship `json:"relationships"`
}

type spdxCreation struct {
	Created  string   `json:"created"`
	Creators []string `json:"creators"`
}

type spdxPackage struct {
	ID               string          `json:"SPDXID"`
	Name             string          `json:"name"`
	Version          string          `json:"versionInfo,omitempty"`
	FileName         string          `json:"packageFileName,omitempty"`
	Purpose          string          `json:"primaryPackagePurpose"`
	DownloadLocation string          `json:"downloadLocation"`
	FilesAnalyzed    bool            `json:"filesAnalyzed"`
	Checksums        []spdxChecksum  `json:"checksums,omitempty"`
	Source           string          `json:"sourceInfo,omitempty"`
	Comment          string          `json:"comment,omitempty"`
	References       []spdxReference `json:"externalRefs"`
}

type spdxChecksum struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"checksumValue"`
}

type spdxReference struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type spdxRelationship struct {
	From string `json:"spdxElementId"`
	Type string `json:"relationshipType"`
	To   string `json:"relatedSpdxElement"`
}

// newSPDXDocument is about the image with this digest, which makes its namespace unique.
func newSPDXDocument(name string, digest v1.Hash) *spdxDocument {
	return &spdxDocument{
		SPDXVersion: "SPDX-2.3",
		DataLicense: "CC0-1.0",
		ID:          "SPDXRef-DOCUMENT",
		Name:        name,
		Namespace:   "https://github.com/lambda-land/terraform-provider-handler/spdx/" + digest.Hex,
		Creation:    spdxCreation{Created: "1970-01-01T00:00:00Z", Creators: []string{"Tool: terraform-provider-handler"}},
	}
}

// add adds a package and how one that is there relates to it.
func (d *spdxDocument) add(from, relationship string, p spdxPackage) {
	p.DownloadLocation = "NOASSERTION"
	d.Packages = append(d.Packages, p)
	d.Relationships = append(d.Relationships, spdxRelationship{from, relationship, p.ID})
}

func sha256Of(sum string) []spdxChecksum { return []spdxChecksum{{"SHA256", sum}} }

// purl is a package URL, see https://github.com/package-url/purl-spec; version may be empty.
func purl(name, version, qualifiers string) []spdxReference {
	locator := "pkg:" + name
	if version != "" {
		locator += "@" + url.QueryEscape(version)
	}
	return []spdxReference{{"PACKAGE-MANAGER", "purl", locator + qualifiers}}
}
