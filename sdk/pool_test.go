package sdk

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"time"
)

// database is a driver of connections that do nothing, and counts them.
type database struct{ opened, closed atomic.Int32 }

func (d *database) Driver() driver.Driver { return nil }

func (d *database) Connect(context.Context) (driver.Conn, error) {
	d.opened.Add(1)
	return &connection{d}, nil
}

type connection struct{ *database }

func (c *connection) Close() error { c.closed.Add(1); return nil }

func (c *connection) Begin() (driver.Tx, error) { return nil, errors.ErrUnsupported }

func (c *connection) Prepare(string) (driver.Stmt, error) { return nil, errors.ErrUnsupported }

func (c *connection) Ping(context.Context) error { return nil }

// pool remembers limits that a database does not tell.
type pool struct {
	*sql.DB
	idleTime, lifetime time.Duration
}

func (p *pool) SetConnMaxIdleTime(d time.Duration) { p.idleTime = d; p.DB.SetConnMaxIdleTime(d) }

func (p *pool) SetConnMaxLifetime(d time.Duration) { p.lifetime = d; p.DB.SetConnMaxLifetime(d) }

// meeting is where so many wait for each other.
type meeting struct {
	missing atomic.Int32
	all     chan struct{}
}

func newMeeting(n int32) *meeting {
	m := &meeting{all: make(chan struct{})}
	m.missing.Store(n)
	return m
}

func (m *meeting) join(ctx context.Context) {
	if m.missing.Add(-1) == 0 {
		close(m.all)
	}
	select {
	case <-m.all:
	case <-ctx.Done():
	}
}

// TestLimitPool: a thousand runtimes must not open more connections than they need, and none may use one that a freeze has killed.
func TestLimitPool(t *testing.T) {
	t.Setenv("HANDLER", "h")
	const limit, messages = 3, 8
	d := new(database)
	db := &pool{DB: sql.OpenDB(d)}
	t.Cleanup(func() { _ = db.Close() })
	var holders *meeting
	app := New("acme",
		OnInit(func(ctx context.Context) error {
			LimitPool(ctx, db, limit)
			return nil
		}),
		Handler("h", On("a", func(ctx context.Context, _ Event[json.RawMessage]) error {
			conn, err := db.Conn(ctx)
			if err != nil {
				return err
			}
			holders.join(ctx)
			return errors.Join(conn.PingContext(ctx), conn.Close())
		})),
	)
	ctx, cancel := context.WithTimeout(WithLogger(t.Context(), newLogger(io.Discard)), time.Minute)
	defer cancel()
	handler, err := app.initLambda(ctx, &output{w: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		idle           time.Duration
		opened, closed int32
	}{{0, limit, 0}, {minGap / 2, limit, 0}, {time.Hour, 2 * limit, limit}, {0, 2 * limit, limit}} {
		handler.thawing.idle, holders = now().Add(-step.idle), newMeeting(limit)
		answer, err := handler.Invoke(ctx, []byte(thawBatch(messages)))
		if err != nil || string(answer) != `{"batchItemFailures":[]}` {
			t.Fatalf("got %s, %v", answer, err)
		}
		if opened, closed := d.opened.Load(), d.closed.Load(); opened != step.opened || closed != step.closed {
			t.Errorf("after %s, %d connections were opened and %d closed, want %d and %d", step.idle, opened, closed, step.opened, step.closed)
		}
		if stats := db.Stats(); stats.MaxOpenConnections != limit || stats.Idle != limit {
			t.Errorf("after %s, got %+v", step.idle, stats)
		}
	}
	if db.idleTime != 50*time.Second || db.lifetime != 15*time.Minute {
		t.Errorf("connections are kept for %s and %s", db.idleTime, db.lifetime)
	}
}
