package provider

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/lambda-land/terraform-provider-handler/provider/image"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws"
)

func TestPushToECRMountsLayersOfItsOwn(t *testing.T) {
	t.Parallel()
	server := localaws.Start(t)
	data := dataFor(t, server.Config())
	var mu sync.Mutex
	events := map[string]int{}
	data.registry.Progress = func(_ context.Context, event image.PushEvent) {
		mu.Lock()
		defer mu.Unlock()
		events[event.Kind]++
	}
	mounting := ecr.PutAccountSettingInput{Name: aws.String("BLOB_MOUNTING"), Value: aws.String("ENABLED")}
	if _, err := ecr.NewFromConfig(server.Config()).PutAccountSetting(t.Context(), &mounting); err != nil {
		t.Fatal(err)
	}
	push := func(repository string, img v1.Image) {
		t.Helper()
		url, err := data.cloud.EnsureRepository(t.Context(), repository, nil)
		if err != nil {
			t.Fatal(err)
		}
		digest, err := img.Digest()
		if err != nil {
			t.Fatal(err)
		}
		if err := data.registry.Push(t.Context(), url, img); err != nil {
			t.Fatal(err)
		}
		if err := data.cloud.WaitForImage(t.Context(), repository, digest.String()); err != nil {
			t.Fatal(err)
		}
	}
	base, err := random.Image(2048, 1)
	if err != nil {
		t.Fatal(err)
	}
	push("base", base)
	layers, err := base.Layers()
	if err != nil {
		t.Fatal(err)
	}
	from, err := name.NewTag(strings.TrimPrefix(server.Endpoint(), "http://") + "/base:any")
	if err != nil {
		t.Fatal(err)
	}
	other, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	img, err := mutate.AppendLayers(other, &remote.MountableLayer{Layer: layers[0], Reference: from})
	if err != nil {
		t.Fatal(err)
	}
	push("acme", img)
	if events[image.PushMounted] != 1 || events[image.PushUploaded] != 4 || events[image.PushDone] != 2 {
		t.Errorf("got %v, want 1 mounted layer, 4 that were uploaded and 2 images", events)
	}
}
