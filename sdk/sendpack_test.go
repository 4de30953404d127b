package sdk_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk"
)

const mebibyte = 1 << 20

// sized are events whose data has the given sizes.
func sized(sizes ...int) []sdk.Outgoing {
	events := make([]sdk.Outgoing, len(sizes))
	for i, size := range sizes {
		events[i] = sdk.Outgoing{Type: "a", Data: strings.Repeat("x", size), Options: []sdk.SendOption{sdk.WithGroup("g")}}
	}
	return events
}

func TestSendAllFillsCalls(t *testing.T) {
	t.Parallel()
	const third = mebibyte/3 - 400
	for _, test := range []struct {
		name, queue string
		sizes       []int
		want        string // entries per call
	}{
		{"nothing", "jobs", nil, "[]"},
		{"tens", "jobs", make([]int, 23), "[3 10 10]"},
		{"thirds of a MiB", "jobs", []int{third, third, third, 0, third}, "[1 4]"},
		{"large ones", "jobs", []int{1_000_000, 1_000_000, 1_000_000}, "[1 1 1]"},
		{"large and small ones, in turn", "jobs", []int{1_000_000, 600_000, 1_000_000, 400_000, 0, 0, 0}, "[2 2 3]"},
		{"ones that fit only together", "jobs", []int{300_000, 600_000, 200_000, 700_000, 200_000, 900_000}, "[1 2 3]"},
		{"in order", "orders", []int{third, third, third, 0, third}, "[1 4]"},
		{"in order, whatever the size", "orders", []int{1_000_000, 600_000, 1_000_000, 400_000, 0, 0, 0}, "[1 1 1 4]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFakeSQS()
			if err := sdk.SendAll(sender(t, f), test.queue, sized(test.sizes...)...); err != nil {
				t.Fatal(err)
			}
			counts := []int{}
			for _, batch := range f.batches {
				counts = append(counts, len(batch.Entries))
			}
			slices.Sort(counts) // calls to a standard queue are made side by side
			if got := fmt.Sprint(counts); got != test.want {
				t.Errorf("got calls of %s, want %s", got, test.want)
			}
		})
	}
}

// TestSendAllNeedsHardlyMoreCallsThanMustBe compares the calls for random sizes with how many 10 events and 1 MiB each require.
func TestSendAllNeedsHardlyMoreCallsThanMustBe(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		random := rand.New(rand.NewPCG(seed, 0))
		sizes := make([]int, 200)
		for i := range sizes {
			switch random.IntN(4) {
			case 0:
				sizes[i] = random.IntN(mebibyte / 2)
			case 1:
				sizes[i] = random.IntN(100_000)
			default:
				sizes[i] = random.IntN(1000)
			}
		}
		f := newFakeSQS()
		if err := sdk.SendAll(sender(t, f), "jobs", sized(sizes...)...); err != nil {
			t.Fatal(err)
		}
		total, sent := 0, 0
		for _, batch := range f.batches {
			size := 0
			for _, entry := range batch.Entries {
				size += len(*entry.MessageBody)
			}
			if n := len(batch.Entries); n > 10 || size > mebibyte {
				t.Errorf("got a call of %d events and %d bytes", n, size)
			}
			total, sent = total+size, sent+len(batch.Entries)
		}
		least := max((len(sizes)+9)/10, (total+mebibyte-1)/mebibyte)
		if sent != len(sizes) || len(f.batches) > least+1 {
			t.Errorf("seed %d: got %d events in %d calls, want %d in about %d", seed, sent, len(f.batches), len(sizes), least)
		}
	}
}

func TestSendTakesOneMebibyteAndNotAByteMore(t *testing.T) {
	t.Parallel()
	options := []sdk.SendOption{sdk.WithID("e"), sdk.WithTime(time.Unix(0, 0))}
	f := newFakeSQS()
	ctx := sender(t, f)
	if err := sdk.Send(ctx, "jobs", "a", "", options...); err != nil {
		t.Fatal(err)
	}
	room := mebibyte - len(*f.batches[0].Entries[0].MessageBody)
	if err := sdk.Send(ctx, "jobs", "a", strings.Repeat("x", room), options...); err != nil {
		t.Errorf("1 MiB: got %v", err)
	}
	err := sdk.Send(ctx, "jobs", "a", strings.Repeat("x", room+1), options...)
	if err == nil || !strings.Contains(err.Error(), "it has 1048577 bytes and SQS takes 1048576 at most") {
		t.Errorf("1 MiB and a byte: got %v", err)
	}
	if len(f.batches) != 2 {
		t.Errorf("got %d calls, want 2", len(f.batches))
	}
}
