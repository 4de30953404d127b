package sdk_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// runtimeAPI is Lambda's side: it hands out invocations, as many at the same time as it is asked for, and takes answers in any order.
type runtimeAPI struct {
	*httptest.Server
	waiting    chan *handout
	initErrors chan string // type and body
	extensions chan string // names

	mu   sync.Mutex
	sent int
	open map[string]*handout // without an answer, by request ID
}

// handout is one invocation.
type handout struct {
	id, payload string
	limit       time.Duration // from its handing out
	deadline    time.Time
	answer      chan string // ID, "response" or "error", and body; "late" before the body if the deadline had passed
}

func newRuntimeAPI(t testing.TB) *runtimeAPI {
	t.Helper()
	api := &runtimeAPI{
		waiting: make(chan *handout, 1000), initErrors: make(chan string, 1), extensions: make(chan string, 10), open: make(map[string]*handout),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", api.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/{kind}", api.answer)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		api.initErrors <- r.Header.Get("Lambda-Runtime-Function-Error-Type") + " " + string(body)
	})
	mux.HandleFunc("POST /2020-01-01/extension/register", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Lambda-Extension-Identifier", "extension-1")
		api.extensions <- r.Header.Get("Lambda-Extension-Name")
	})
	mux.HandleFunc("GET /2020-01-01/extension/event/next", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	api.Server = httptest.NewServer(mux)
	t.Cleanup(func() {
		api.CloseClientConnections()
		api.Close()
	})
	return api
}

func (api *runtimeAPI) env() string {
	return "AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(api.URL, "http://")
}

// begin has an invocation handed out that lasts so long, and returns where its answer will be. Invocations are "request-1" and so on.
func (api *runtimeAPI) begin(payload string, limit time.Duration) (answer <-chan string) {
	api.mu.Lock()
	defer api.mu.Unlock()
	api.sent++
	h := &handout{id: fmt.Sprint("request-", api.sent), payload: payload, limit: limit, answer: make(chan string, 1)}
	api.waiting <- h
	return h.answer
}

// invoke hands out an invocation of a minute and returns its answer.
func (api *runtimeAPI) invoke(payload string) (answer string) {
	select {
	case answer = <-api.begin(payload, time.Minute):
		return answer
	case <-time.After(2 * time.Minute):
		return "no answer in two minutes"
	}
}

func (api *runtimeAPI) next(w http.ResponseWriter, r *http.Request) {
	select {
	case h := <-api.waiting:
		api.mu.Lock()
		h.deadline = time.Now().Add(h.limit)
		api.open[h.id] = h
		api.mu.Unlock()
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", h.id)
		w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(h.deadline.UnixMilli()))
		_, _ = io.WriteString(w, h.payload) // to a process that is gone, nothing can be handed out
	case <-r.Context().Done():
	}
}

func (api *runtimeAPI) answer(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	id, kind := r.PathValue("id"), r.PathValue("kind")
	api.mu.Lock()
	defer api.mu.Unlock()
	h := api.open[id]
	if h == nil {
		http.Error(w, "unknown or answered already", http.StatusBadRequest)
		return
	}
	delete(api.open, id)
	if time.Now().After(h.deadline) {
		kind += " late"
	}
	w.WriteHeader(http.StatusAccepted)
	h.answer <- id + " " + kind + " " + string(body)
}

// unanswered are how many invocations were handed out and not answered.
func (api *runtimeAPI) unanswered() int {
	api.mu.Lock()
	defer api.mu.Unlock()
	return len(api.open)
}
