package http1

import (
	"net"
	"runtime"
	"time"
)

const (
	// firstBuffer is what a connection begins with; keepBuffer is the most that one keeps from
	// one request to the next.
	firstBuffer = 4 * 1024
	keepBuffer  = 256 * 1024
	// renewIdle is how old the deadline of an idle connection may become.
	renewIdle = 10 * time.Second
)

// A limit is what the connection's deadline is for.
type limit uint8

const (
	noLimit limit = iota // that of something that is over
	idleLimit
	headLimit
	bodyLimit
)

// A loop reads one connection's plain requests.
type loop struct {
	x     *serving
	conn  net.Conn
	r     Request
	buf   []byte // what was read and not yet served, at its beginning
	limit limit
	since time.Duration // when the limit was set
}

// run serves requests until the connection ends, or until one is not plain: then it returns
// what was read and not served.
func (l *loop) run() (rest []byte, handOver bool) {
	l.buf = make([]byte, 0, firstBuffer)
	for {
		h, v := parse(l.buf, l.x.s.MaxHead, l.x.s.MaxBody)
		switch {
		case v == other:
			return l.buf, true
		case v == partial && len(l.buf) == 0:
			if !l.within(idleLimit, l.x.s.ReadWithin) || !l.read(0) {
				return nil, false
			}
			continue
		case v == partial:
			if !l.within(headLimit, l.x.s.HeadWithin) || !l.read(0) {
				return nil, false
			}
			continue
		}
		end := h.size + h.length
		for len(l.buf) < end {
			if !l.within(bodyLimit, l.x.s.ReadWithin) || !l.read(end) {
				return nil, false
			}
		}
		l.r.head, l.r.Target, l.r.Body = l.buf[:h.size], nil, l.buf[h.size:end:end]
		if h.to > 0 {
			l.r.Target = l.buf[h.from:h.to]
		}
		if !l.x.s.Handler.Plain(l.x.ctx, &l.r) {
			return nil, false
		}
		l.shift(end)
		if len(l.buf) == 0 {
			// Others that wait are served first: by then the next request may be there, which costs
			// less than waiting for it does.
			runtime.Gosched()
		}
	}
}

// within sets the deadline of what begins now. One that is already running is left alone, so
// that whoever sends a byte now and then gets no more time; that of an idle connection is moved
// now and then only, because moving it costs as much as parsing a request.
func (l *loop) within(limit limit, d time.Duration) bool {
	now := l.x.clock.Now()
	if limit == l.limit && (limit != idleLimit || now-l.since < renewIdle) {
		return true
	}
	l.limit, l.since = limit, now
	return l.conn.SetReadDeadline(l.x.clock.Wall(now+d)) == nil
}

// shift drops what was served. Clients that send ahead leave something behind it.
func (l *loop) shift(served int) {
	if l.limit != idleLimit {
		l.limit = noLimit
	}
	n := copy(l.buf, l.buf[served:])
	l.buf = l.buf[:n]
	if cap(l.buf) > keepBuffer && n <= firstBuffer {
		l.buf = append(make([]byte, 0, firstBuffer), l.buf...)
	}
	if cap(l.r.out) > keepBuffer {
		l.r.out = nil
	}
}

// read appends what the connection has. size is what it is to become, where that is known: a
// buffer grows as bytes come, not by what a length promises.
func (l *loop) read(size int) bool {
	if n := len(l.buf); n == cap(l.buf) {
		room := 2 * n
		if size > n {
			room = min(size, max(room, oneWrite))
		}
		l.buf = append(make([]byte, 0, room), l.buf...)
	}
	n, err := l.conn.Read(l.buf[len(l.buf):cap(l.buf)])
	l.buf = l.buf[:len(l.buf)+n]
	return n > 0 || err == nil
}
