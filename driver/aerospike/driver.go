package aerospike

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	as "github.com/aerospike/aerospike-client-go/v7"
	"github.com/aerospike/aerospike-client-go/v7/types"

	"crossover/driver"
	"crossover/driver/clock"
	"crossover/workload"
)

const (
	// connectLimit bounds connecting to the cluster, until every node's pool is filled: on a
	// busy host that takes seconds.
	connectLimit = 20 * time.Second
	// tendLimit is how long the library waits for one answer about the cluster. It asks all nodes
	// together and waits for the last: when a node has died, every partition's new place is
	// learnt that much later. The library's own default is 30 s (client source, policy.go; its
	// Java sister waits 1 s), which a drill would show as the database's.
	tendLimit = time.Second
	// adminLimit bounds one request that prepares, describes or samples: such requests are few
	// and not measured, so that a target's timeout, which may be tiny, is not theirs.
	adminLimit = 5 * time.Second
	// tendInterval is how often the library asks each node for changes of the cluster: its
	// own default.
	tendInterval = time.Second
	// connectPause is how long the library pauses while it waits for a connection.
	connectPause = time.Millisecond
	// spareConnections are kept to each node besides the sessions': one for the library's own
	// questions, and one for each goroutine that loads, which are few.
	spareConnections = 16
	// backOffSalt keeps the waits apart from what else is drawn from a scenario's seed.
	backOffSalt = 0x6261636b6f6666
)

// A cluster is an Aerospike cluster under test, opened.
type cluster struct {
	cfg    *Config
	sc     *workload.Scenario
	set    string
	clock  clock.Clock
	run    string
	client *as.Client
	nodes  nodes
	strong bool // the namespace is in strong-consistency mode (Enterprise)

	sessions atomic.Uint64 // opened so far: each draws its waits from a source of its own
	received atomic.Uint64 // records that queries received
	returned atomic.Uint64 // records that queries returned, after the cut to their limit

	provision sync.Mutex
	ready     atomic.Bool // Provision has seen that the set may be written
	madeIndex bool        // Provision created the secondary index; under provision
	leftover  bool        // the set was crossover's already when Provision came, and has not been emptied since; under provision
	marked    bool        // this driver wrote the marker; under provision

	sample sampled
}

var (
	_ driver.Driver      = (*cluster)(nil)
	_ driver.Provisioner = (*cluster)(nil)
	_ driver.Loader      = (*cluster)(nil)
	_ driver.Warmer      = (*cluster)(nil)
	_ driver.Describer   = (*cluster)(nil)
	_ driver.Sampler     = (*cluster)(nil)
	_ driver.Session     = (*session)(nil)
)

