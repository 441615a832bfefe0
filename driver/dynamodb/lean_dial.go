package dynamodb

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"crossover/driver/clock"
)

// A dialer opens connections for the lean sessions. Those that were opened before they were
// needed wait here.
type dialer struct {
	real   clock.Clock // sockets' deadlines are in real time, whatever clock a test has
	config *tls.Config // of the SDK's transport, which knows AWS_CA_BUNDLE
	proxy  func(*http.Request) (*url.URL, error)
	where  func(context.Context) (*url.URL, error) // scheme and host
	dialed atomic.Uint64                           // connections opened so far

	mu     sync.Mutex
	idle   []waiting
	open   map[net.Conn]struct{}
	closed bool
}

// A waiting connection has not been used yet.
type waiting struct {
	conn  net.Conn
	since time.Duration
}

var (
	errProxy  = errors.New("client: lean does not go through a proxy, and the environment names one for this address: use client: sdk")
	errClosed = errors.New("the driver is closed")
)

// take returns a connection that was opened before, or opens one.
func (d *dialer) take(ctx context.Context, end time.Time) (net.Conn, error) {
	for {
		d.mu.Lock()
		n := len(d.idle)
		if n == 0 {
			d.mu.Unlock()
			return d.dial(ctx, end)
		}
		w := d.idle[n-1]
		d.idle = d.idle[:n-1]
		d.mu.Unlock()
		if d.real.Now()-w.since <= idleCheck || alive(w.conn) {
			return w.conn, nil
		}
		d.close(w.conn)
	}
}

// keep leaves a connection for whoever needs one.
func (d *dialer) keep(conn net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.idle = append(d.idle, waiting{conn, d.real.Now()})
}

// dial opens a connection, TLS and all.
func (d *dialer) dial(ctx context.Context, end time.Time) (net.Conn, error) {
	to, err := d.where(ctx)
	if err != nil {
		return nil, err
	}
	if proxy, err := d.proxy(&http.Request{URL: to}); err != nil || proxy != nil {
		return nil, errProxy // its text could hold a password
	}
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	port := to.Port()
	if port == "" {
		port = map[bool]string{true: "443", false: "80"}[to.Scheme == "https"]
	}
	conn, err := (&net.Dialer{Timeout: connectTimeout}).DialContext(ctx, "tcp", net.JoinHostPort(to.Hostname(), port))
	if err != nil {
		return nil, err
	}
	d.dialed.Add(1)
	if to.Scheme == "https" {
		config := d.config.Clone()
		config.ServerName, config.NextProtos = to.Hostname(), []string{"http/1.1"}
		secure := tls.Client(conn, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		conn = secure
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, errors.Join(errClosed, conn.Close())
	}
	d.open[conn] = struct{}{}
	return conn, nil
}

// close closes a connection.
func (d *dialer) close(conn net.Conn) {
	d.mu.Lock()
	delete(d.open, conn)
	d.mu.Unlock()
	_ = conn.Close() // whatever was wrong with it has been said
}

// end closes all connections; none is opened any more.
func (d *dialer) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed, d.idle = true, nil
	for conn := range d.open {
		_ = conn.Close()
	}
	clear(d.open)
}

// host is the value of a request's Host header.
func host(to *url.URL) string {
	if port := to.Port(); port == "" || port == "80" && to.Scheme == "http" || port == "443" && to.Scheme == "https" {
		return to.Hostname()
	}
	return to.Host
}
