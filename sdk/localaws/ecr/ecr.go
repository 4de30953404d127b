// Package ecr is AWS's Elastic Container Registry: the API that makes and describes repositories, and the registry itself,
// which container tools push to and pull from. Layers are kept on disk, everything else in memory.
package ecr

import (
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// Service answers the ECR API. It is safe for concurrent use.
type Service struct {
	json  wire.JSONService
	dir   string
	log   *slog.Logger
	hosts hosts

	mu           sync.Mutex
	repositories map[string]*repository // by ARN
	settings     map[string]string      // of the account
	lastPush     time.Time
}

// New returns a service without repositories that keeps layers under dir and logs to log. Registries of further regions are served by listen.
func New(dir string, listen Listen, log *slog.Logger) *Service {
	s := &Service{
		dir: dir, log: log, hosts: hosts{listen: listen, ports: map[string]string{}},
		repositories: map[string]*repository{}, settings: map[string]string{},
	}
	for name, values := range settingValues {
		s.settings[name] = values[0]
	}
	s.json = wire.JSONService{
		Target:  "AmazonEC2ContainerRegistry_V20150921",
		Version: "1.1",
		Log:     log,
		Operations: map[string]wire.Operation{
			"CreateRepository":              wire.Op(s.CreateRepository),
			"DescribeRepositories":          wire.Op(s.DescribeRepositories),
			"DeleteRepository":              wire.Op(s.DeleteRepository),
			"PutImageTagMutability":         wire.Op(s.PutImageTagMutability),
			"PutImageScanningConfiguration": wire.Op(s.PutImageScanningConfiguration),
			"SetRepositoryPolicy":           wire.Op(s.SetRepositoryPolicy),
			"GetRepositoryPolicy":           wire.Op(s.GetRepositoryPolicy),
			"DeleteRepositoryPolicy":        wire.Op(s.DeleteRepositoryPolicy),
			"PutLifecyclePolicy":            wire.Op(s.PutLifecyclePolicy),
			"GetLifecyclePolicy":            wire.Op(s.GetLifecyclePolicy),
			"DeleteLifecyclePolicy":         wire.Op(s.DeleteLifecyclePolicy),
			"TagResource":                   wire.Op(s.TagResource),
			"UntagResource":                 wire.Op(s.UntagResource),
			"ListTagsForResource":           wire.Op(s.ListTagsForResource),
			"GetAuthorizationToken":         wire.Op(s.GetAuthorizationToken),
			"DescribeImages":                wire.Op(s.DescribeImages),
			"ListImages":                    wire.Op(s.ListImages),
			"BatchGetImage":                 wire.Op(s.BatchGetImage),
			"BatchDeleteImage":              wire.Op(s.BatchDeleteImage),
			"BatchCheckLayerAvailability":   wire.Op(s.BatchCheckLayerAvailability),
			"GetDownloadUrlForLayer":        wire.Op(s.GetDownloadUrlForLayer),
			"GetAccountSetting":             wire.Op(s.GetAccountSetting),
			"PutAccountSetting":             wire.Op(s.PutAccountSetting),
		},
	}
	return s
}

func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.json.ServeHTTP(w, r) }

func notFound(name string) *wire.Error {
	return wire.Errorf("RepositoryNotFoundException",
		"The repository with name '%s' does not exist in the registry with id '%s'", name, wire.AccountID)
}

func invalid(format string, args ...any) *wire.Error {
	return wire.Errorf("InvalidParameterException", "Invalid parameter at %s", fmt.Sprintf(format, args...))
}

// checkRegistry refuses other accounts' registries.
func checkRegistry(id string) error {
	if id != "" && id != wire.AccountID {
		return wire.Errorf("RepositoryNotFoundException", "The registry with id '%s' does not exist", id)
	}
	return nil
}
