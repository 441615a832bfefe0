// Package aerospike is an Aerospike cluster of any number of nodes in one process, each on a
// port of its own, that speaks the wire protocol that client libraries speak. Requests come in
// as bytes; what goes out is what a Community Edition server of release 8.1 answers, after the
// time that a model of its devices and of its replication takes. Every figure that it yields
// is modelled.
package aerospike

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
)

// A Cluster is the nodes and what they hold.
type Cluster struct {
	options   Options
	hardware  hardware
	listeners []net.Listener
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
	return &Cluster{options: o, hardware: h}, nil
}

// Start listens on every node's port. The nodes serve until ctx ends or Close is called.
func (c *Cluster) Start(ctx context.Context) error {
	host, port, err := c.options.address()
	if err != nil {
		return err
	}
	for i := range c.options.Nodes {
		at := port
		if port != 0 {
			at += i
		}
		ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(at)))
		if err != nil {
			return errors.Join(fmt.Errorf("node %d: %w", i+1, err), c.Close())
		}
		c.listeners = append(c.listeners, ln)
	}
	return nil
}

// Seed returns the first node's address, host:port; "" before Start.
func (c *Cluster) Seed() string {
	if len(c.listeners) == 0 {
		return ""
	}
	return c.listeners[0].Addr().String()
}

// Close ends the cluster and waits for everything that it started.
func (c *Cluster) Close() error {
	var errs []error
	for _, ln := range c.listeners {
		errs = append(errs, ln.Close())
	}
	return errors.Join(errs...)
}
