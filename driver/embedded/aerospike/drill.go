package aerospike

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// eventCommand is the info command by which a drill's events come, which no other server
// knows: crossover-event:do=kill_node;node=2. Only a client on the loopback is answered.
//
//	kill_node          node=N           the node is lost with what its devices held
//	add_node           [node=N]         one that is down comes back empty, or a new one joins
//	slow_device        factor=F[;node=N] devices are that many times slower; 1 ends it
//	overload           share=S          of requests on records, 0 to 1, is refused; 0 ends it
//	delay              share=S;by=D     of requests on records is answered that much later; 0 ends it
//	slow               node=N;by=D      what is asked of the node is answered that much later; 0s ends it
//	reset_connections                   of all nodes, but for the one that asks
//
// The answer is ok, with what was done, or ERROR:4:why.
const eventCommand = "crossover-event"

// drilled are the faults that an event asked for, on all nodes at once.
type drilled struct {
	overload, delay float64
	by              time.Duration
	slow            [maxNodes]time.Duration // by node, what is asked of it takes longer
}

// A drill holds them, and draws which request meets them.
type drill struct {
	now    atomic.Pointer[drilled] // nil: none
	mu     sync.Mutex
	random *rand.Rand
}

func newDrill(seed uint64) *drill { return &drill{random: rand.New(rand.NewPCG(seed, 0x6472696c6c))} }

// deal decides what becomes of one request to a node.
func (d *drill) deal(node int) (fault, time.Duration) {
	f := d.now.Load()
	if f == nil {
		return noFault, 0
	}
	d.mu.Lock()
	v := d.random.Float64()
	d.mu.Unlock()
	switch {
	case v < f.overload:
		return faultOverload, 0
	case v < f.overload+f.delay:
		return noFault, f.by + f.slow[node]
	}
	return noFault, f.slow[node]
}

// set changes what is drawn; the drill is left without any when nothing is asked for.
func (d *drill) set(change func(*drilled)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var f drilled
	if old := d.now.Load(); old != nil {
		f = *old
	}
	change(&f)
	if f == (drilled{}) {
		d.now.Store(nil)
		return
	}
	d.now.Store(&f)
}

// fromLoopback reports whether the session's client is on this machine.
func (s *session) fromLoopback() bool {
	address, err := netip.ParseAddrPort(s.conn.RemoteAddr().String())
	return err == nil && address.Addr().Unmap().IsLoopback()
}

// event does one event, and answers as an info command does.
func (s *session) event(parameters string, now time.Duration) string {
	if !s.fromLoopback() {
		return unrecognized
	}
	done, err := s.node.do(parameters, now, s.conn)
	if err != nil {
		return "ERROR:4:" + err.Error()
	}
	if done == "" {
		return "ok"
	}
	return "ok " + done
}

// do carries out an event and says what it did.
func (n *Node) do(parameters string, now time.Duration, asked net.Conn) (string, error) {
	c := n.cluster
	node, err := c.nodeOf(parameters)
	if err != nil {
		return "", err
	}
	switch what := parameter(parameters, "do"); what {
	case "kill_node":
		return n.doKill(node, now)
	case "add_node":
		joined, err := c.join(node, now)
		if err != nil {
			return "", err
		}
		done := fmt.Sprintf("node %d (%s), empty", joined+1, c.nodes[joined].name())
		n.note(now, "node_added", done)
		return done, nil
	case "slow_device":
		factor, err := strconv.ParseFloat(parameter(parameters, "factor"), 64)
		if err != nil || !(factor >= 1 && factor <= 1000) {
			return "", errors.New("factor: expected 1 to 1000")
		}
		for _, x := range c.nodes {
			if node < 0 || x.number == node {
				x.devices.slow(now, factor)
			}
		}
		return "", nil
	case "overload", "delay":
		return "", c.doFaults(what, parameters)
	case "slow":
		by, err := time.ParseDuration(parameter(parameters, "by"))
		if err != nil || by < 0 || by > time.Hour || node < 0 {
			return "", errors.New("by and node: expected a duration, 1h at most, and a node")
		}
		c.drill.set(func(f *drilled) { f.slow[node] = by })
		return "", nil
	case "reset_connections":
		return c.doReset(asked), nil
	}
	return "", errors.New("do: expected kill_node, add_node, slow_device, overload, delay, slow or reset_connections")
}

// nodeOf returns the index of the node that an event names, -1 when it names none.
func (c *Cluster) nodeOf(parameters string) (int, error) {
	text := parameter(parameters, "node")
	if text == "" {
		return -1, nil
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < 1 || number > len(c.nodes) {
		return 0, fmt.Errorf("node: expected 1 to %d", len(c.nodes))
	}
	return number - 1, nil
}

func (n *Node) doKill(node int, now time.Duration) (string, error) {
	switch {
	case node < 0:
		return "", errors.New("node: expected one")
	case node == n.number:
		return "", errors.New("a node can't be asked for its own end: ask another")
	}
	lost, err := n.cluster.kill(node, now)
	if err != nil {
		return "", fmt.Errorf("node %d: %w", node+1, err)
	}
	done := fmt.Sprintf("node %d (%s), %d records lost with their last copy", node+1, n.cluster.nodes[node].name(), lost)
	n.note(now, "node_killed", done)
	return done, nil
}

// doFaults begins or ends a share of requests that go wrong.
func (c *Cluster) doFaults(what, parameters string) error {
	share, err := strconv.ParseFloat(parameter(parameters, "share"), 64)
	if err != nil || !(share >= 0 && share <= 1) {
		return errors.New("share: expected 0 to 1")
	}
	if what == "overload" {
		c.drill.set(func(f *drilled) { f.overload = share })
		return nil
	}
	by := time.Duration(0)
	if share > 0 {
		if by, err = time.ParseDuration(parameter(parameters, "by")); err != nil || by <= 0 || by > time.Hour {
			return errors.New("by: expected a duration above 0, 1h at most")
		}
	}
	c.drill.set(func(f *drilled) { f.delay, f.by = share, by })
	return nil
}

// doReset resets all connections but the one that asked.
func (c *Cluster) doReset(asked net.Conn) string {
	closed := 0
	for _, i := range c.alive() {
		closed += c.cut(c.nodes[i], false, asked)
	}
	return fmt.Sprintf("%d connections", closed)
}
