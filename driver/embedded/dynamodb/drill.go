package dynamodb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// eventPath is where a drill's events are posted, as JSON; only a client on the loopback is
// answered. A share of 0 ends what an earlier event began.
//
//	{"do":"throttle","share":0.2}            of requests about items, 0 to 1, is throttled
//	{"do":"error500","share":0.2}            ends in InternalServerError
//	{"do":"delay","share":1,"by":"20ms"}     takes that much longer
//	{"do":"slow","table":"t","partition":1,"by":"5ms"}  of a table's partitions, counted from 1,
//	                                         one takes that much longer; 0s ends it
//	{"do":"reset_connections"}               but for the one that asks
const eventPath = "/crossover/event"

// An order is an event as it is posted.
type order struct {
	Do    string  `json:"do"`
	Share float64 `json:"share"`
	By    string  `json:"by"`

	Table     string `json:"table"`
	Partition int    `json:"partition"`
}

// A slowed is a partition that an event made slow.
type slowed struct {
	table     string
	partition int // from 0
}

// A drill holds the faults that events asked for, beside those of the options, and the
// connections that an event may reset.
type drill struct {
	faults atomic.Pointer[Faults]                   // nil: none
	slow   atomic.Pointer[map[slowed]time.Duration] // replaced whole; nil: none

	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// connKey is where a request's context has its connection.
type connKey struct{}

func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// track keeps the connections that are open.
func (d *drill) track(c net.Conn, state http.ConnState) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch state {
	case http.StateNew:
		if d.conns == nil {
			d.conns = map[net.Conn]struct{}{}
		}
		d.conns[c] = struct{}{}
	case http.StateClosed, http.StateHijacked:
		delete(d.conns, c)
	}
}

// reset closes all connections but one by a TCP reset, and returns how many they were.
func (d *drill) reset(but net.Conn) (closed int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for c := range d.conns {
		if c == but {
			continue
		}
		resetConn(c)
		closed++
	}
	return closed
}

// draw decides what an event lets happen to a request, and how much longer that takes. A
// request that met one of the options' own faults meets no other.
func (d *drill) draw(c *call) time.Duration {
	f := d.faults.Load()
	if f == nil || c.fault != noFault {
		return 0
	}
	meets, hold := f.draw(c.rng)
	c.fault = meets
	return hold
}

// answerEvent does what is posted, and answers in a line of text.
func (s *Server) answerEvent(w http.ResponseWriter, r *http.Request) {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !from.Addr().Unmap().IsLoopback() {
		http.NotFound(w, r)
		return
	}
	o, err := readOrder(r.Body)
	if err == nil {
		err = s.obey(r.Context(), o)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	// A client that has gone can't be told.
	_, _ = io.WriteString(w, "ok\n")
}

// readOrder reads an event as it is posted.
func readOrder(body io.Reader) (o order, err error) {
	decoder := json.NewDecoder(io.LimitReader(body, 4096))
	decoder.DisallowUnknownFields()
	err = decoder.Decode(&o)
	return o, err
}

// obey carries out an event.
func (s *Server) obey(ctx context.Context, o order) error {
	if o.Do == "reset_connections" {
		but, _ := ctx.Value(connKey{}).(net.Conn)
		s.drill.reset(but)
		return nil
	}
	if !(o.Share >= 0 && o.Share <= 1) {
		return fmt.Errorf("share: found %v, expected 0 to 1", o.Share)
	}
	s.drill.mu.Lock()
	defer s.drill.mu.Unlock()
	if o.Do == "slow" {
		return s.drill.slowDown(o)
	}
	var f Faults
	if old := s.drill.faults.Load(); old != nil {
		f = *old
	}
	switch o.Do {
	case "throttle":
		f.Throttle = o.Share
	case "error500":
		f.Error500 = o.Share
	case "delay":
		f.Delay, f.DelayFor = o.Share, 0
		if o.Share > 0 {
			by, err := time.ParseDuration(o.By)
			if err != nil || by <= 0 || by > time.Hour {
				return fmt.Errorf("by: found %q, expected a duration above 0, 1h at most", o.By)
			}
			f.DelayFor = by
		}
	default:
		return errors.New("do: expected throttle, error500, delay, slow or reset_connections")
	}
	if f == (Faults{}) {
		s.drill.faults.Store(nil)
	} else {
		s.drill.faults.Store(&f)
	}
	return nil
}

// slowDown makes a partition slow, or as it was; the drill's lock is held.
func (d *drill) slowDown(o order) error {
	by, err := time.ParseDuration(o.By)
	if err != nil || by < 0 || by > time.Hour {
		return fmt.Errorf("by: found %q, expected a duration, 1h at most", o.By)
	}
	if o.Table == "" || o.Partition < 1 {
		return fmt.Errorf("table %q, partition %d: expected a table and which of its partitions, from 1", o.Table, o.Partition)
	}
	all := map[slowed]time.Duration{}
	if old := d.slow.Load(); old != nil {
		maps.Copy(all, *old)
	}
	at := slowed{o.Table, o.Partition - 1}
	if all[at] = by; by == 0 {
		delete(all, at)
	}
	d.slow.Store(&all)
	if len(all) == 0 {
		d.slow.Store(nil)
	}
	return nil
}

// slowness returns how much longer a request takes because an event made its partition slow.
func (d *drill) slowness(c *call) time.Duration {
	all := d.slow.Load()
	if all == nil || c.partition < 0 || c.table == nil {
		return 0
	}
	return (*all)[slowed{c.table.name, c.partition}]
}
