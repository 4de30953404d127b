package lambda

import (
	"context"
	"maps"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// GetFunctionOutput describes a function with all that belongs to it.
type GetFunctionOutput struct {
	Configuration *FunctionConfiguration
	Code          FunctionCodeLocation
	Tags          map[string]string `json:",omitempty"`
	Concurrency   *Concurrency      `json:",omitempty"`
}

// GetFunction describes a function.
func (s *Service) GetFunction(ctx context.Context, in FunctionInput) (*GetFunctionOutput, error) {
	ref, err := parseReference(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, v, err := s.lookUpLocked(ref)
	if err != nil {
		return nil, err
	}
	out := &GetFunctionOutput{Configuration: v.show(ref), Code: v.code, Tags: maps.Clone(f.tags)}
	if reserved := s.concurrency.reservation(ref.arn); reserved != nil {
		out.Concurrency = &Concurrency{reserved}
	}
	return out, nil
}

// GetFunctionConfiguration describes a function's configuration.
func (s *Service) GetFunctionConfiguration(ctx context.Context, in FunctionInput) (*FunctionConfiguration, error) {
	out, err := s.GetFunction(ctx, in)
	if err != nil {
		return nil, err
	}
	return out.Configuration, nil
}

// ListFunctionsInput asks for one page of functions.
type ListFunctionsInput struct {
	Marker          string `json:"-" query:"Marker"`
	MaxItems        int    `json:"-" query:"MaxItems"`
	FunctionVersion string `json:"-" query:"FunctionVersion"`
}

// ListFunctionsOutput is one page of functions.
type ListFunctionsOutput struct {
	Functions  []FunctionConfiguration
	NextMarker string `json:",omitempty"`
}

// ListFunctions lists the functions of a region, up to 50 at a time.
func (s *Service) ListFunctions(ctx context.Context, in ListFunctionsInput) (*ListFunctionsOutput, error) {
	var violated constraints
	violated.oneOf(in.FunctionVersion, "functionVersion", "ALL")
	if err := violated.err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []FunctionConfiguration{}
	for arn, f := range s.functions {
		if regionOf(arn) != wire.CallFrom(ctx).Region {
			continue
		}
		for _, v := range f.versions() {
			if v == f.latest || in.FunctionVersion == "ALL" {
				all = append(all, listed(f, v, in.FunctionVersion == "ALL"))
			}
		}
	}
	page, next, err := wire.Page(all, func(c FunctionConfiguration) string { return c.FunctionArn }, in.Marker,
		pageSize(in.MaxItems, 50), "InvalidParameterValueException")
	return &ListFunctionsOutput{Functions: page, NextMarker: next}, err
}

func pageSize(asked, most int) int {
	if asked <= 0 {
		return most
	}
	return min(asked, most)
}

// listed is a version as lists show it, without its state.
func listed(f *function, v *version, qualified bool) FunctionConfiguration {
	ref := f.ref
	if qualified {
		ref.qualifier = v.config.Version
	}
	c := *v.show(ref)
	c.State, c.StateReason, c.StateReasonCode = "", "", ""
	c.LastUpdateStatus, c.LastUpdateStatusReason, c.LastUpdateStatusReasonCode = "", "", ""
	return c
}
