package http1

import "net"

// A begun is a connection of which something has been read.
type begun struct {
	net.Conn
	rest []byte
}

// Read returns what was read before, and then what comes.
func (c *begun) Read(p []byte) (int, error) {
	if len(c.rest) > 0 {
		n := copy(p, c.rest)
		if c.rest = c.rest[n:]; len(c.rest) == 0 {
			c.rest = nil
		}
		return n, nil
	}
	return c.Conn.Read(p)
}

// SetLinger is TCP's, where the connection has it.
func (c *begun) SetLinger(seconds int) error {
	if tcp, ok := c.Conn.(interface{ SetLinger(seconds int) error }); ok {
		return tcp.SetLinger(seconds)
	}
	return nil
}

// A listener hands connections to net/http.
type listener struct {
	addr  net.Addr
	conns chan net.Conn
	done  <-chan struct{} // closed when the server ends
}

// put hands a connection over, and reports whether it was taken.
func (l *listener) put(c net.Conn) bool {
	select {
	case l.conns <- c:
		return true
	case <-l.done:
		return false
	}
}

// Accept returns a connection that was put.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close does nothing: the listener ends with the server.
func (l *listener) Close() error { return nil }

// Addr is that of the listener that the connections came from.
func (l *listener) Addr() net.Addr { return l.addr }
