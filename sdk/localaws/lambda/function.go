package lambda

import (
	"context"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// function is a function with its versions.
type function struct {
	ref           reference // unqualified
	latest        *version
	published     []*version // oldest first
	lastNumber    int        // of the version published last, even if it is deleted
	aliases       map[string]*AliasConfiguration
	tags          map[string]string
	recursiveLoop string
}

// version is one version of a function. Its members are replaced, never changed in place.
type version struct {
	config     FunctionConfiguration
	code       FunctionCodeLocation
	deployment *deployment // what it is invoked with; nil until its image was unpacked
}

// versions goes over all versions, the latest first.
func (f *function) versions() iter.Seq2[int, *version] {
	return slices.All(append([]*version{f.latest}, f.published...))
}

// resolve finds the version that a qualifier means; nil if there is none.
func (f *function) resolve(qualifier string) *version {
	if alias := f.aliases[qualifier]; alias != nil {
		qualifier = alias.FunctionVersion
	}
	if qualifier == "" || qualifier == "$LATEST" {
		return f.latest
	}
	for _, v := range f.published {
		if v.config.Version == qualifier {
			return v
		}
	}
	return nil
}

// touch gives a version's configuration a new revision.
func (v *version) touch() { v.config.RevisionId = uuid.NewString() }

// show is the configuration as an answer names it, under the qualifier that the request used.
func (v *version) show(ref reference) *FunctionConfiguration {
	c := v.config
	c.FunctionArn = ref.qualified()
	return &c
}

// lookUpLocked finds the version that a request names.
func (s *Service) lookUpLocked(ref reference) (*function, *version, error) {
	f := s.functions[ref.arn]
	if f == nil {
		return nil, nil, functionNotFound(ref)
	}
	v := f.resolve(ref.qualifier)
	if v == nil {
		return nil, nil, functionNotFound(ref)
	}
	return f, v, nil
}

// CreateFunctionInput describes a new function.
type CreateFunctionInput struct {
	FunctionName  string
	Code          FunctionCode
	PackageType   string
	Runtime       string
	Handler       string
	Layers        []string
	Publish       bool
	Tags          map[string]string
	Architectures []string
	SnapStart     *SnapStart
	ConfigurationChange
}

// CreateFunction makes a function. It is Pending until its image is unpacked.
func (s *Service) CreateFunction(ctx context.Context, in CreateFunctionInput) (*FunctionConfiguration, error) {
	ref, err := parseReference(ctx, in.FunctionName, "")
	if err != nil {
		return nil, err
	}
	if err := validateCreation(in); err != nil {
		return nil, err
	}
	if err := s.validateRole(in.Role, ref); err != nil {
		return nil, err
	}
	source, err := s.findImage(ctx, in.Code.ImageUri)
	if err != nil {
		return nil, err
	}
	config := FunctionConfiguration{
		FunctionName: ref.name, FunctionArn: ref.arn, PackageType: "Image", Version: "$LATEST", Timeout: 3, MemorySize: 128,
		Architectures: in.Architectures,
		LoggingConfig: &LoggingConfig{LogFormat: "Text", LogGroup: "/aws/lambda/" + ref.name},
		TracingConfig: &TracingConfig{Mode: "PassThrough"}, EphemeralStorage: &EphemeralStorage{Size: 512},
		SnapStart: &SnapStart{ApplyOn: "None", OptimizationStatus: "Off"},
		State:     "Pending", StateReason: "The function is being created.", StateReasonCode: "Creating",
		CodeSha256: source.digest.Hex, CodeSize: source.size,
	}
	if len(config.Architectures) == 0 {
		config.Architectures = []string{"x86_64"}
	}
	if config, err = in.apply(config); err != nil {
		return nil, err
	}
	return s.create(ref, config, source, in)
}

func (s *Service) create(
	ref reference, config FunctionConfiguration, source *imageSource, in CreateFunctionInput,
) (*FunctionConfiguration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.functions[ref.arn] != nil {
		return nil, conflict("Function already exist: %s", ref.name)
	}
	latest := &version{config: config, code: source.location()}
	latest.touch()
	f := &function{
		ref: reference{arn: ref.arn, name: ref.name}, latest: latest, aliases: map[string]*AliasConfiguration{},
		tags: maps.Clone(in.Tags), recursiveLoop: "Terminate",
	}
	s.functions[ref.arn] = f
	answer := *latest.show(f.ref)
	if in.Publish {
		answer.Version = "1"
	}
	s.startLocked(func(ctx context.Context) { s.deploy(ctx, f, source, in.Publish) })
	return &answer, nil
}

// DeleteFunction deletes a function, or one published version. Mappings stay. Invocations that are being handled end first.
func (s *Service) DeleteFunction(ctx context.Context, in FunctionInput) (*wire.Empty, error) {
	ref, err := parseReference(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.functions[ref.arn]
	if f == nil {
		return nil, functionNotFound(ref)
	}
	switch {
	case ref.qualifier == "$LATEST":
		return nil, invalidParameter("$LATEST version cannot be deleted without deleting the function.")
	case ref.qualifier == "":
		delete(s.functions, ref.arn)
		for _, v := range f.versions() {
			s.retireLocked(v.deployment)
		}
		s.concurrency.unreserve(ref.arn)
	case f.aliases[ref.qualifier] != nil:
		return nil, invalidParameter("Deletion of aliases is not currently supported.")
	default:
		return &wire.Empty{}, s.deleteVersionLocked(f, ref)
	}
	s.announceLocked()
	return &wire.Empty{}, nil
}

func (s *Service) deleteVersionLocked(f *function, ref reference) error {
	for name, alias := range f.aliases {
		if alias.FunctionVersion == ref.qualifier {
			return conflict("Version with arn %s cannot be deleted because it is referenced by aliases: %s", ref.qualified(), name)
		}
	}
	f.published = slices.DeleteFunc(f.published, func(v *version) bool {
		if v.config.Version != ref.qualifier {
			return false
		}
		s.retireLocked(v.deployment)
		return true
	})
	return nil
}

// modified is how the API writes the time of a change.
func modified() string { return time.Now().UTC().Format("2006-01-02T15:04:05.000-0700") }
