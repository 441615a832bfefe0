package aerospike

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"crossover/driver"
)

const clientModule = "github.com/aerospike/aerospike-client-go/v7"

// clientVersion returns the library's name and version, as it was built in.
func clientVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == clientModule {
				return "aerospike-client-go " + m.Version
			}
		}
	}
	return "aerospike-client-go v7"
}

// A facts is what one node says of itself.
type facts struct {
	node       string
	host       string
	build      string
	edition    string
	practices  string
	statistics map[string]string
	namespace  map[string]string
	status     status
	embedded   bool
}

// facts asks every node what it is, in the order of their names.
func (c *cluster) facts(ctx context.Context) ([]facts, error) {
	list := slices.Clone(c.client.GetNodes())
	slices.SortFunc(list, byName)
	ns := "namespace/" + c.cfg.Namespace
	all := make([]facts, len(list))
	for i, node := range list {
		a, err := ask(ctx, node, "build", "edition", "best-practices", "statistics", ns, statusCommand)
		if err != nil {
			return nil, err
		}
		f := facts{
			node: node.GetName(), host: node.GetHost().String(), build: a["build"], edition: a["edition"],
			statistics: parsePairs(a["statistics"], ";"), namespace: parsePairs(a[ns], ";"),
		}
		if infoError(a["best-practices"]) == "" {
			_, f.practices, _ = strings.Cut(a["best-practices"], "=")
		}
		f.status, f.embedded = parseStatus(a[statusCommand])
		all[i] = f
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("the cluster has no node that answers")
	}
	return all, nil
}

// Describe says what the target is. A cluster is embedded when its nodes say so, real only
// when the scenario declares it, else other.
func (c *cluster) Describe(ctx context.Context) (driver.Description, error) {
	all, err := c.facts(ctx)
	if err != nil {
		return driver.Description{}, fmt.Errorf("describing the cluster: %w", err)
	}
	d := driver.Description{Kind: driver.Other, Client: clientVersion(), Settings: c.settings(all), Warnings: c.warnings(all)}
	if c.cfg.Kind == string(driver.Real) {
		d.Kind = driver.Real
	}
	d.Identity = fmt.Sprintf("%s %s, %s", all[0].edition, all[0].build, plural(len(all), "node"))
	if slices.ContainsFunc(all, func(f facts) bool { return f.embedded }) {
		d.Kind, d.Identity = driver.Embedded, all[0].status.Identity
		if d.Identity == "" {
			d.Identity = "a cluster with an embedded node among others"
		}
	}
	raw := map[string]any{}
	for _, f := range all {
		raw[f.node] = map[string]any{
			"host": f.host, "build": f.build, "edition": f.edition, "best-practices": f.practices, "namespace": f.namespace,
		}
	}
	d.Raw, err = json.Marshal(raw)
	return d, err
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// settings are what a reader compares between two runs.
func (c *cluster) settings(all []facts) map[string]string {
	first := all[0]
	s := map[string]string{
		"build": first.build, "edition": first.edition,
		"cluster_size": strconv.Itoa(len(all)), "namespace": c.cfg.Namespace, "set": c.set,
		"replica": c.cfg.Replica, "commit": c.cfg.Commit, "record TTL": "never expire",
		"timeout":            c.cfg.Timeout.String(),
		"attempts":           strconv.Itoa(c.cfg.Retries.Attempts),
		"retry base and max": c.cfg.Retries.Base.String() + ", " + c.cfg.Retries.Max.String(),
		"in-doubt writes":    map[bool]string{true: "sent again", false: "not sent again"}[c.cfg.Retries.InDoubtWrites],
		"connections a node": strconv.Itoa(clientPolicy(c.cfg, c.sc).MinConnectionsPerNode),
	}
	if c.cfg.separate() {
		s["transactions"] = c.cfg.Transactions
	}
	for _, name := range []string{
		"effective_replication_factor", "replication-factor", "storage-engine", "default-ttl", "nsup-period",
		"strong-consistency", "prefer-uniform-balance", "transaction-pending-limit",
		"storage-engine.flush-size", "storage-engine.write-block-size", "storage-engine.max-write-cache",
		"storage-engine.post-write-cache", "storage-engine.commit-to-device", "storage-engine.compression",
		"storage-engine.defrag-lwm-pct", "storage-engine.read-page-cache", "data_total_bytes",
	} {
		if v, ok := first.namespace[name]; ok {
			s[name] = v
		}
	}
	for _, f := range all {
		if names := devices(f.namespace); len(names) > 0 {
			s["devices of "+f.node] = strings.Join(names, ", ")
		}
	}
	s["failed_best_practices"] = practices(all)
	return s
}

// devices returns the names of a node's devices or files.
func devices(namespace map[string]string) []string {
	var names []string
	for name, value := range namespace {
		rest, ok := strings.CutPrefix(name, "storage-engine.")
		if !ok || !strings.HasSuffix(rest, "]") || !strings.HasPrefix(rest, "device[") && !strings.HasPrefix(rest, "file[") {
			continue
		}
		names = append(names, value)
	}
	slices.Sort(names)
	return names
}

// practices returns what the vendor's own check of each node's configuration found wanting.
func practices(all []facts) string {
	var list []string
	for _, f := range all {
		what := f.practices
		if what == "" {
			what = f.statistics["failed_best_practices"] // older servers say only whether there are any
		}
		if what != "" && what != "none" && what != "false" {
			list = append(list, f.node+": "+what)
		}
	}
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, "; ")
}

// warnings are doubts about what a run on this cluster can show.
func (c *cluster) warnings(all []facts) []string {
	var list []string
	first := all[0].namespace
	add := func(wrong bool, format string, args ...any) {
		if wrong {
			list = append(list, fmt.Sprintf(format, args...))
		}
	}
	configured, effective := first["replication-factor"], first["effective_replication_factor"]
	add(len(all) == 1, "the cluster has a single node: no write waits for a second copy")
	add(len(all) > 1 && effective == "1", "the namespace keeps one copy of each record: a lost node loses data")
	add(configured != "" && effective != "" && configured != effective,
		"replication-factor is %s, but %s copies are kept", configured, effective)
	add(c.sc.Workload.Read.Consistency == "strong" && !c.strong,
		"strongly consistent reads are asked for; namespace %s is in AP mode: they read the master's copy, which is not linearizable", c.cfg.Namespace)
	add(c.cfg.separate(), "what is one transaction on DynamoDB is done as separate requests here, neither atomic nor isolated: an easier job")
	add(c.cfg.Commit == "master", "writes are acknowledged when the master has them, before their copies do")
	add(c.cfg.Retries.InDoubtWrites,
		"writes in doubt are sent again: a conditional write may be refused by its own first attempt, and be counted as condition_failed")
	add(strings.HasPrefix(first["storage-engine"], "memory"), "namespace %s keeps its data in memory, not on devices", c.cfg.Namespace)
	add(practices(all) != "none", "the server's own check of best practices failed: %s", practices(all))
	for _, f := range all {
		add(f.build != all[0].build, "node %s runs build %s, node %s %s", f.node, f.build, all[0].node, all[0].build)
		add(f.namespace["stop_writes"] == "true", "node %s refuses writes (stop_writes)", f.node)
		left := f.statistics["migrate_partitions_remaining"]
		add(left != "" && left != "0", "node %s is still moving data: %s partitions to migrate", f.node, left)
	}
	return list
}
