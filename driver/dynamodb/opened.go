package dynamodb

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// openedConns are the connections that the SDK's transport has opened for the sessions. The
// transport's options stay as they are; but an SDK's client cannot be closed, and how often it
// connects anew is worth knowing: its pool keeps few idle connections
// (awshttp.DefaultHTTPTransportMaxIdleConnsPerHost).
type openedConns struct {
	dialed atomic.Uint64
	mu     sync.Mutex
	open   map[net.Conn]struct{}
	ended  bool
}

// watch has the transport's dialling go through here.
func (o *openedConns) watch(t *http.Transport) {
	dial := t.DialContext
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		o.dialed.Add(1)
		return o.add(conn), nil
	}
}

func (o *openedConns) add(conn net.Conn) net.Conn {
	c := &openedConn{Conn: conn, of: o}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended {
		_ = conn.Close() // whoever asked for it will see
		return c
	}
	if o.open == nil {
		o.open = map[net.Conn]struct{}{}
	}
	o.open[conn] = struct{}{}
	return c
}

// end closes all connections.
func (o *openedConns) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = true
	for conn := range o.open {
		_ = conn.Close() // idle: there is nothing to lose
	}
	clear(o.open)
}

// An openedConn is forgotten when it is closed.
type openedConn struct {
	net.Conn
	of *openedConns
}

// Close closes the connection.
func (c *openedConn) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c.Conn)
	c.of.mu.Unlock()
	return c.Conn.Close()
}
