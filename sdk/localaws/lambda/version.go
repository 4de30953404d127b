package lambda

import (
	"context"
	"reflect"
	"slices"
	"strconv"
)

// PublishVersionInput asks for a version to be published.
type PublishVersionInput struct {
	FunctionName string `json:"-" path:"FunctionName"`
	CodeSha256   string
	Description  *string
	RevisionId   string
}

// PublishVersion publishes the latest version under the next number, unless nothing changed since the last time.
func (s *Service) PublishVersion(ctx context.Context, in PublishVersionInput) (*FunctionConfiguration, error) {
	ref, err := s.unqualified(ctx, in.FunctionName)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.updatableLocked(ref, in.RevisionId)
	if err != nil {
		return nil, err
	}
	latest := f.latest.config
	if in.CodeSha256 != "" && in.CodeSha256 != latest.CodeSha256 {
		return nil, invalidParameter("CodeSHA256 (%s) is different from current CodeSHA256 in $LATEST (%s). Please try again with the "+
			"CodeSHA256 in $LATEST.", in.CodeSha256, latest.CodeSha256)
	}
	if f.latest.deployment == nil {
		return nil, conflict("The operation cannot be performed at this time. The function is currently in the following state: %s", latest.State)
	}
	v := s.publishLocked(f, in.Description)
	return v.show(reference{arn: f.ref.arn, qualifier: v.config.Version}), nil
}

// publishLocked copies the latest version. The copy has runtimes of its own.
func (s *Service) publishLocked(f *function, description *string) *version {
	config := f.latest.config
	set(&config.Description, description)
	if n := len(f.published); n > 0 && sameVersion(f.published[n-1].config, config) {
		return f.published[n-1]
	}
	f.lastNumber++
	config.Version = strconv.Itoa(f.lastNumber)
	config.FunctionArn = f.ref.arn + ":" + config.Version
	latest := f.latest.deployment
	v := &version{config: config, code: f.latest.code, deployment: s.newDeployment(config, latest.root, latest.described)}
	v.touch()
	f.published = append(f.published, v)
	return v
}

// sameVersion tells whether publishing b would say nothing that a does not say already.
func sameVersion(a, b FunctionConfiguration) bool {
	a.Version, a.FunctionArn, a.RevisionId, a.LastModified = b.Version, b.FunctionArn, b.RevisionId, b.LastModified
	return reflect.DeepEqual(a, b)
}

// ListVersionsByFunctionInput asks for one page of a function's versions.
type ListVersionsByFunctionInput struct {
	FunctionName string `json:"-" path:"FunctionName"`
	Marker       string `json:"-" query:"Marker"`
	MaxItems     int    `json:"-" query:"MaxItems"`
}

// ListVersionsByFunctionOutput is one page of versions.
type ListVersionsByFunctionOutput struct {
	Versions   []FunctionConfiguration
	NextMarker string `json:",omitempty"`
}

// ListVersionsByFunction lists the versions of a function, the latest first and then by ascending number, up to 50 at a time.
func (s *Service) ListVersionsByFunction(ctx context.Context, in ListVersionsByFunctionInput) (*ListVersionsByFunctionOutput, error) {
	f, unlock, err := s.lockFunction(ctx, in.FunctionName)
	if err != nil {
		return nil, err
	}
	defer unlock()
	all := []FunctionConfiguration{}
	for _, v := range f.versions() {
		all = append(all, listed(f, v, true))
	}
	if in.Marker != "" {
		after := slices.IndexFunc(all, func(c FunctionConfiguration) bool { return c.Version == in.Marker })
		if after < 0 {
			return nil, invalidParameter("The marker is invalid.")
		}
		all = all[after+1:]
	}
	out := &ListVersionsByFunctionOutput{Versions: all}
	if size := pageSize(in.MaxItems, 50); len(all) > size {
		out.Versions, out.NextMarker = all[:size], all[size-1].Version
	}
	return out, nil
}
