package aerospike

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"crossover/workload"
	"crossover/workload/op"
)

// secrets are keys under which people write credentials. None is ever decoded or echoed.
var secrets = []string{
	"user", "username", "password", "pass", "credentials", "token", "secret", "auth", "tls", "key_file", "cert_file", "ca_file",
}

// embeddedOnly are the keys that mean something to crossover's own cluster alone.
var embeddedOnly = []string{"nodes", "replication", "device", "devices", "scale", "latency", "heartbeat_timeout", "migration_rate", "faults"}

// elsewhereOnly are the keys that mean something to any other cluster alone.
var elsewhereOnly = []string{"hosts", "kind", "expendable"}

// Check validates a target without connecting; it returns all problems, each with its line
// and column.
func Check(sc *workload.Scenario, t workload.Target) []error {
	_, problems := decode(sc, t)
	errs := make([]error, len(problems))
	for i, p := range problems {
		errs[i] = p
	}
	return errs
}

// decode returns a target's settings, and everything that is wrong with them.
func decode(sc *workload.Scenario, t workload.Target) (*Config, []*workload.Error) {
	c := &checker{sc: sc, target: t, path: "targets." + t.Name}
	node := c.withoutSecrets()
	var cfg Config
	if err := workload.DecodeAt(sc.File, c.path, node, &cfg); err != nil {
		// What single fields need is said; what they need of each other would only repeat it.
		return nil, append(c.problems, workload.Errors(err)...)
	}
	c.place(&cfg)
	c.names(&cfg)
	c.sizes(&cfg)
	c.events(&cfg)
	c.transactions(&cfg)
	if cfg.Faults != "" {
		c.faults(cfg.Faults)
	}
	return &cfg, c.problems
}

// A checker collects problems of one target.
type checker struct {
	sc       *workload.Scenario
	target   workload.Target
	path     string
	problems []*workload.Error
}

// fail reports a problem at a key's value, or at the target when the key is not given.
func (c *checker) fail(key, found, expected string) {
	n := c.target.Node
	if _, v := field(n, key); v != nil {
		n = v
	}
	c.failAt(n, key, found, expected)
}

func (c *checker) failAt(n *yaml.Node, key, found, expected string) {
	c.problems = append(c.problems, &workload.Error{
		File: c.sc.File, Line: n.Line, Column: n.Column, Path: workload.Join(c.path, key), Found: found, Expected: expected,
	})
}

// withoutSecrets returns the target's node less the keys that look like credentials, each of
// which is a problem. Their values are not repeated in any message.
func (c *checker) withoutSecrets() *yaml.Node {
	node := *c.target.Node
	node.Content = nil
	for i := 0; i+1 < len(c.target.Node.Content); i += 2 {
		key, value := c.target.Node.Content[i], c.target.Node.Content[i+1]
		if slices.Contains(secrets, strings.ToLower(key.Value)) {
			c.failAt(key, key.Value, fmt.Sprintf("the key %q", key.Value), "no credentials: they never go into a scenario")
			continue
		}
		node.Content = append(node.Content, key, value)
	}
	return &node
}

// place checks where the target is.
func (c *checker) place(cfg *Config) {
	given := func(key string) bool { k, _ := field(c.target.Node, key); return k != nil }
	keys, why := embeddedOnly, "only with at: embedded"
	if cfg.At == "embedded" {
		keys, why = elsewhereOnly, "nothing: with at: embedded the cluster is crossover's own"
	} else if len(cfg.Hosts) == 0 {
		c.fail("hosts", "no hosts", "at: embedded, or hosts: a list of host:port")
	}
	for _, key := range keys {
		if given(key) {
			k, _ := field(c.target.Node, key)
			c.failAt(k, key, fmt.Sprintf("the key %q", key), why)
		}
	}
	for i, h := range cfg.Hosts {
		if expected := badHost(h); expected != "" {
			n := c.target.Node
			if _, v := field(n, "hosts"); v != nil && i < len(v.Content) {
				n = v.Content[i]
			}
			found := fmt.Sprintf("%q", h)
			if strings.Contains(h, "@") {
				found = "a host with @ in it" // what stands before it may be a password
			}
			c.failAt(n, fmt.Sprintf("hosts[%d]", i), found, expected)
		}
	}
	if cfg.Expendable && cfg.Set == "" {
		c.fail("expendable", "expendable without a set", "set: the name of the set that may be written")
	}
}

