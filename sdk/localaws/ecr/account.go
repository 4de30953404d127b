package ecr

import (
	"context"
	"slices"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

const (
	blobMounting = "BLOB_MOUNTING"
	enabled      = "ENABLED"
)

// settingValues are the account settings with their values; the first is the default.
var settingValues = map[string][]string{
	"BASIC_SCAN_TYPE_VERSION": {"AWS_NATIVE"},
	"REGISTRY_POLICY_SCOPE":   {"V2"},
	blobMounting:              {"DISABLED", enabled},
}

// AccountSetting is a setting of the registry; it is the input of PutAccountSetting, too.
type AccountSetting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// PutAccountSetting changes a setting of the registry. All but blob mounting has one value only.
func (s *Service) PutAccountSetting(_ context.Context, in AccountSetting) (AccountSetting, error) {
	if !slices.Contains(settingValues[in.Name], in.Value) {
		return AccountSetting{}, invalid("'value' failed to satisfy constraint: '%s is no value of account setting %s'", in.Value, in.Name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings[in.Name] = in.Value
	return in, nil
}

// AccountSettingInput is the input of GetAccountSetting.
type AccountSettingInput struct {
	Name string `json:"name"`
}

// GetAccountSetting answers with a setting of the registry.
func (s *Service) GetAccountSetting(_ context.Context, in AccountSettingInput) (AccountSetting, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value, ok := s.settings[in.Name]
	if !ok {
		return AccountSetting{}, wire.Errorf("ValidationException", "there is no account setting %q", in.Name)
	}
	return AccountSetting{in.Name, value}, nil
}
