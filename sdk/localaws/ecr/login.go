package ecr

import (
	"context"
	"encoding/base64"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

const (
	registryUser     = "AWS"
	registryPassword = "localaws" // any other will do
	tokenLifetime    = 12 * time.Hour
)

// AuthorizationData is what container tools log in with.
type AuthorizationData struct {
	AuthorizationToken string     `json:"authorizationToken"` // base64 of "AWS:password"
	ExpiresAt          wire.Epoch `json:"expiresAt"`
	ProxyEndpoint      string     `json:"proxyEndpoint"`
}

// GetAuthorizationTokenOutput is the answer of GetAuthorizationToken.
type GetAuthorizationTokenOutput struct {
	AuthorizationData []AuthorizationData `json:"authorizationData"`
}

// GetAuthorizationToken hands out the password of the registry, which never changes here.
func (s *Service) GetAuthorizationToken(ctx context.Context, _ struct{}) (GetAuthorizationTokenOutput, error) {
	if err := s.hosts.open(ctx, s.registryOf); err != nil {
		return GetAuthorizationTokenOutput{}, err
	}
	return GetAuthorizationTokenOutput{AuthorizationData: []AuthorizationData{{
		AuthorizationToken: base64.StdEncoding.EncodeToString([]byte(registryUser + ":" + registryPassword)),
		ExpiresAt:          wire.Epoch{Time: time.Now().Add(tokenLifetime)},
		ProxyEndpoint:      "http://" + s.hosts.of(ctx),
	}}}, nil
}
