package ecr

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// Listen serves a handler on a port of its own until the whole server closes, and returns the port.
type Listen func(handler http.Handler) (port string, err error)

// hosts are where the regions' registries are reached. As in AWS, each region has one of its own, as repositories of several regions may have
// the same name: that of the region that is asked for first is where the API is, the others have a port each.
type hosts struct {
	listen Listen

	mu    sync.Mutex
	home  string            // the first region
	ports map[string]string // of the other regions
}

// open sees to it that the registry of the call's region is reached; handler serves those that have a port of their own.
func (h *hosts) open(ctx context.Context, handler func(region string) http.Handler) error {
	region := wire.CallFrom(ctx).Region
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.home == "" {
		h.home = region
	}
	if h.home == region || h.ports[region] != "" {
		return nil
	}
	port, err := h.listen(handler(region))
	if err != nil {
		return fmt.Errorf("serve the registry of region %s: %w", region, err)
	}
	h.ports[region] = port
	return nil
}

// of returns the host:port of the registry of the call's region, as the client reaches this server.
func (h *hosts) of(ctx context.Context) string {
	call := wire.CallFrom(ctx)
	h.mu.Lock()
	port := h.ports[call.Region]
	h.mu.Unlock()
	if port == "" {
		return call.Host
	}
	name, _, err := net.SplitHostPort(call.Host)
	if err != nil {
		name = call.Host // on port 80
	}
	return net.JoinHostPort(name, port)
}

// region returns the region whose registry is at a host:port; of those that are not known, it is the first region's.
func (h *hosts) region(host string) string {
	_, port, _ := net.SplitHostPort(host)
	h.mu.Lock()
	defer h.mu.Unlock()
	for region, its := range h.ports {
		if its == port {
			return region
		}
	}
	return h.home
}
