package provider

import (
	"context"
	"fmt"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

// keychain knows the passwords of ECR's registries, of any account and region that the provider's credentials may use, and leaves all
// other registries to the next keychain.
type keychain struct {
	cloud *cloud.Cloud
	next  authn.Keychain
}

// Resolve returns the registry's credentials.
func (k keychain) Resolve(resource authn.Resource) (authn.Authenticator, error) {
	return k.ResolveContext(context.Background(), resource)
}

// ResolveContext returns the registry's credentials.
func (k keychain) ResolveContext(ctx context.Context, resource authn.Resource) (authn.Authenticator, error) {
	host := resource.RegistryStr()
	login, err := k.cloud.LoginTo(ctx, host)
	if login != nil {
		return ecrLogin{k.cloud, host}, nil
	}
	other, otherErr := authn.Resolve(ctx, k.next, resource)
	if err != nil && (otherErr != nil || other == authn.Anonymous) {
		return nil, fmt.Errorf("find credentials for registry %s: %w", host, err)
	}
	return other, otherErr
}

// ecrLogin is the login to a registry of ECR. It asks anew each time, because a login may be renewed during a long apply.
type ecrLogin struct {
	cloud *cloud.Cloud
	host  string
}

// Authorization returns user and password.
func (l ecrLogin) Authorization() (*authn.AuthConfig, error) {
	return l.AuthorizationContext(context.Background())
}

// AuthorizationContext returns user and password.
func (l ecrLogin) AuthorizationContext(ctx context.Context) (*authn.AuthConfig, error) {
	login, err := l.cloud.LoginTo(ctx, l.host)
	if err != nil {
		return nil, err
	}
	if login == nil {
		return nil, fmt.Errorf("there is no login to registry %s any more", l.host)
	}
	return &authn.AuthConfig{Username: login.Username, Password: login.Password}, nil
}