// Open connects to the cluster and checks that it has the namespace.
func Open(ctx context.Context, env driver.Env) (driver.Driver, error) {
	cfg, problems := decode(env.Scenario, env.Target)
	if len(problems) > 0 {
		errs := make([]error, len(problems))
		for i, p := range problems {
			errs[i] = p
		}
		return nil, errors.Join(errs...)
	}
	if cfg.At == "embedded" && env.Address == "" {
		return nil, fmt.Errorf("target %s: at: embedded, but no embedded cluster was started", cfg.Name)
	}
	seeds := cfg.Hosts
	if env.Address != "" {
		seeds = []string{env.Address}
	}
	hosts, err := parseHosts(seeds)
	if err != nil {
		return nil, fmt.Errorf("target %s: %w", cfg.Name, err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	client, err := connect(clientPolicy(cfg, env.Scenario), hosts)
	if err != nil {
		return nil, fmt.Errorf("target %s: connecting to %v: %w", cfg.Name, seeds, err)
	}
	c := &cluster{
		cfg: cfg, sc: env.Scenario, set: cfg.setName(env.Scenario), clock: env.Clock, run: env.Run, client: client,
	}
	if err := c.checkNamespace(ctx); err != nil {
		client.Close()
		return nil, fmt.Errorf("target %s: %w", cfg.Name, err)
	}
	c.nodes.refresh(client, cfg.Namespace)
	return c, nil
}

// connect opens the client. The library has one limit for connecting, filling the pools
// included, and for asking about the cluster later: the shortest that does is taken.
func connect(p *as.ClientPolicy, hosts []*as.Host) (*as.Client, error) {
	for p.Timeout = tendLimit; ; p.Timeout *= 2 {
		client, err := as.NewClientWithPolicyAndHost(p, hosts...)
		if err == nil {
			return client, nil
		}
		if 2*p.Timeout > connectLimit || !err.Matches(types.TIMEOUT) {
			return nil, err
		}
	}
}

// parseHosts reads seed nodes.
func parseHosts(seeds []string) ([]*as.Host, error) {
	var hosts []*as.Host
	for _, seed := range seeds {
		host, port, err := net.SplitHostPort(seed)
		if err != nil {
			return nil, fmt.Errorf("seed node: %w", err)
		}
		n, err := strconv.Atoi(port)
		if err != nil {
			return nil, fmt.Errorf("seed node %s: %w", seed, err)
		}
		hosts = append(hosts, as.NewHost(host, n))
	}
	return hosts, nil
}

// clientPolicy returns how the library keeps its connections; see the package's comment.
func clientPolicy(cfg *Config, sc *workload.Scenario) *as.ClientPolicy {
	kept := cfg.Connections
	if kept == 0 {
		kept = sessions(sc)
	}
	p := as.NewClientPolicy()
	p.ConnectionQueueSize = kept + spareConnections
	// The library fills each node's pool up to this many again after connections were closed
	// by timeouts, away from the operations' path.
	p.MinConnectionsPerNode = kept
	p.LimitConnectionsToQueueSize = true
	p.MaxErrorRate = 0
	p.TendInterval = tendInterval
	p.FailIfNotConnected = true
	return p
}

// basePolicy returns one attempt's limits.
func basePolicy(limit time.Duration) as.BasePolicy {
	p := *as.NewPolicy()
	p.TotalTimeout = limit
	p.SocketTimeout = limit
	p.MaxRetries = 0
	p.SleepBetweenRetries = connectPause
	p.SendKey = false
	p.ReplicaPolicy = as.MASTER
	return p
}

// writePolicy returns the policy of a write that must find the record as action says.
func (c *cluster) writePolicy(limit time.Duration, action as.RecordExistsAction) *as.WritePolicy {
	p := as.NewWritePolicy(0, as.TTLDontExpire)
	p.BasePolicy = basePolicy(limit)
	p.RecordExistsAction = action
	p.CommitLevel = c.commitLevel()
	return p
}

func (c *cluster) commitLevel() as.CommitLevel {
	if c.cfg.Commit == "master" {
		return as.COMMIT_MASTER
	}
	return as.COMMIT_ALL
}

// Session returns a session. It refuses before Provision has seen that the set may be written.
func (c *cluster) Session(ctx context.Context) (driver.Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !c.ready.Load() {
		return nil, c.unprovisioned()
	}
	return newSession(c, rand.New(rand.NewPCG(c.sc.Seed^backOffSalt, c.sessions.Add(1)))), nil
}

func (c *cluster) unprovisioned() error {
	return fmt.Errorf("set %s.%s: not provisioned: it is not known whether it may be written", c.cfg.Namespace, c.set)
}

// Warm opens connections for that many sessions to each node.
func (c *cluster) Warm(ctx context.Context, sessions int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if sessions < 1 {
		return nil
	}
	if _, err := c.client.WarmUp(sessions); err != nil {
		return fmt.Errorf("opening %d connections to each node: %w", sessions, err)
	}
	c.nodes.refresh(c.client, c.cfg.Namespace)
	return nil
}

// Close ends the connections.
func (c *cluster) Close() error {
	c.client.Close()
	return nil
}
