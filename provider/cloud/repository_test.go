package cloud

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	"github.com/google/go-cmp/cmp"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws"
)

// watched is a Cloud on a localaws whose calls are counted by operation, and fail where fail says so.
type watched struct {
	*Cloud
	server *localaws.Server

	mu    sync.Mutex
	calls map[string]int
	fail  func(operation string) error
}

func watch(t *testing.T) *watched {
	t.Helper()
	w := &watched{server: localaws.Start(t), calls: map[string]int{}}
	config := w.server.Config()
	config.APIOptions = append(config.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("watch", func(
			ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
		) (middleware.InitializeOutput, middleware.Metadata, error) {
			operation := middleware.GetOperationName(ctx)
			w.mu.Lock()
			w.calls[operation]++
			fail := w.fail
			w.mu.Unlock()
			if fail != nil {
				if err := fail(operation); err != nil {
					return middleware.InitializeOutput{}, middleware.Metadata{}, err
				}
			}
			return next.HandleInitialize(ctx, in)
		}), middleware.After)
	})
	w.Cloud = New(config)
	return w
}

// take returns the calls since the last take.
func (w *watched) take() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	taken := w.calls
	w.calls = map[string]int{}
	return taken
}

// deny makes an operation fail for want of permissions.
func (w *watched) deny(denied string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fail = func(operation string) error {
		if operation == denied {
			return &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "not authorized to perform " + denied}
		}
		return nil
	}
}

