package sdktest_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/lambda-land/terraform-provider-handler/sdk"
	"github.com/lambda-land/terraform-provider-handler/sdk/sdktest"
)

// appOf returns an app whose handler "h" calls fn.
func appOf(fn func(ctx context.Context)) *sdk.App {
	return sdk.New("acme", sdk.Handler("h", sdk.On("a", func(ctx context.Context, _ sdk.Event[string]) error { fn(ctx); return nil })))
}

// outliving invokes a handler that calls fn and returns why the test would fail, or "".
func outliving(ctx context.Context, t testing.TB, fn func(ctx context.Context)) string {
	r := &recorder{TB: t}
	sdktest.InvokeContext(ctx, r, appOf(fn), "h", sdktest.Event{Type: "a"})
	return r.text
}

// here is the position of the line that is so many lines above its caller's.
func here(above int) string {
	_, file, line, _ := runtime.Caller(1)
	return fmt.Sprintf("%s:%d", file, line-above)
}

// TestTheLineThatStartedAGoroutineFailsTheTest starts goroutines in every way that leaves one behind.
func TestTheLineThatStartedAGoroutineFailsTheTest(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	t.Cleanup(func() { close(end) })
	wait := func() { <-end }
	var line string
	for _, test := range []struct {
		name string
		fn   func(context.Context)
	}{
		{"function literal", func(context.Context) {
			go func() { <-end }()
			line = here(1)
		}},
		{"named function", func(context.Context) {
			go wait()
			line = here(1)
		}},
		{"function of another module", func(context.Context) {
			var running sync.WaitGroup
			running.Add(1)
			context.AfterFunc(t.Context(), running.Done)
			go running.Wait()
			line = here(1)
		}},
		{"started by one that has ended", func(context.Context) {
			var running sync.WaitGroup
			running.Go(func() {
				go func() { <-end }()
				line = here(1)
			})
			running.Wait()
		}},
		{"started with sdk.Go by one that starts another", func(ctx context.Context) {
			sdk.Go(ctx, func(context.Context) error {
				go func() { <-end }()
				line = here(1)
				return nil
			})
		}},
		{"sync.WaitGroup", func(context.Context) {
			var running sync.WaitGroup
			running.Go(func() { <-end })
			line = here(1)
		}},
		{"errgroup", func(context.Context) {
			var running errgroup.Group
			running.Go(func() error { <-end; return nil })
			line = here(1)
		}},
		{"context.AfterFunc", func(ctx context.Context) {
			ctx, cancel := context.WithCancel(ctx)
			context.AfterFunc(ctx, func() { <-end })
			line = here(1)
			cancel()
		}},
		{"busy", func(context.Context) {
			go func() {
				for {
					select {
					case <-end:
						return
					default:
						runtime.Gosched()
					}
				}
			}()
			line = here(10)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := outliving(t.Context(), t, test.fn); !strings.Contains(got, "at "+line+": ") || strings.Count(got, "\n") != 1 {
				t.Errorf("got %q, want %s", got, line)
			}
		})
	}
}

func TestWhatEndsOrIsNotTheAppsMayOutlive(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }))
	t.Cleanup(server.Close)
	for _, test := range []struct {
		name string
		fn   func(context.Context)
	}{
		{"ends with the context", func(ctx context.Context) {
			go func() { <-ctx.Done() }()
		}},
		{"ends soon after the context", func(ctx context.Context) {
			go func() { <-ctx.Done(); time.Sleep(time.Millisecond) }()
		}},
		{"sdk.Go", func(ctx context.Context) {
			sdk.Go(ctx, func(ctx context.Context) error { time.Sleep(10 * time.Millisecond); return nil })
		}},
		{"idle connection of an HTTP client", func(context.Context) {
			client := http.Client{Transport: &http.Transport{DialContext: dial}}
			get(t, &client, server.URL)
			t.Cleanup(client.CloseIdleConnections)
		}},
		{"pool of database/sql", func(ctx context.Context) {
			db := sql.OpenDB(connector{})
			t.Cleanup(func() { _ = db.Close() })
			if err := db.PingContext(ctx); err != nil {
				t.Error(err)
			}
		}},
		{"connection of another module", func(ctx context.Context) {
			connection, err := grpc.NewClient(server.Listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { _ = connection.Close() })
			connection.Connect()
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := outliving(t.Context(), t, test.fn); got != "" {
				t.Errorf("got %s", got)
			}
		})
	}
}

// dial makes connections that have the app's code at the bottom of the client's goroutines.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, network, address)
	return &conn{c}, err
}

type conn struct{ net.Conn }

func (c *conn) Read(p []byte) (int, error) { return c.Conn.Read(p) }

// connector is a database that does nothing.
type connector struct{ driver.Conn }

func (c connector) Connect(context.Context) (driver.Conn, error) { return c, nil }
func (c connector) Driver() driver.Driver                        { return nil }
func (c connector) Close() error                                 { return nil }

func get(t *testing.T, client *http.Client, url string) {
	response, err := client.Get(url)
	if err != nil {
		t.Error(err)
		return
	}
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		t.Error(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Error(err)
	}
}

