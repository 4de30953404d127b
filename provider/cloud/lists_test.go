package cloud

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/smithy-go/middleware"
	"golang.org/x/sync/errgroup"
)

// TestListsOfTooMuch has more mappings and log groups than lists for all functions show.
func TestListsOfTooMuch(t *testing.T) {
	t.Parallel()
	for name, many := range map[string]bool{"few": false, "too many": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, s := t.Context(), newStage(t)
			here := &scene{Cloud: s.Cloud, t: t, stage: s, name: "acme"}
			withFunction(here)
			groups, mappings := 1, 1
			if many {
				groups, mappings = maxLogGroupPages*50+1, maxMappingPages*100+1
			}
			var work errgroup.Group
			work.SetLimit(20)
			for i := range groups {
				work.Go(func() error { return errorOf(here.CreateLogGroup(ctx, fmt.Sprintf("/aws/lambda/acme-%d", i), nil)) })
			}
			for i := range mappings {
				work.Go(func() error {
					queueURL, err := here.CreateQueue(ctx, fmt.Sprintf("acme-%d", i), nil, nil)
					if err != nil {
						return err
					}
					return errorOf(here.CreateMapping(ctx, Mapping{QueueARN: here.QueueARN(queueURL), FunctionName: here.name, BatchSize: 1}))
				})
			}
			here.need(work.Wait())
			here.need(here.SetRetention(ctx, fmt.Sprintf("/aws/lambda/acme-%d", groups-1), 7))

			fresh := New(s.server.Config())
			seen, err := fresh.SeenMappings(ctx, here.name)
			if err != nil || len(seen) != mappings {
				t.Errorf("got %d mappings, %v, want %d", len(seen), err, mappings)
			}
			if seen, err = fresh.SeenMappings(ctx, "other"); err != nil || len(seen) > 0 {
				t.Errorf("another function has %v, %v", seen, err)
			}
			days, err := fresh.SeenRetention(ctx, fmt.Sprintf("/aws/lambda/acme-%d", groups-1))
			if err != nil || days != 7 {
				t.Errorf("got %d days, %v, want 7", days, err)
			}
			if _, err := fresh.SeenRetention(ctx, "/aws/lambda/none"); !IsNotFound(err) {
				t.Errorf("got %v, want that there is none", err)
			}
		})
	}
}

// perFunction denies what is not about one function alone.
type perFunction struct{}

// Do answers a request.
func (perFunction) Do(r *http.Request) (*http.Response, error) {
	all := r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/2015-03-31/event-source-mappings") && !r.URL.Query().Has("FunctionName")
	if middleware.GetOperationName(r.Context()) == "DescribeLogGroups" {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		all, r.Body = strings.Contains(string(body), `"logGroupNamePrefix":"/aws/lambda/"`), io.NopCloser(bytes.NewReader(body))
	}
	if !all {
		return http.DefaultClient.Do(r)
	}
	answer := httptest.NewRecorder()
	answer.Header().Set("X-Amzn-Errortype", "AccessDeniedException")
	answer.WriteHeader(http.StatusForbidden)
	_, _ = answer.WriteString(`{"__type":"AccessDeniedException","message":"this test denies it"}`)
	response := answer.Result()
	response.Request = r
	return response, nil
}

// TestListsThatAreDenied has a policy permit lists of one function alone.
func TestListsThatAreDenied(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	here := &scene{Cloud: s.Cloud, t: t, stage: s, name: "acme"}
	withMapping(here)
	here.need(errorOf(here.CreateLogGroup(t.Context(), "/aws/lambda/acme", nil)))
	config := s.server.Config()
	config.HTTPClient = perFunction{}
	denied := New(config)
	if _, err := denied.listAllMappings(t.Context()); !IsDenied(err) {
		t.Fatalf("got %v, want a denial", err)
	}
	if _, err := denied.listRetentions(t.Context()); !IsDenied(err) {
		t.Fatalf("got %v, want a denial", err)
	}
	if seen, err := denied.SeenMappings(t.Context(), "acme"); err != nil || len(seen) != 1 {
		t.Errorf("got %v, %v, want one mapping", seen, err)
	}
	if days, err := denied.SeenRetention(t.Context(), "/aws/lambda/acme"); err != nil || days != 0 {
		t.Errorf("got %d days, %v", days, err)
	}
}