// badHost says what a seed node should look like, or "" when it does.
func badHost(h string) string {
	const form = "a seed node such as 10.0.0.5:3000, without user or password"
	host, port, err := net.SplitHostPort(h)
	if err != nil || host == "" || strings.ContainsAny(host, "@/ ") {
		return form
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return form
	}
	return ""
}

// names checks the namespace and the set.
func (c *checker) names(cfg *Config) {
	if n := cfg.Namespace; n == "" || len(n) > MaxNamespace || strings.ContainsAny(n, ":;=,/ \t\n") {
		c.fail("namespace", fmt.Sprintf("%q", n), fmt.Sprintf("1 to %d bytes without : ; = , / or spaces", MaxNamespace))
	}
	set, limit := cfg.setName(c.sc), MaxSetName
	for _, x := range sindexes(c.sc, "") {
		limit = min(limit, maxIndexName-len(x.name))
	}
	if len(set) > limit || strings.ContainsAny(set, ":;=,/ \t\n") {
		c.fail("set", fmt.Sprintf("the set %q of %d bytes", set, len(set)),
			fmt.Sprintf("at most %d bytes without : ; = , / or spaces: name a shorter one by set", limit))
	}
}

// sizes checks numbers that depend on each other.
func (c *checker) sizes(cfg *Config) {
	if cfg.At == "embedded" && cfg.Replication > cfg.Nodes {
		c.fail("replication", strconv.Itoa(cfg.Replication), fmt.Sprintf("at most nodes, %d", cfg.Nodes))
	}
	if n := sessions(c.sc); cfg.Connections > 0 && cfg.Connections < n {
		c.fail("connections", strconv.Itoa(cfg.Connections),
			fmt.Sprintf("at least the scenario's %d sessions: with fewer, operations would wait inside the client", n))
	}
	if cfg.Retries.Max < cfg.Retries.Base {
		_, retries := field(c.target.Node, "retries")
		if retries == nil {
			retries = c.target.Node
		}
		c.failAt(retries, "retries.max", cfg.Retries.Max.String(), "at least base, "+cfg.Retries.Base.String())
	}
}

// transactions refuses a scenario whose transactions this driver cannot do, unless the target
// says that it takes less.
func (c *checker) transactions(cfg *Config) {
	for _, k := range []op.Kind{op.TransactRead, op.TransactWrite} {
		if c.sc.Workload.Operations[k] > 0 && cfg.Transactions == "" {
			c.fail("transactions", fmt.Sprintf("a scenario with %v", k),
				"transactions: separate_writes: the client used here has no multi-record transactions, and separate requests are an easier job, which the report then says")
			return
		}
	}
}

// faults checks the form of injected faults; the embedded cluster reads them.
func (c *checker) faults(text string) {
	for _, part := range strings.Split(text, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		share, delay, delayed := strings.Cut(value, ":")
		_, err := workload.ParseShare(share)
		if err == nil && name == "delay" && delayed {
			_, err = workload.ParseDuration(delay)
		} else if delayed != (name == "delay") {
			err = fmt.Errorf("a delay")
		}
		if err != nil || !slices.Contains([]string{"overload", "timeout", "reset", "delay", "corrupt", "stale"}, name) {
			c.fail("faults", fmt.Sprintf("%q", part), "shares such as overload=1%,timeout=1%,reset=1%,delay=1%:20ms")
		}
	}
}

// Serve returns the arguments of the child that stands in for a target at: embedded, or nil.
func Serve(sc *workload.Scenario, t workload.Target) ([]string, error) {
	cfg, problems := decode(sc, t)
	if len(problems) > 0 {
		return nil, problems[0]
	}
	if cfg.At != "embedded" {
		return nil, nil
	}
	latency := "off"
	if cfg.Latency {
		latency = "on"
	}
	args := []string{
		"serve", "aerospike", "--listen", "127.0.0.1:0", "--until-stdin-closes",
		"--nodes", strconv.Itoa(cfg.Nodes), "--replication", strconv.Itoa(cfg.Replication),
		"--device", cfg.Device, "--devices", strconv.Itoa(cfg.Devices),
		"--scale", strconv.FormatFloat(cfg.Scale, 'g', -1, 64), "--namespace", cfg.Namespace,
		"--latency", latency, "--seed", strconv.FormatUint(sc.Seed, 10),
		"--heartbeat-timeout", cfg.HeartbeatTimeout.String(), "--migration-rate", strconv.FormatUint(cfg.MigrationRate, 10),
	}
	if cfg.Faults != "" {
		args = append(args, "--fault", cfg.Faults)
	}
	return args, nil
}