// TestWhatAFailureSays shows the whole text, and that goroutines of one line are counted.
func TestWhatAFailureSays(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	t.Cleanup(func() { close(end) })
	r := &recorder{TB: t}
	app := appOf(func(context.Context) { go func() { <-end }() })
	position := here(1)
	sdktest.Invoke(r, app, "h", sdktest.Event{Type: "a"}, sdktest.Event{Type: "a"})
	want := `handler "h": 2 goroutines outlived the invocation, started in ` +
		`github.com/lambda-land/terraform-provider-handler/sdk/sdktest_test.TestWhatAFailureSays.func2 at ` + position +
		`: Lambda would freeze it there. Start it with sdk.Go, or wait for it to end with the context; ` +
		"if it is meant to stay, see sdktest.AllowGoroutines\n"
	if r.text != want {
		t.Errorf("got  %swant %s", r.text, want)
	}
}

func TestAllowGoroutines(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	t.Cleanup(func() { close(end) })
	fn := func(context.Context) { go func() { <-end }() }
	const name = "TestAllowGoroutines"
	for _, test := range []struct {
		names   []string
		allowed bool
	}{
		{nil, true},
		{[]string{"cache.New", "sdktest_test." + name}, true},
		{[]string{"github.com/lambda-land/terraform-provider-handler/sdk/sdktest_test." + name}, true},
		{[]string{"sdk/sdktest_test"}, true},
		{[]string{"sdktest_test." + name[:5]}, false},
		{[]string{name}, false},
		{[]string{""}, false},
	} {
		if got := outliving(sdktest.AllowGoroutines(t.Context(), test.names...), t, fn); (got == "") != test.allowed {
			t.Errorf("allowing %q: got %q", test.names, got)
		}
	}
	ctx := sdktest.AllowGoroutines(sdktest.AllowGoroutines(t.Context(), "sdktest_test."+name), "cache.New")
	if got := outliving(ctx, t, fn); got != "" {
		t.Errorf("allowing more: got %q", got)
	}
}

// TestAHandlerFunctionLeftBehindIsReportedOnce has a function ignore its context, after it started a goroutine.
func TestAHandlerFunctionLeftBehindIsReportedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		position := here(-1)
		start := func() { go time.Sleep(time.Hour) }
		r := &recorder{TB: t}
		app := appOf(func(context.Context) { start(); time.Sleep(time.Hour) })
		m := sdktest.InvokeContext(ctx, r, app, "h", sdktest.Event{Type: "a"}).Messages[0]
		if m.Err == nil || !strings.Contains(m.Err.Error(), "did not return") {
			t.Errorf("got %v, want that it did not return", m.Err)
		}
		if strings.Count(r.text, "\n") != 1 || !strings.Contains(r.text, position) {
			t.Errorf("got %q, want only %s", r.text, position)
		}
		time.Sleep(time.Hour)
	})
}

// TestParallelInvocations has handlers run at the same time, in which every other one leaves a goroutine behind.
func TestParallelInvocations(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	t.Cleanup(func() { close(end) })
	const invocations = 10
	var running, all sync.WaitGroup
	all.Add(invocations)
	for i := range invocations {
		running.Go(func() {
			got := outliving(t.Context(), t, func(ctx context.Context) {
				if i%2 == 0 {
					go func() { <-end }()
				} else {
					go func() { <-ctx.Done() }()
				}
				all.Done()
				all.Wait()
			})
			if failed := got != ""; failed != (i%2 == 0) || strings.Contains(got, " goroutines outlived") {
				t.Errorf("invocation %d: got %q", i, got)
			}
		})
	}
	running.Wait()
}

// TestFakeTimeStandsStill whether goroutines outlive their invocation or not, even one that waits for what is outside of the bubble,
// which would keep a pause from ending.
func TestFakeTimeStandsStill(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		got := outliving(t.Context(), t, func(ctx context.Context) {
			for range 100 {
				go func() { <-ctx.Done() }()
			}
		})
		if got != "" {
			t.Errorf("got %q", got)
		}
		position := here(-1)
		if got := outliving(t.Context(), t, func(context.Context) { go time.Sleep(time.Minute) }); !strings.Contains(got, position) {
			t.Errorf("got %q, want %s", got, position)
		}
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		position = here(-1)
		read := func(context.Context) { go func() { _, _ = io.Copy(io.Discard, r) }() }
		if got := outliving(t.Context(), t, read); !strings.Contains(got, position) {
			t.Errorf("got %q, want %s", got, position)
		}
		if passed := time.Since(started); passed != 0 {
			t.Errorf("looking for goroutines took %s", passed)
		}
		if err := errors.Join(w.Close(), r.Close()); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
	})
}

// TestTheStartedFunctionIsNamed has errgroup start a method, whose name and file are all that is known.
func TestTheStartedFunctionIsNamed(t *testing.T) {
	t.Parallel()
	w := worker{end: make(chan struct{})}
	t.Cleanup(func() { close(w.end) })
	got := outliving(t.Context(), t, func(context.Context) {
		var running errgroup.Group
		running.Go(w.work)
	})
	want := regexp.MustCompile(`sdktest_test\.worker\.work at ` + regexp.QuoteMeta(filepath.Dir(here(0))) + `/goroutines_test\.go:\d+: `)
	if !want.MatchString(got) {
		t.Errorf("got %q, want %s", got, want)
	}
}

type worker struct{ end chan struct{} }

func (w worker) work() error { <-w.end; return nil }
