package provider

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws"
)

// dockerLogin is a keychain with one registry.
type dockerLogin struct{ host string }

func (d dockerLogin) Resolve(resource authn.Resource) (authn.Authenticator, error) {
	if resource.RegistryStr() != d.host {
		return authn.Anonymous, nil
	}
	return &authn.Basic{Username: "docker", Password: "any"}, nil
}

func TestKeychainLogsInToAnyRegistryOfECR(t *testing.T) {
	t.Parallel()
	server := localaws.Start(t)
	own := strings.TrimPrefix(server.Endpoint(), "http://")
	keys := keychain{cloud.New(server.Config()), dockerLogin{"registry.example"}}
	nobody := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, errors.New("none") })
	refused := keychain{
		cloud.New(aws.Config{Region: "eu-west-1", Credentials: nobody}), dockerLogin{"123456789012.dkr.ecr.eu-west-1.amazonaws.com"},
	}
	for _, test := range []struct {
		keys keychain
		host string
		user string // of the login; empty for none
	}{
		{keys, own, "AWS"},
		{keys, "123456789012.dkr.ecr.eu-west-1.amazonaws.com", "AWS"},
		{keys, "registry.example", "docker"},
		{keys, "public.ecr.aws", ""},
		{keys, "123456789012.dkr.ecr.eu-west-1.amazonaws.com.example", ""},
		{refused, "123456789012.dkr.ecr.eu-west-1.amazonaws.com", "docker"},
	} {
		registry, err := name.NewRegistry(test.host)
		if err != nil {
			t.Fatal(err)
		}
		found, err := authn.Resolve(t.Context(), test.keys, registry)
		if err != nil {
			t.Errorf("%s: %s", test.host, err)
			continue
		}
		login, err := authn.Authorization(t.Context(), found)
		if err != nil || login.Username != test.user {
			t.Errorf("%s: got user %q, %v, want %q", test.host, login.Username, err, test.user)
		}
	}
	registry, err := name.NewRegistry("210987654321.dkr.ecr.eu-west-1.amazonaws.com")
	if err != nil {
		t.Fatal(err)
	}
	_, err = refused.ResolveContext(t.Context(), registry)
	if err == nil || !strings.Contains(err.Error(), "log in to the container registry of region eu-west-1") {
		t.Errorf("without credentials: got %v", err)
	}
}
