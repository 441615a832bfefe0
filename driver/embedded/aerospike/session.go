package aerospike

import (
	"bufio"
	"context"
	"errors"
	"net"
	"time"

	"crossover/driver/clock"
	"crossover/driver/embedded/aerospike/store"
	"crossover/driver/embedded/aerospike/wire"
)

// A session serves one connection, one request after another, with buffers of its own that
// the next request reuses.
type session struct {
	node    *Node
	conn    net.Conn
	user    string // who it is, where there is security; "": nobody yet
	in      *bufio.Reader
	sleeper *clock.Sleeper // made when something first takes time

	header   [wire.ProtoSize]byte
	body     []byte
	inflated []byte
	out      []byte
	message  wire.Message
	part     wire.Message // one key of a batch
	bins     binSet
	encoded  []byte // the bins of the record being written
	page     []store.Snapshot
	filters  filters
	held     time.Duration // how much later a drill lets the request be answered
}

// readBuffer holds what a connection's reads take at a time.
const readBuffer = 16 << 10

// keepBuffer is the largest buffer that a connection keeps between requests.
const keepBuffer = 1 << 20

func newSession(n *Node, conn net.Conn) *session {
	return &session{node: n, conn: conn, in: bufio.NewReaderSize(conn, readBuffer)}
}

// errReset asks for the connection to be reset rather than closed.
var errReset = errors.New("reset")

// serve answers requests until the connection ends.
func (s *session) serve(ctx context.Context) {
	defer func() {
		if s.sleeper != nil {
			s.sleeper.Close()
		}
	}()
	for {
		err := s.request(ctx)
		if errors.Is(err, wire.ErrVersion) || errors.Is(err, errReset) {
			if tcp, ok := s.conn.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0) // the connection may be gone already
			}
		}
		if err != nil {
			return
		}
		s.trim()
	}
}

// trim gives large buffers back.
func (s *session) trim() {
	for _, b := range []*[]byte{&s.body, &s.inflated, &s.out, &s.encoded} {
		if cap(*b) > keepBuffer {
			*b = nil
		}
	}
	clear(s.page)
	s.page = s.page[:0]
}

// request reads and answers one request.
func (s *session) request(ctx context.Context) error {
	n, err := s.in.Read(s.header[:1])
	for err == nil && n < len(s.header) {
		var more int
		more, err = s.in.Read(s.header[n:])
		n += more
	}
	if err != nil {
		return err
	}
	now := s.node.cluster.options.Clock.Now()
	p, err := wire.ParseProto(s.header[:])
	if err != nil {
		return err
	}
	if s.body, err = wire.ReadBody(s.in, p.Size, s.body); err != nil {
		return err
	}
	s.node.cluster.housekeep(now)
	body := s.body
	switch p.Type {
	case wire.TypeInfo:
		return s.info(body, now)
	case wire.TypeSecurity:
		return s.admin(body)
	case wire.TypeCompressed:
		if body, err = wire.Inflate(body, s.inflated); err != nil {
			s.node.counters.malformed.Add(1)
			return s.refuse(wire.ParameterError)
		}
		s.inflated = body
	case wire.TypeMessage:
	default:
		return nil // a server ignores a type that it does not know
	}
	if err := s.message.Parse(body); err != nil {
		s.node.counters.malformed.Add(1)
		return s.refuse(wire.ParameterError)
	}
	return s.transact(ctx, now)
}

// refuse answers a request as a whole.
func (s *session) refuse(r wire.Result) error {
	s.node.counters.earlyErrors.Add(1)
	return s.answer(&wire.Header{Result: r})
}

// answer sends a message without fields and bins.
func (s *session) answer(h *wire.Header) error {
	out, start := wire.Begin(s.out[:0])
	s.out = wire.AppendHeader(out, h)
	wire.End(s.out, start, wire.TypeMessage)
	return s.send()
}

func (s *session) send() error {
	_, err := s.conn.Write(s.out)
	return err
}

// wait returns at a time, or when ctx ends.
func (s *session) wait(ctx context.Context, until time.Duration) error {
	c := s.node.cluster.options.Clock
	if until <= c.Now() {
		return nil
	}
	if s.sleeper == nil {
		s.sleeper = clock.NewSleeper(c)
	}
	return s.sleeper.SleepUntil(ctx, until)
}

// transact carries out a message and answers it.
func (s *session) transact(ctx context.Context, now time.Duration) error {
	m := &s.message
	if s.node.cluster.security != nil && s.user == "" {
		return s.refuse(wire.NotAuthenticated)
	}
	if !m.Has(wire.FieldBatch, wire.FieldBatchWithSet, wire.FieldDigest) {
		return s.query(ctx, now)
	}
	f := s.node.fate.deal()
	if f != noFault {
		s.node.counters.injected.Add(1)
	}
	if f == faultReset {
		return errReset
	}
	s.held = 0
	if f == noFault {
		f, s.held = s.node.cluster.drill.deal(s.node.number)
	}
	if m.Has(wire.FieldBatch, wire.FieldBatchWithSet) {
		return s.batch(ctx, now, f)
	}
	return s.single(ctx, now, f)
}

// single carries out a message on one record.
func (s *session) single(ctx context.Context, now time.Duration, f fault) error {
	out, start := wire.Begin(s.out[:0])
	field, _ := s.message.Field(wire.FieldDigest)
	t := transaction{message: &s.message, origin: fromClient, arrival: now, fault: f}
	if len(field) != wire.DigestSize {
		return s.refuse(wire.ParameterError)
	}
	t.digest = (*wire.Digest)(field)
	out, done := s.carryOut(&t, out)
	s.out = out
	wire.End(s.out, start, wire.TypeMessage)
	if err := s.wait(ctx, done); err != nil {
		return err
	}
	if h := t.histogram(); h >= 0 {
		end := s.node.cluster.options.Clock.Now()
		t.node.latency.list[h].add(end, end-now)
	}
	return s.send()
}
