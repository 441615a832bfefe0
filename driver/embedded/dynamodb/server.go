// Package dynamodb is an embedded server that speaks DynamoDB's JSON protocol: requests of
// the API come in over HTTP, items are kept in memory, and DynamoDB's published capacity rules
// (costmodel/units, costmodel/partition) stand in front of them. What it yields is modelled,
// never measured on AWS.
package dynamodb

import (
	"context"
	"errors"
	"net"
	"net/http"

	"crossover/driver/clock"
)

// Options are how a server begins.
type Options struct {
	Clock   clock.Clock // nothing else tells the time; required
	Region  string      // named in ARNs; "" takes us-east-1
	Latency bool        // modelled service times; without them every answer comes at once
	Seed    uint64      // of latencies, faults and identifiers
	Faults  Faults
}

// A Server is one account in one region. It is safe for concurrent use.
type Server struct {
	options Options
}

// New returns a server without tables.
func New(o Options) (*Server, error) {
	if o.Clock == nil {
		return nil, errors.New("embedded DynamoDB: no clock was given")
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	return &Server{options: o}, nil
}

// Serve answers requests on ln until ctx ends, and then returns nil. It closes ln.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	server := &http.Server{Handler: s}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "starting", http.StatusServiceUnavailable)
}
