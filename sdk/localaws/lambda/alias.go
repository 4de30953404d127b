package lambda

import (
	"context"
	"maps"
	"regexp"
	"slices"

	"github.com/google/uuid"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// AliasConfiguration is a name for a version. Weighted routing is not offered.
type AliasConfiguration struct {
	AliasArn        string
	Name            string
	FunctionVersion string
	Description     string
	RevisionId      string
}

// AliasInput names an alias, and in requests that change it says what it shall be.
type AliasInput struct {
	FunctionName    string `json:"-" path:"FunctionName"`
	PathName        string `json:"-" path:"Name"`
	Name            string
	FunctionVersion string
	Description     *string
	RevisionId      string
	RoutingConfig   *struct{ AdditionalVersionWeights map[string]float64 }
}

var aliasNames = regexp.MustCompile(`^[a-zA-Z0-9-_]+$`)

// CreateAlias makes an alias of an existing version.
func (s *Service) CreateAlias(ctx context.Context, in AliasInput) (*AliasConfiguration, error) {
	if !aliasNames.MatchString(in.Name) || numbers.MatchString(in.Name) {
		return nil, invalidValue(in.Name, "name", "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)")
	}
	return s.changeAlias(ctx, in, in.Name, func(f *function, arn string) (*AliasConfiguration, error) {
		if f.aliases[in.Name] != nil {
			return nil, conflict("Alias already exists: %s", arn)
		}
		return &AliasConfiguration{AliasArn: arn, Name: in.Name, FunctionVersion: in.FunctionVersion}, nil
	})
}

// UpdateAlias changes which version an alias means.
func (s *Service) UpdateAlias(ctx context.Context, in AliasInput) (*AliasConfiguration, error) {
	return s.changeAlias(ctx, in, in.PathName, func(f *function, arn string) (*AliasConfiguration, error) {
		old := f.aliases[in.PathName]
		switch {
		case old == nil:
			return nil, notFound("Alias not found: %s", arn)
		case in.RevisionId != "" && in.RevisionId != old.RevisionId:
			return nil, preconditionFailed()
		}
		changed := *old
		if in.FunctionVersion != "" {
			changed.FunctionVersion = in.FunctionVersion
		}
		return &changed, nil
	})
}

func (s *Service) changeAlias(
	ctx context.Context, in AliasInput, name string, change func(*function, string) (*AliasConfiguration, error),
) (*AliasConfiguration, error) {
	ref, err := s.unqualified(ctx, in.FunctionName)
	if err != nil {
		return nil, err
	}
	if in.RoutingConfig != nil && len(in.RoutingConfig.AdditionalVersionWeights) > 0 {
		return nil, invalidParameter("localaws does not route an alias to more than one version.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.functions[ref.arn]
	if f == nil {
		return nil, functionNotFound(ref)
	}
	alias, err := change(f, ref.arn+":"+name)
	if err != nil {
		return nil, err
	}
	if f.resolve(alias.FunctionVersion) == nil {
		return nil, functionNotFound(reference{arn: ref.arn, qualifier: alias.FunctionVersion})
	}
	set(&alias.Description, in.Description)
	alias.RevisionId = uuid.NewString()
	f.aliases[name] = alias
	s.announceLocked()
	return alias, nil
}

// GetAlias describes an alias.
func (s *Service) GetAlias(ctx context.Context, in AliasInput) (*AliasConfiguration, error) {
	f, unlock, err := s.lockFunction(ctx, in.FunctionName)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if f.aliases[in.PathName] == nil {
		return nil, notFound("Cannot find alias arn: %s:%s", f.ref.arn, in.PathName)
	}
	return f.aliases[in.PathName], nil
}

// DeleteAlias deletes an alias; one that does not exist is fine.
func (s *Service) DeleteAlias(ctx context.Context, in AliasInput) (*wire.Empty, error) {
	f, unlock, err := s.lockFunction(ctx, in.FunctionName)
	if err != nil {
		return nil, err
	}
	defer unlock()
	delete(f.aliases, in.PathName)
	return &wire.Empty{}, nil
}

// ListAliasesInput asks for one page of a function's aliases.
type ListAliasesInput struct {
	FunctionName    string `json:"-" path:"FunctionName"`
	FunctionVersion string `json:"-" query:"FunctionVersion"`
	Marker          string `json:"-" query:"Marker"`
	MaxItems        int    `json:"-" query:"MaxItems"`
}

// ListAliasesOutput is one page of aliases.
type ListAliasesOutput struct {
	Aliases    []*AliasConfiguration
	NextMarker string `json:",omitempty"`
}

// ListAliases lists a function's aliases, up to 50 at a time.
func (s *Service) ListAliases(ctx context.Context, in ListAliasesInput) (*ListAliasesOutput, error) {
	f, unlock, err := s.lockFunction(ctx, in.FunctionName)
	if err != nil {
		return nil, err
	}
	defer unlock()
	all := slices.DeleteFunc(slices.Collect(maps.Values(f.aliases)), func(a *AliasConfiguration) bool {
		return in.FunctionVersion != "" && a.FunctionVersion != in.FunctionVersion
	})
	page, next, err := wire.Page(all, func(a *AliasConfiguration) string { return a.Name }, in.Marker, pageSize(in.MaxItems, 50),
		"InvalidParameterValueException")
	return &ListAliasesOutput{Aliases: page, NextMarker: next}, err
}
