package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// tolerance is how far a message's timestamp may be off, as Standard Webhooks recommends against replays.
	tolerance = 5 * time.Minute
	// maxBody is the largest message that is taken, in bytes.
	maxBody = 1 << 20
)

// receiver takes messages and keeps account of them. It is safe for concurrent use.
type receiver struct {
	key []byte
	now func() time.Time

	mu      sync.Mutex
	attempt map[string]int // by webhook-id, signature right
	account account
}

// account is what has arrived so far, and what became of it.
type account struct {
	Delivered   map[string]int `json:"delivered"`   // by webhook-id: how often it was acknowledged
	Unavailable int            `json:"unavailable"` // answered with 503
	Gone        int            `json:"gone"`        // answered with 410
	Refused     int            `json:"refused"`     // answered with 401, the signature being wrong
}

func newReceiver(secret string, now func() time.Time) (*receiver, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || len(key) == 0 || !strings.HasPrefix(secret, "whsec_") {
		return nil, errors.New("it is not \"whsec_\" and a key in base64")
	}
	return &receiver{
		key:     key,
		now:     now,
		attempt: make(map[string]int),
		account: account{Delivered: make(map[string]int)},
	}, nil
}

func (r *receiver) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /", r.take)
	mux.HandleFunc("GET /account", r.tell)
	return mux
}

// take answers one message.
func (r *receiver) take(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, maxBody))
	if err != nil {
		http.Error(w, "the message broke off or is too large", http.StatusBadRequest)
		return
	}
	status := r.decide(request.Header, body)
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	w.WriteHeader(status)
}

// decide settles how a message is answered and accounts for it. The first attempt of every fourth message that is new finds
// the subscriber unavailable, that of the third finds it gone. All others, and all later attempts, are acknowledged.
func (r *receiver) decide(header http.Header, body []byte) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	id := header.Get("webhook-id")
	if !r.signed(header, id, body) {
		r.account.Refused++
		return http.StatusUnauthorized
	}
	r.attempt[id]++
	if first, arrived := r.attempt[id] == 1, len(r.attempt); first && arrived%4 == 1 {
		r.account.Unavailable++
		return http.StatusServiceUnavailable
	} else if first && arrived == 3 {
		r.account.Gone++
		return http.StatusGone
	}
	r.account.Delivered[id]++
	return http.StatusNoContent
}

// signed checks a message's signature and age as Standard Webhooks prescribes.
func (r *receiver) signed(header http.Header, id string, body []byte) bool {
	timestamp := header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || id == "" || r.now().Sub(time.Unix(seconds, 0)).Abs() > tolerance {
		return false
	}
	want := []byte(r.signature(id, timestamp, body))
	return slices.ContainsFunc(strings.Fields(header.Get("webhook-signature")), func(signature string) bool {
		return hmac.Equal([]byte(signature), want)
	})
}

// signature returns the only signature that is right for a message.
func (r *receiver) signature(id, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, r.key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// tell answers with the account as JSON.
func (r *receiver) tell(w http.ResponseWriter, _ *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(r.account) // fails only if the client has gone
}
