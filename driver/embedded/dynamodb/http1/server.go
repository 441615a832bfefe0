// Package http1 serves HTTP/1.1 to a server of one JSON protocol, at a fraction of net/http's
// cost. The plain requests of that protocol (POST /, with a Content-Length and without anything
// that asks for more) are read and answered by a loop of a few lines. The first request on a
// connection that is of another form hands the connection, with what was read of it, to
// net/http, which serves it from then on: whatever HTTP has beside the plain form is judged by
// one implementation, and not by two.
package http1

import (
	"context"
	"errors"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"sync"
	"time"

	"crossover/driver/clock"
)

// A Handler answers requests.
type Handler interface {
	http.Handler
	// Plain answers a plain request by its Answer, and reports whether the connection may serve
	// another. It may close the connection. ctx ends with the server.
	Plain(ctx context.Context, r *Request) bool
}

// A Request is a plain one. It is valid until Plain returns.
type Request struct {
	Target []byte // the value of X-Amz-Target; nil when it was not sent
	Body   []byte
	Conn   net.Conn

	head []byte
	out  []byte
}

// Header returns the request's fields, as net/http does.
func (r *Request) Header() http.Header { return header(r.head) }

// oneWrite is the largest answer that is copied to be written at once.
const oneWrite = 64 * 1024

// Answer writes a whole response: its head, which ends with an empty line, and its body.
func (r *Request) Answer(head, body []byte) error {
	if len(body) > oneWrite {
		parts := net.Buffers{head, body}
		_, err := parts.WriteTo(r.Conn)
		return err
	}
	r.out = append(append(r.out[:0], head...), body...)
	_, err := r.Conn.Write(r.out)
	return err
}

// A Server serves connections. Its fields must not change while it does.
type Server struct {
	Handler Handler
	MaxHead int // bytes of a request's head; must be above 0
	MaxBody int // bytes of a plain request's body; a larger one is net/http's to answer
	// HeadWithin bounds the time between a request's first byte and its head's last, ReadWithin
	// that to its body's last and how long a connection may idle. Both must be above 0.
	HeadWithin, ReadWithin time.Duration
	// ConnContext and Track are net/http's ConnContext and ConnState, both optional. ConnContext
	// is called for connections that are handed over; Track is called when one is new, and when it
	// is closed or hijacked. Both are given the listener's own connection.
	ConnContext func(ctx context.Context, c net.Conn) context.Context
	Track       func(c net.Conn, state http.ConnState)
}

// Serve answers requests on ln until ctx ends, and then returns nil: connections are closed,
// and nothing that it started runs on. It closes ln.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	x := &serving{s: s, ctx: ctx, clock: clock.Real(), conns: map[net.Conn]struct{}{}}
	x.others = &listener{addr: ln.Addr(), conns: make(chan net.Conn), done: ctx.Done()}
	web := &http.Server{
		Handler: s.Handler, MaxHeaderBytes: s.MaxHead, ReadHeaderTimeout: s.HeadWithin, ReadTimeout: s.ReadWithin,
		ErrorLog: stdlog.New(io.Discard, "", 0),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			if s.ConnContext == nil {
				return ctx
			}
			return s.ConnContext(ctx, c.(*begun).Conn)
		},
		ConnState: func(c net.Conn, state http.ConnState) {
			if state == http.StateClosed || state == http.StateHijacked {
				x.track(c.(*begun).Conn, state)
				x.open.Done() // what the hand-over had added
			}
		},
	}
	stop := context.AfterFunc(ctx, func() {
		_ = ln.Close()
		_ = web.Close()
		x.closeAll()
	})
	defer stop()
	var running sync.WaitGroup
	running.Go(func() { _ = web.Serve(x.others) }) // it ends with ctx, and not before
	err := x.accept(ln)
	if ctx.Err() != nil {
		err = nil
	}
	cancel()
	running.Wait()
	_ = web.Close() // of a connection that was handed over at the last moment
	x.open.Wait()
	return err
}

// serving is one call of Serve.
type serving struct {
	s      *Server
	ctx    context.Context
	clock  clock.Clock
	others *listener
	open   sync.WaitGroup

	mu     sync.Mutex // guards what follows
	conns  map[net.Conn]struct{}
	closed bool
}

func (x *serving) accept(ln net.Listener) error {
	wait := time.Millisecond
	for {
		c, err := ln.Accept()
		var busy interface{ Temporary() bool }
		switch {
		case err == nil:
			wait = time.Millisecond
		case errors.As(err, &busy) && busy.Temporary() && x.ctx.Err() == nil:
			// No file descriptor is left: connections that end give theirs back.
			if x.clock.SleepUntil(x.ctx, x.clock.Now()+wait) != nil {
				return nil
			}
			wait = min(2*wait, time.Second)
			continue
		default:
			return err
		}
		if !x.add(c) {
			_ = c.Close()
			return nil
		}
		x.open.Go(func() { x.connection(c) })
	}
}

func (x *serving) track(c net.Conn, state http.ConnState) {
	if x.s.Track != nil {
		x.s.Track(c, state)
	}
}

// add notes a connection, unless the server has ended.
func (x *serving) add(c net.Conn) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.closed {
		x.conns[c] = struct{}{}
	}
	return !x.closed
}

func (x *serving) remove(c net.Conn) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.conns, c)
}

func (x *serving) closeAll() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.closed = true
	for c := range x.conns {
		_ = c.Close()
	}
}

// connection serves one connection to its end, or to its hand-over.
func (x *serving) connection(c net.Conn) {
	x.track(c, http.StateNew)
	l := &loop{x: x, conn: c, r: Request{Conn: c}}
	rest, handOver := l.run()
	if handOver && x.ctx.Err() == nil {
		_ = c.SetReadDeadline(time.Time{})
		x.open.Add(1) // until net/http has closed it
		if x.others.put(&begun{Conn: c, rest: rest}) {
			x.remove(c) // net/http closes it with its own
			return
		}
		x.open.Done()
	}
	_ = c.Close()
	x.remove(c)
	x.track(c, http.StateClosed)
}