func TestCreatedRepositoryIsSafe(t *testing.T) {
	t.Parallel()
	w := watch(t)
	url, err := w.CreateRepository(t.Context(), "team/acme", Encryption{Type: "KMS", KMSKeyARN: "arn:aws:kms:us-east-1:1:key/k"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.ReadRepository(t.Context(), "team/acme")
	if err != nil {
		t.Fatal(err)
	}
	want := &Repository{
		URL: url, Encryption: Encryption{Type: "KMS", KMSKeyARN: "arn:aws:kms:us-east-1:1:key/k"},
		ImmutableTags: true, ScanOnPush: true, HasPolicy: true,
	}
	if diff := cmp.Diff(want, got); diff != "" || url != strings.TrimPrefix(w.server.Endpoint(), "http://")+"/team/acme" {
		t.Errorf("at %s (-want +got):\n%s", url, diff)
	}
	policy, err := w.ecr.GetRepositoryPolicy(t.Context(), &ecr.GetRepositoryPolicyInput{RepositoryName: aws.String("team/acme")})
	if err != nil || !strings.Contains(*policy.PolicyText, `"Service":"lambda.amazonaws.com"`) {
		t.Errorf("got policy %v, %v", policy, err)
	}
	if _, err := w.CreateRepository(t.Context(), "team/acme", Encryption{}, nil); !IsExists(err) {
		t.Errorf("a second one: got %v", err)
	}
	if _, err := w.CreateRepository(t.Context(), "aes", Encryption{Type: "AES256"}, nil); err != nil {
		t.Error(err)
	}
	if _, err := w.ReadRepository(t.Context(), "absent"); !IsNotFound(err) {
		t.Errorf("absent: got %v", err)
	}
}

func TestRepositoryWithoutItsPolicyIsUndone(t *testing.T) {
	t.Parallel()
	w := watch(t)
	w.deny("SetRepositoryPolicy")
	if _, err := w.CreateRepository(t.Context(), "acme", Encryption{}, nil); !IsDenied(err) {
		t.Errorf("got %v", err)
	}
	if _, err := w.FindRepository(t.Context(), "acme"); !IsNotFound(err) {
		t.Errorf("the repository is left: %v", err)
	}
}

func TestMendRepository(t *testing.T) {
	t.Parallel()
	w, name := watch(t), aws.String("acme")
	if _, err := w.ecr.CreateRepository(t.Context(), &ecr.CreateRepositoryInput{RepositoryName: name}); err != nil {
		t.Fatal(err)
	}
	if err := w.MendRepository(t.Context(), "acme"); err != nil {
		t.Fatal(err)
	}
	got, err := w.ReadRepository(t.Context(), "acme")
	if err != nil || !got.ImmutableTags || !got.ScanOnPush || !got.HasPolicy {
		t.Errorf("got %+v, %v", got, err)
	}
	own := aws.String(`{"Version":"2012-10-17","Statement":[]}`)
	if _, err := w.ecr.SetRepositoryPolicy(t.Context(), &ecr.SetRepositoryPolicyInput{RepositoryName: name, PolicyText: own}); err != nil {
		t.Fatal(err)
	}
	w.take()
	if err := w.MendRepository(t.Context(), "acme"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"DescribeRepositories": 1, "GetRepositoryPolicy": 1}, w.take()); diff != "" {
		t.Errorf("calls when all is well (-want +got):\n%s", diff)
	}
}

func TestEnsureRepositoryMakesItOnce(t *testing.T) {
	t.Parallel()
	w := watch(t)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			url, err := w.EnsureRepository(t.Context(), "acme", map[string]string{"team": "a"})
			if err != nil || !strings.HasSuffix(url, "/acme") {
				t.Errorf("got %q, %v", url, err)
			}
		})
	}
	group.Wait()
	want := map[string]int{"DescribeRepositories": 1, "CreateRepository": 1, "SetRepositoryPolicy": 1}
	if diff := cmp.Diff(want, w.take()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	got, err := w.ReadRepository(t.Context(), "acme")
	if err != nil || !got.ImmutableTags || !got.ScanOnPush || !got.HasPolicy {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestEnsureRepositoryLeavesOthersAsTheyAre(t *testing.T) {
	t.Parallel()
	w, name := watch(t), aws.String("acme")
	if _, err := w.ecr.CreateRepository(t.Context(), &ecr.CreateRepositoryInput{RepositoryName: name}); err != nil {
		t.Fatal(err)
	}
	own := aws.String(`{"Version":"2012-10-17","Statement":[]}`)
	if _, err := w.ecr.SetRepositoryPolicy(t.Context(), &ecr.SetRepositoryPolicyInput{RepositoryName: name, PolicyText: own}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.EnsureRepository(t.Context(), "acme", nil); err != nil {
		t.Fatal(err)
	}
	policy, err := w.ecr.GetRepositoryPolicy(t.Context(), &ecr.GetRepositoryPolicyInput{RepositoryName: name})
	if err != nil || *policy.PolicyText != *own {
		t.Errorf("the policy is %v, %v", policy, err)
	}
	if got, err := w.ReadRepository(t.Context(), "acme"); err != nil || got.ImmutableTags || got.ScanOnPush {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestEnsureRepositoryGivesAPolicyWhereThereIsNone(t *testing.T) {
	t.Parallel()
	w := watch(t)
	if _, err := w.ecr.CreateRepository(t.Context(), &ecr.CreateRepositoryInput{RepositoryName: aws.String("acme")}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.EnsureRepository(t.Context(), "acme", nil); err != nil {
		t.Fatal(err)
	}
	if got, err := w.ReadRepository(t.Context(), "acme"); err != nil || !got.HasPolicy {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestEnsureRepositoryLosesARace(t *testing.T) {
	t.Parallel()
	w := watch(t)
	other := ecr.NewFromConfig(w.server.Config())
	w.fail = func(operation string) error {
		if operation == "CreateRepository" {
			_, err := other.CreateRepository(t.Context(), &ecr.CreateRepositoryInput{RepositoryName: aws.String("acme")})
			return err
		}
		return nil
	}
	url, err := w.EnsureRepository(t.Context(), "acme", nil)
	if err != nil || !strings.HasSuffix(url, "/acme") {
		t.Errorf("got %q, %v", url, err)
	}
}

func TestDeleteRepositoryKeepsWhatOthersPushed(t *testing.T) {
	t.Parallel()
	w := watch(t)
	if _, err := w.CreateRepository(t.Context(), "acme", Encryption{}, nil); err != nil {
		t.Fatal(err)
	}
	ours, theirs, tagged := pushImage(t, w, ""), pushImage(t, w, ""), pushImage(t, w, "v1")
	own := func(digests ...string) func(context.Context, string) (bool, error) {
		return func(_ context.Context, digest string) (bool, error) { return slices.Contains(digests, digest), nil }
	}
	err := w.DeleteRepository(t.Context(), "acme", false, own(ours))
	foreign, ok := errors.AsType[*ForeignImagesError](err)
	if !ok || len(foreign.Images) != 2 || !slices.Contains(foreign.Images, theirs) || !slices.Contains(foreign.Images, "v1") {
		t.Errorf("got %v, want %s and v1", err, theirs)
	}
	if exists, err := w.HasImage(t.Context(), "acme", ours); err != nil || !exists {
		t.Errorf("a refused deletion took an image: %v", err)
	}
	failing := func(context.Context, string) (bool, error) { return false, errors.New("cannot look") }
	if err := w.DeleteRepository(t.Context(), "acme", false, failing); err == nil || !strings.Contains(err.Error(), "cannot look") {
		t.Errorf("got %v", err)
	}
	if err := w.DeleteRepository(t.Context(), "acme", false, own(ours, theirs, tagged)); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time there is none
		if err := w.DeleteRepository(t.Context(), "acme", false, own()); err != nil {
			t.Error(err)
		}
	}
	if _, err := w.CreateRepository(t.Context(), "acme", Encryption{}, nil); err != nil {
		t.Fatal(err)
	}
	pushImage(t, w, "v1")
	if err := w.DeleteRepository(t.Context(), "acme", true, nil); err != nil {
		t.Error(err)
	}
}

func TestForeignImagesErrorIsShort(t *testing.T) {
	e := &ForeignImagesError{Repository: "acme"}
	for i := range 7 {
		e.Images = append(e.Images, fmt.Sprintf("v%d", i))
	}
	if !strings.HasSuffix(e.Error(), ": v0, v1, v2, v3, v4 and 2 more") {
		t.Errorf("got %s", e)
	}
}
