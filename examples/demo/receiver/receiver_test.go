package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The example of the Standard Webhooks libraries.
const (
	exampleSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	exampleID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	exampleSeconds   = 1614265330
	exampleBody      = `{"test": 2432232314}`
	exampleSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

func exampleHeader() http.Header {
	header := make(http.Header)
	header.Set("webhook-id", exampleID)
	header.Set("webhook-timestamp", strconv.Itoa(exampleSeconds))
	header.Set("webhook-signature", exampleSignature)
	return header
}

func newTestReceiver(t *testing.T, now time.Time) *receiver {
	t.Helper()
	r, err := newReceiver(exampleSecret, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSigned(t *testing.T) {
	t.Parallel()
	at := time.Unix(exampleSeconds, 0)
	tests := map[string]struct {
		name, value string // of the header to change
		body        string
		now         time.Time
		want        bool
	}{
		"example":            {body: exampleBody, now: at, want: true},
		"one of several":     {name: "webhook-signature", value: "v1,AAAA v1a,BBBB " + exampleSignature, body: exampleBody, now: at, want: true},
		"four minutes late":  {body: exampleBody, now: at.Add(4 * time.Minute), want: true},
		"replayed":           {body: exampleBody, now: at.Add(6 * time.Minute)},
		"from the future":    {body: exampleBody, now: at.Add(-6 * time.Minute)},
		"other body":         {body: `{"test":2432232314}`, now: at},
		"other id":           {name: "webhook-id", value: "msg_other", body: exampleBody, now: at},
		"no id":              {name: "webhook-id", body: exampleBody, now: at},
		"no signature":       {name: "webhook-signature", body: exampleBody, now: at},
		"no timestamp":       {name: "webhook-timestamp", body: exampleBody, now: at},
		"timestamp in words": {name: "webhook-timestamp", value: "today", body: exampleBody, now: at},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header := exampleHeader()
			if test.name != "" {
				header.Set(test.name, test.value)
			}
			r := newTestReceiver(t, test.now)
			if got := r.signed(header, header.Get("webhook-id"), []byte(test.body)); got != test.want {
				t.Errorf("got %t, want %t", got, test.want)
			}
		})
	}
}

func TestReceiverFailsNowAndThen(t *testing.T) {
	t.Parallel()
	now := time.Unix(exampleSeconds, 0)
	sender := httptest.NewServer(newTestReceiver(t, now).routes())
	defer sender.Close()

	post := func(id string) int {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, sender.URL+"/results", strings.NewReader(exampleBody))
		if err != nil {
			t.Fatal(err)
		}
		request.Header = exampleHeader()
		request.Header.Set("webhook-id", id)
		request.Header.Set("webhook-signature", signature(t, id))
		response, err := sender.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close() //nolint:errcheck // nothing in it
		if retry := response.Header.Get("Retry-After"); (retry == "1") != (response.StatusCode == 503) {
			t.Errorf("%d has Retry-After %q", response.StatusCode, retry)
		}
		return response.StatusCode
	}

	var got []int
	for _, id := range []string{"a", "b", "c", "d", "e", "f", "a", "c", "b"} {
		got = append(got, post(id))
	}
	if diff := cmp.Diff([]int{503, 204, 410, 204, 503, 204, 204, 204, 204}, got); diff != "" {
		t.Error(diff)
	}

	response, err := sender.Client().Get(sender.URL + "/account")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() // only read
	var told account
	if err := json.NewDecoder(response.Body).Decode(&told); err != nil {
		t.Fatal(err)
	}
	want := account{Delivered: map[string]int{"a": 1, "b": 2, "c": 1, "d": 1, "f": 1}, Unavailable: 2, Gone: 1}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
}

func TestReceiverRefusesWrongSignatures(t *testing.T) {
	t.Parallel()
	r := newTestReceiver(t, time.Unix(exampleSeconds, 0))
	header := exampleHeader()
	header.Set("webhook-signature", "v1,AAAA")
	if status := r.decide(header, []byte(exampleBody)); status != http.StatusUnauthorized {
		t.Errorf("got %d", status)
	}
	if r.account.Refused != 1 || len(r.account.Delivered) != 0 {
		t.Errorf("got %+v", r.account)
	}
}

func TestNewReceiverWantsAKey(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"", "whsec_", "whsec_?", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"} {
		if _, err := newReceiver(secret, time.Now); err == nil {
			t.Errorf("%q: no error", secret)
		}
	}
}

// signature signs the example's body under another ID.
func signature(t *testing.T, id string) string {
	t.Helper()
	return newTestReceiver(t, time.Unix(exampleSeconds, 0)).signature(id, strconv.Itoa(exampleSeconds), []byte(exampleBody))
}
