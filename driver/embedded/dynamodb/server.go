// Package dynamodb is an embedded server that speaks DynamoDB's JSON protocol: requests of
// the API come in over HTTP, items are kept in memory, and DynamoDB's published capacity rules
// (costmodel/units, costmodel/partition) stand in front of them. What it yields is modelled,
// never measured on AWS. Requests need no signature, and none is checked.
//
// Besides the API it answers GET /crossover/status and GET /crossover/metrics, and names itself
// in the header Server of each answer; X-Crossover-Partition says which partition a request
// about one partition key went to. POST /crossover/event does a drill's events.
package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"crossover/costmodel/partition"
	"crossover/driver/clock"
	"crossover/driver/embedded/dynamodb/http1"
)

// Options are how a server begins.
type Options struct {
	Clock   clock.Clock  // nothing else tells the time; required
	Region  string       // named in ARNs; "" takes us-east-1
	Latency bool         // modelled service times; without them every answer comes at once
	Model   LatencyModel // of the service times
	Seed    uint64       // of latencies, faults and identifiers
	Faults  Faults
	// Assumptions are of what AWS does not publish of partitions; zero fields take the defaults.
	Assumptions partition.Assumptions
	Quotas      Quotas // the zero value limits nothing
	// TTLWithin is how long after its time an expired item may stay; 0 takes DefaultTTLWithin.
	TTLWithin time.Duration
	// DenyWrites names tables whose writes are refused with AccessDeniedException, and counted:
	// that nobody writes to them any more can then be seen before they are given up.
	DenyWrites []string
	// Data is a directory that keeps tables and items, so that the next server begins with them;
	// "" keeps nothing. A write is answered when it is safe from the end of this process and of
	// the machine. What a table has served, its partitions' splits and its stream's records are
	// not kept. Close gives the directory back.
	Data string
	// ExportDir stands for S3: exports are written below it, each bucket a directory; "" refuses
	// them.
	ExportDir string
}

// A Server is one account in one region. It is safe for concurrent use.
type Server struct {
	options   Options
	arnPrefix string // of tables, up to the name
	requests  atomic.Uint64
	panics    atomic.Uint64
	account   meter
	log       log
	sleepers  sleepers
	drill     drill
	calls     sync.Pool
	date      date
	injected  injected
	diary     *diary     // nil: nothing outlives the server
	control   sync.Mutex // of requests that the diary keeps
	exports   exports
	scaling   scaling
	registry  *prometheus.Registry
	attic     attic

	collectionLimit int64 // bytes
	tokens          tokens
	nextExpiry      atomic.Int64 // on the server's clock
	streams         streams
	address         atomic.Pointer[string] // where it listens

	mu     sync.RWMutex // guards what follows
	tables map[string]*table
}

// New returns a server without tables.
func New(o Options) (*Server, error) {
	if o.Clock == nil {
		return nil, errors.New("embedded DynamoDB: no clock was given")
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	s := &Server{options: o, tables: map[string]*table{}, collectionLimit: collectionLimit, sleepers: sleepers{clock: o.Clock}}
	s.arnPrefix = "arn:aws:dynamodb:" + o.Region + ":" + account + ":table/"
	s.calls.New = newScratch
	s.nextExpiry.Store(never)
	if s.options.TTLWithin == 0 {
		s.options.TTLWithin = DefaultTTLWithin
	}
	s.registry = newRegistry(s)
	s.scaling.next.Store(never)
	if o.Data != "" {
		if err := s.open(o.Data); err != nil {
			return nil, fmt.Errorf("embedded DynamoDB: %w", err)
		}
	}
	return s, nil
}

// Limits of a connection that is slow or does not end. DynamoDB's own answer to a body that is
// too large is not published.
const (
	maxHeader    = 64 * 1024
	maxBody      = 16 * 1024 * 1024 // Developer Guide, "Service, account, and table quotas": requests of batches
	headerWithin = 30 * time.Second
	bodyWithin   = 5 * time.Minute
)

// Serve answers requests on ln until ctx ends, and then returns nil: connections are closed,
// and nothing that it started runs on. It closes ln.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	address := ln.Addr().String()
	s.address.Store(&address)
	server := &http1.Server{
		Handler: s, MaxHead: maxHeader, MaxBody: maxBody, HeadWithin: headerWithin, ReadWithin: bodyWithin,
		ConnContext: withConn, Track: s.drill.track,
	}
	err := server.Serve(ctx, ln)
	s.sleepers.close()
	return err
}

var _ http.Handler = (*Server)(nil)
