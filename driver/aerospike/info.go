package aerospike

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	as "github.com/aerospike/aerospike-client-go/v7"

	"crossover/driver"
)

// statusCommand is the info command by which crossover's own cluster identifies itself. Any
// other server answers that it does not know it.
const statusCommand = "crossover-status"

// A status is a node's answer to statusCommand.
type status struct {
	Identity  string            `json:"identity"`
	Node      string            `json:"node"`
	Reads     uint64            `json:"reads"`
	Writes    uint64            `json:"writes"`
	Busy      float64           `json:"busy"`
	Queue     float64           `json:"write_queue_bytes"`
	Throttles map[string]uint64 `json:"throttles"`
	Events    []driver.Event    `json:"events"`
}

// parseStatus reads a node's status; ok is false for a server that is not crossover's.
func parseStatus(text string) (s status, ok bool) {
	if !strings.HasPrefix(text, "{") || json.Unmarshal([]byte(text), &s) != nil || s.Identity == "" {
		return status{}, false
	}
	return s, true
}

// parsePairs reads the server's `name=value` pairs, between which sep stands.
func parsePairs(text, sep string) map[string]string {
	pairs := map[string]string{}
	for pair := range strings.SplitSeq(text, sep) {
		if name, value, ok := strings.Cut(strings.TrimSpace(pair), "="); ok && name != "" {
			pairs[name] = value
		}
	}
	return pairs
}

// infoError returns what an info answer complains about, or "" (server source
// as/src/base/thr_info.c: ERROR:code:message; older releases also FAIL:code:message).
func infoError(answer string) string {
	for _, prefix := range []string{"ERROR", "FAIL", "error", "fail"} {
		if rest, ok := strings.CutPrefix(answer, prefix); ok && (rest == "" || rest[0] == ':' || rest[0] == '=') {
			return answer
		}
	}
	return ""
}

// infoCode returns the code in an info answer that is an error, or "".
func infoCode(answer string) string {
	if infoError(answer) == "" {
		return ""
	}
	_, rest, _ := strings.Cut(strings.ReplaceAll(answer, "=", ":"), ":")
	code, _, _ := strings.Cut(rest, ":")
	return code
}

// ask sends info commands to one node. The library's call takes no context; it ends within
// adminLimit.
func ask(ctx context.Context, node *as.Node, commands ...string) (map[string]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	answers, err := node.RequestInfo(&as.InfoPolicy{Timeout: adminLimit}, commands...)
	if err != nil {
		return nil, fmt.Errorf("asking node %s: %w", node.GetName(), err)
	}
	return answers, nil
}

// askAny sends one info command to some node, and returns its answer.
func (c *cluster) askAny(ctx context.Context, command string) (string, error) {
	node, err := c.client.Cluster().GetRandomNode()
	if err != nil {
		return "", err
	}
	answers, aerr := ask(ctx, node, command)
	return answers[command], aerr
}

// checkNamespace asks every node for the namespace.
func (c *cluster) checkNamespace(ctx context.Context) error {
	command := "namespace/" + c.cfg.Namespace
	for _, node := range c.client.GetNodes() {
		answers, err := ask(ctx, node, command)
		if err != nil {
			return err
		}
		stats := parsePairs(answers[command], ";")
		if infoError(answers[command]) != "" || stats["ns_cluster_size"] == "" && stats["objects"] == "" {
			return fmt.Errorf("node %s has no namespace %q: expected one that the cluster is configured with",
				node.GetName(), c.cfg.Namespace)
		}
		c.strong = stats["strong-consistency"] == "true"
		if c.sc.Workload.Write.TTL > 0 && stats["nsup-period"] == "0" && stats["allow-ttl-without-nsup"] != "true" {
			return fmt.Errorf("node %s: namespace %s has nsup-period 0 and so refuses records with a time to live, which workload.write.ttl asks for",
				node.GetName(), c.cfg.Namespace)
		}
	}
	return nil
}
