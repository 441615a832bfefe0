package aerospike

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"crossover/driver/embedded/aerospike/wire"
)

// What this server says it is. Clients tell by it what they may ask for.
const (
	build      = "8.1.2.0"
	community  = "Aerospike Community Edition"
	enterprise = "Aerospike Enterprise Edition"
	// features are those of a Community Edition server of this release.
	features = "batch-any;batch-index;blob-bits;cdt-index;cdt-list;cdt-map;cluster-stable;float;geo;sindex-exists;" +
		"peers;pipelining;pquery;pscans;query-show;relaxed-sc;replicas;replicas-all;replicas-master;replicas-max;" +
		"truncate-namespace;udf"
	enterpriseOnly = "ERROR:25:enterprise only"
	unrecognized   = "ERROR:4:unrecognized command"
	noNamespace    = "ERROR:20:namespace not found on node"
)

// defaultCommands are what an empty request asks for.
var defaultCommands = []string{
	"features", "node", "compatibility-id", "edition", "build_ee_sha", "build_sha", "build_arch", "build_time",
	"build_os", "build", "version", "statistics", "services-alumni", "services", "partition-generation",
}

// An infoCommand answers one command; parameters are what follows its name and a separator.
type infoCommand func(n *Node, parameters string, now time.Duration) string

// constant answers always the same.
func constant(value string) infoCommand {
	return func(*Node, string, time.Duration) string { return value }
}

// infoCommands returns the commands by their names. Those that only an Enterprise server has
// answer as a Community Edition server does.
func infoCommands() map[string]infoCommand {
	all := map[string]infoCommand{}
	for _, list := range []map[string]infoCommand{identityCommands, clusterCommands, dataCommands, indexCommands, jobCommands} {
		for name, command := range list {
			all[name] = command
		}
	}
	for _, name := range []string{
		"peers-tls-std", "peers-tls-alt", "service-tls-std", "service-tls-alt", "rack-ids",
		"racks", "quiesce", "quiesce-undo", "roster", "roster-set", "feature-key", "revive", "get-sl",
	} {
		all[name] = constant(enterpriseOnly)
	}
	all["help"] = func(*Node, string, time.Duration) string {
		var names []string
		for name := range all {
			names = append(names, name)
		}
		slices.Sort(names)
		return strings.Join(names, ";")
	}
	return all
}

var commands = infoCommands()

// identityCommands say what the server is.
var identityCommands = map[string]infoCommand{
	"node":    func(n *Node, _ string, _ time.Duration) string { return n.name() },
	"name":    func(n *Node, _ string, _ time.Duration) string { return n.name() },
	"build":   constant(build),
	"edition": func(n *Node, _ string, _ time.Duration) string { return n.cluster.edition() },
	"version": func(n *Node, _ string, _ time.Duration) string { return n.cluster.edition() + " build " + build },
	"release": func(n *Node, _ string, _ time.Duration) string {
		return "edition=" + n.cluster.edition() + ";version=" + build + ";os=crossover;arch=embedded;sha="
	},
	"build_os":         constant("crossover"),
	"build_arch":       constant("embedded"),
	"build_sha":        constant(""),
	"build_ee_sha":     constant(""),
	"build_time":       constant(""),
	"compatibility-id": constant("15"),
	"features":         constant(features),
	"status":           constant("ok"),
	"digests":          constant("RIPEMD160"),
	"connection":       constant("admin=false"),
	"user-agent-set":   constant("ok"),
	"user-agents":      constant(""),
	"best-practices":   constant("failed_best_practices=none"),
	"health-outliers":  constant(""),
	"health-stats":     constant(""),
	"udf-list":         constant(""),
	"get-stats": func(_ *Node, parameters string, _ time.Duration) string {
		if parameter(parameters, "context") == "" {
			return "ERROR:4:missing 'context'"
		}
		return "ERROR:4:unknown context"
	},
	"crossover-status": (*Node).status,
	"statistics":       (*Node).statistics,
	"latencies":        (*Node).latencies,
	"get-config":       (*Node).getConfig,
	"set-config":       (*Node).setConfig,
}

