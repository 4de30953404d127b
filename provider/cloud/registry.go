package cloud

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/hashicorp/aws-sdk-go-base/v2/endpoints"

	"github.com/lambda-land/terraform-provider-handler/provider/once"
)

// RegistryLogin is how to reach a container registry of ECR.
type RegistryLogin struct {
	// Host is the host of the account's own registry, with a port if it is not the usual one.
	Host string
	// Username and Password are good for 12 hours, and for all registries of the region that the credentials may use.
	Username, Password string
}

// loginLife is how long a login is used; a push that begins within it has an hour to end.
const loginLife = 11 * time.Hour

// Login returns how to reach the account's registry in this region. It asks AWS once in 11 hours.
func (c *Cloud) Login(ctx context.Context) (*RegistryLogin, error) { return c.loginIn(ctx, c.Region) }

// LoginTo returns how to reach the registry at this host: the account's own, or one of any account and region of ECR. It returns nil
// for any other host. It asks AWS once in 11 hours for each region.
func (c *Cloud) LoginTo(ctx context.Context, host string) (*RegistryLogin, error) {
	if _, region, ok := RegistryRegion(host); ok {
		return c.loginIn(ctx, region)
	}
	// The account's own registry has another host where AWS is another than Amazon's, such as localaws.
	own, err := c.Login(ctx)
	if err != nil || own.Host != host {
		return nil, nil //nolint:nilerr // without credentials, a host that is not ECR's is not ours either
	}
	return own, nil
}

func (c *Cloud) loginIn(ctx context.Context, region string) (*RegistryLogin, error) {
	return c.logins.in(region).Get(ctx, func(ctx context.Context) (*RegistryLogin, error) {
		found, err := c.logIn(ctx, region)
		if err != nil {
			return nil, fmt.Errorf("log in to the container registry of region %s: %w", region, err)
		}
		return found, nil
	})
}

// logins are those that were asked for, by region.
type logins struct {
	mu       sync.Mutex
	byRegion map[string]*regionLogin
}

// regionLogin is a login that was asked for at some time.
type regionLogin struct {
	once.Answer[*RegistryLogin]

	since time.Time
}

// in returns the login of a region, to be asked for if the last one is about to end.
func (l *logins) in(region string) *regionLogin {
	l.mu.Lock()
	defer l.mu.Unlock()
	login, ok := l.byRegion[region]
	if !ok || time.Since(login.since) > loginLife {
		if l.byRegion == nil {
			l.byRegion = map[string]*regionLogin{}
		}
		login = &regionLogin{since: time.Now()}
		l.byRegion[region] = login
	}
	return login
}

func (c *Cloud) logIn(ctx context.Context, region string) (*RegistryLogin, error) {
	output, err := c.ecr.GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{}, func(o *ecr.Options) { o.Region = region })
	if err != nil {
		return nil, err
	}
	if len(output.AuthorizationData) == 0 {
		return nil, fmt.Errorf("AWS sent no token")
	}
	token := output.AuthorizationData[0]
	endpoint, err := url.Parse(aws.ToString(token.ProxyEndpoint))
	if err != nil {
		return nil, err
	}
	decoded, err := base64.StdEncoding.DecodeString(aws.ToString(token.AuthorizationToken))
	if err != nil {
		return nil, fmt.Errorf("the token is malformed") // the cause would show part of it
	}
	username, password, _ := strings.Cut(string(decoded), ":")
	return &RegistryLogin{Host: endpoint.Host, Username: username, Password: password}, nil
}

// registryHost is what hosts of ECR's private registries begin with: account, "dkr" and "ecr" apart by a dot or, for those that are
// reached by IPv6, too, by a dash, and the region.
var registryHost = regexp.MustCompile(`^([0-9]{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.(.+)$`)

// dualStack are the domains of registries that are reached by IPv6, too, by partition.
var dualStack = map[string]string{"aws": "on.aws", "aws-us-gov": "on.aws", "aws-cn": "on.amazonwebservices.com.cn"}

// RegistryRegion returns the account and the region of a registry of ECR by its host, such as
// 123456789012.dkr.ecr.eu-west-1.amazonaws.com; ok is false for hosts that are not in one of AWS's domains.
func RegistryRegion(host string) (account, region string, ok bool) {
	parts := registryHost.FindStringSubmatch(host)
	if parts == nil {
		return "", "", false
	}
	account, region = parts[1], parts[2]
	partition, known := endpoints.PartitionForRegion(endpoints.DefaultPartitions(), region)
	if !known || parts[3] != partition.DNSSuffix() && parts[3] != dualStack[partition.ID()] {
		return "", "", false
	}
	return account, region, true
}
