// Package aerospike is an Aerospike cluster of any number of nodes in one process, each on a
// port of its own, that speaks the wire protocol that client libraries speak. Requests come in
// as bytes; what goes out is what a Community Edition server of release 8.1 answers, after the
// time that a model of its devices and of its replication takes. Every figure that it yields
// is modelled.
//
// A request is carried out when it arrives, and its answer is held until it would have been
// done: after a read of the device (unless the record is still in the write buffer or the
// post-write cache), after the writes of the same key before it, and, for a write, after the
// round trip to the nodes that keep its copies. Two consequences are accepted: a reader may see
// a write up to that time before its writer is answered, and service threads, of which a node
// has five for each CPU, are never what a request waits for. The network between client and
// node is the loopback's own.
//
// Records are held once, however many copies there are; each copy's writes take their node's
// device time and space. User-defined functions are refused.
package aerospike

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"crossover/driver/embedded/aerospike/store"
	"crossover/driver/embedded/aerospike/wire"
)

// A Cluster is the nodes and what they hold.
type Cluster struct {
	options  Options
	hardware hardware
	calendar calendar
	store    *store.Store
	config   config
	attic    attic
	nodes    []*Node // those that may still join included: each of them is down
	current  atomic.Pointer[partitionMap]
	members  membership
	drill    *drill
	security *security // nil: none is asked who it is
	started  bool

	housekeeping atomic.Int64 // when it is due, as a reading of the clock
	cleaning     atomic.Bool
	stopped      [maxNodes]atomic.Bool // nodes that refuse writes for want of space

	mu      sync.Mutex
	closed  bool
	conns   map[net.Conn]*Node
	serving context.Context // of Start; nil before
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// New returns a cluster that holds no record and listens on nothing yet.
func New(o Options) (*Cluster, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	h, err := o.device()
	if err != nil {
		return nil, err
	}
	c := &Cluster{
		options: o, hardware: h, calendar: calendar{o.Clock}, store: store.New(),
		drill: newDrill(o.RandomSeed), conns: map[net.Conn]*Node{}, cancel: func() {},
	}
	c.config.reset()
	if o.Security {
		c.security = newSecurity()
	}
	var ids []uint64
	var alive []int
	for i := range min(o.Nodes+spareNodes, maxNodes) {
		n := &Node{
			cluster: c, number: i, id: nodeBase + uint64(i) + 1, inflight: newInflight(),
			latency: newHistograms(o.Namespace), fate: newFate(o.Faults, o.RandomSeed+uint64(i)),
		}
		if n.devices, err = newDevices(h, o.Scale, o.Latency, i); err != nil {
			return nil, err
		}
		c.nodes = append(c.nodes, n)
		ids = append(ids, n.id)
		if i < o.Nodes {
			alive = append(alive, i)
		} else {
			n.down.Store(true)
		}
	}
	c.current.Store(newPartitionMap(ids, alive, o.Replication, 0))
	c.initMembers()
	return c, nil
}

func (c *Cluster) partitions() *partitionMap { return c.current.Load() }

// capacity returns the bytes of a node's devices.
func (c *Cluster) capacity() int64 { return c.hardware.bytes * int64(c.hardware.devices) }

// Start listens on every node's port. The nodes serve until ctx ends or Close is called.
func (c *Cluster) Start(ctx context.Context) error {
	if c.started {
		return errors.New("the cluster was started before")
	}
	c.started = true
	ctx, c.cancel = context.WithCancel(ctx)
	c.serving = ctx
	first := c.nodes[:c.options.Nodes]
	for i, n := range first {
		if err := c.open(n); err != nil {
			return errors.Join(fmt.Errorf("node %d: %w", i+1, err), c.Close())
		}
	}
	// All listen before any answers, so that no node names a peer that is not there.
	for _, n := range first {
		ln := n.listener
		c.running.Go(func() { n.accept(ctx, ln) })
	}
	c.running.Go(func() {
		<-ctx.Done()
		c.stop()
	})
	return nil
}

// open listens on a node's port: the one that it had before, or else the one that is its own
// by the options, or a free one.
func (c *Cluster) open(n *Node) error {
	host, port, err := c.options.address()
	if err != nil {
		return err
	}
	at := n.address()
	if at == "" {
		if port != 0 {
			port += n.number
		}
		at = net.JoinHostPort(host, strconv.Itoa(port))
	}
	ln, err := (&net.ListenConfig{}).Listen(c.serving, "tcp", at)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errors.Join(net.ErrClosed, ln.Close())
	}
	n.listener, at = ln, ln.Addr().String()
	n.at.Store(&at)
	n.down.Store(false)
	return nil
}

// listen lets a node that was down serve again.
func (c *Cluster) listen(n *Node) error {
	if err := c.open(n); err != nil {
		return err
	}
	c.mu.Lock()
	ln := n.listener
	c.mu.Unlock()
	c.running.Go(func() { n.accept(c.serving, ln) })
	return nil
}

// Seed returns the first node's address, host:port; "" before Start.
func (c *Cluster) Seed() string {
	return c.nodes[0].address()
}

// Close ends the cluster and waits for everything that it started. A second call does nothing.
func (c *Cluster) Close() error {
	c.cancel()
	c.stop()
	c.running.Wait()
	return nil
}

// stop closes the listeners and connections.
func (c *Cluster) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, n := range c.nodes {
		if n.listener != nil {
			_ = n.listener.Close() // closing it twice is an error and no harm
		}
	}
	for conn := range c.conns {
		_ = conn.Close() // the connection's own goroutine sees it
	}
}

// accept serves a node's connections.
func (n *Node) accept(ctx context.Context, ln net.Listener) {
	for {
		conn, err := ln.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			// Out of file descriptors, or a client gone before it was greeted: try on.
			if n.cluster.options.Clock.SleepUntil(ctx, n.cluster.options.Clock.Now()+10*time.Millisecond) != nil {
				return
			}
			continue
		}
		if !n.cluster.track(conn, n) {
			_ = conn.Close()
			return
		}
		n.counters.connectionsOpened.Add(1)
		n.cluster.running.Go(func() {
			defer n.cluster.untrack(conn)
			defer n.counters.connectionsClosed.Add(1)
			newSession(n, conn).serve(ctx)
		})
	}
}

func (c *Cluster) track(conn net.Conn, n *Node) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || n.down.Load() {
		return false
	}
	c.conns[conn] = n
	return true
}

func (c *Cluster) untrack(conn net.Conn) {
	_ = conn.Close() // it may be closed already
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.conns, conn)
}

// housekeepingEvery is how often space and expiry are looked after.
const housekeepingEvery = time.Second

// housekeep looks after space and expiry when they are due. It is called as requests come in,
// so that a clock that only moves when it is told needs no goroutine to wait on it.
func (c *Cluster) housekeep(now time.Duration) {
	if int64(now) < c.housekeeping.Load() || !c.cleaning.CompareAndSwap(false, true) {
		return
	}
	c.housekeeping.Store(int64(now + housekeepingEvery))
	c.running.Go(func() {
		defer c.cleaning.Store(false)
		c.expire(now)
		for _, number := range c.alive() {
			n := c.nodes[number]
			n.watchSpace(now)
		}
	})
}

// expire removes expired records, unless nsup-period is 0.
func (c *Cluster) expire(now time.Duration) {
	if c.config.nsupPeriod.Load() == 0 {
		return
	}
	m := c.partitions()
	for pid := range wire.Partitions {
		if n := c.store.Expire(pid, c.calendar.seconds(now)); n > 0 {
			c.nodes[m.master(pid)].counters.expired.Add(uint64(n))
		}
	}
}
