package dynamodb

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// idleCheck is how long a connection has to have been idle to be looked at before its next use.
// Servers close idle connections, after a minute or more; net/http would have noticed.
const idleCheck = time.Second

// A wire is a session's connection, opened when it is needed and kept.
type wire struct {
	dialer *dialer
	used   time.Duration // when the last answer was complete, on the dialer's clock

	mu     sync.Mutex
	conn   net.Conn
	over   bool            // the context that is watched has ended
	turn   int             // counts the contexts that were watched
	done   <-chan struct{} // of the one that is watched
	forget func() bool     // stops watching it
}

// errOver: the operation's context has ended; the caller asks it for the reason.
var errOver = errors.New("the operation's context has ended")

// open makes the wire ready for one exchange, which has to end within a time.
func (w *wire) open(ctx context.Context, timeout time.Duration) error {
	w.watch(ctx)
	now := w.dialer.real.Now()
	end := w.dialer.real.Wall(now + timeout)
	if w.conn != nil && now-w.used > idleCheck && !alive(w.conn) {
		w.close()
	}
	if w.conn == nil {
		conn, err := w.dialer.take(ctx, end)
		if err != nil {
			return err
		}
		w.mu.Lock()
		w.conn = conn
		w.mu.Unlock()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return errOver
	}
	return w.conn.SetDeadline(end)
}

// exchange sends a request's bytes and reads the answer. A connection on which anything went
// wrong, or that the server ends, is closed.
func (w *wire) exchange(request []byte, a *httpAnswer) error {
	_, err := w.conn.Write(request)
	if readErr := a.read(w.conn); err == nil || a.status != 0 {
		err = readErr // a server may answer before it has read everything
	}
	if err != nil || a.last {
		w.close()
	}
	w.used = w.dialer.real.Now()
	return err
}

func (w *wire) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.conn != nil {
		w.dialer.close(w.conn)
		w.conn = nil
	}
}

// watch sees to it that the end of a context ends the exchange under way. Operations share
// their context, so that this is done once for many.
func (w *wire) watch(ctx context.Context) {
	if w.done == ctx.Done() && w.turn > 0 {
		return
	}
	if w.forget != nil {
		w.forget()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.turn++
	w.over, w.done, w.forget = false, ctx.Done(), nil
	if w.done == nil {
		return
	}
	turn := w.turn
	w.forget = context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.turn != turn {
			return
		}
		w.over = true
		if w.conn != nil {
			// It fails only where the connection is closed already.
			_ = w.conn.SetDeadline(time.Unix(1, 0))
		}
	})
}