// info answers an info request: each command in order.
func (s *session) info(body []byte, now time.Duration) error {
	var start int
	s.out, start = wire.Begin(s.out[:0])
	if len(body) == 0 {
		for _, name := range defaultCommands {
			s.out = wire.AppendInfo(s.out, name, s.allowed(name, now))
		}
	}
	for command := range wire.InfoCommands(body) {
		if len(s.out) > maxInfo {
			return errReset
		}
		value := ""
		if parameters, ok := strings.CutPrefix(command, eventCommand+":"); ok {
			value = s.event(parameters, now)
		} else {
			value = s.allowed(command, now)
		}
		s.out = wire.AppendInfo(s.out, command, value)
	}
	wire.End(s.out, start, wire.TypeInfo)
	s.node.counters.infoDone.Add(1)
	return s.send()
}

// maxInfo bounds an info answer, as clients do (the Go client's types/message.go: 64 MiB).
const maxInfo = 64 << 20

// command answers one command. Its name ends at the first of : / ; and a value is one line.
func (n *Node) command(text string, now time.Duration) string {
	name, parameters := text, ""
	if i := strings.IndexAny(text, ":/;"); i >= 0 {
		name, parameters = text[:i], text[i+1:]
	}
	command, ok := commands[name]
	if !ok {
		return unrecognized
	}
	return command(n, parameters, now)
}

// parameter returns a parameter's value from "a=b;c=d".
func parameter(parameters, name string) string {
	for p := range strings.SplitSeq(parameters, ";") {
		if k, v, ok := strings.Cut(p, "="); ok && k == name {
			return v
		}
	}
	return ""
}

// statistics answers the node's own.
func (n *Node) statistics(_ string, now time.Duration) string {
	c := &n.counters
	master, prole, _ := n.counts()
	v := map[string]string{
		"cluster_size":         strconv.Itoa(len(n.cluster.partitions().alive)),
		"cluster_key":          n.cluster.key(),
		"cluster_principal":    n.cluster.principal(),
		"paxos_principal":      n.cluster.principal(),
		"uptime":               n.uptime(now),
		"time_since_rebalance": n.uptime(now),
		"objects":              strconv.FormatInt(master.Records+prole.Records, 10),
		"rw_in_progress":       strconv.Itoa(n.inflight.count(now)),
	}
	for name, value := range map[string]uint64{
		"client_connections_opened": c.connectionsOpened.Load(),
		"client_connections_closed": c.connectionsClosed.Load(),
		"client_connections":        c.connectionsOpened.Load() - c.connectionsClosed.Load(),
		"info_complete":             c.infoDone.Load(),
		"demarshal_error":           c.malformed.Load(),
		"early_tsvc_client_error":   c.earlyErrors.Load(),
		"batch_index_initiate":      c.batches.Load(),
		"batch_index_complete":      c.batchesDone.Load(),
		"batch_index_error":         c.batchErrors.Load(),
	} {
		v[name] = strconv.FormatUint(value, 10)
	}
	return statisticsTemplate.fill(v)
}

// latencies answers one histogram or all.
func (n *Node) latencies(parameters string, now time.Duration) string {
	if parameters == "" {
		return n.latency.text(now)
	}
	if h := n.latency.find(parameter(parameters, "hist")); h != nil {
		return h.text(now)
	}
	return "ERROR:4:bad hist name"
}

// getConfig answers one context's configuration.
func (n *Node) getConfig(parameters string, _ time.Duration) string {
	switch parameter(parameters, "context") {
	case "service":
		return serviceTemplate.fill(map[string]string{"node-id": n.name()})
	case "network":
		host := strings.TrimSuffix(n.address(), ":"+n.port())
		return networkTemplate.fill(map[string]string{
			"service.port": n.port(), "service.address": host, "service.access-address": host,
		})
	case "namespace":
		if parameter(parameters, "id") != n.cluster.options.Namespace {
			return noNamespace
		}
		return namespaceTemplate.settings().fill(n.namespaceSettings())
	case "xdr", "security":
		return enterpriseOnly
	case "":
		return "ERROR:4:missing 'context'"
	}
	return "ERROR:4:unknown context"
}

// setConfig changes one of the namespace's parameters, on this node's whole cluster: the nodes
// are one process, and are configured alike.
func (n *Node) setConfig(parameters string, _ time.Duration) string {
	const wrong = "ERROR:4:invalid set-config parameter"
	if parameter(parameters, "context") != "namespace" {
		return wrong
	}
	if parameter(parameters, "id") != n.cluster.options.Namespace {
		return noNamespace
	}
	for p := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(p, "=")
		switch {
		case name == "context" || name == "id":
		case strings.HasPrefix(name, "enable-benchmarks-") && (value == "true" || value == "false"):
			// There is nothing more to measure than is measured anyway.
		case !n.cluster.config.set(name, value):
			return wrong
		}
	}
	return "ok"
}
