package aerospike

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
)

// defaultPort is what a peer's address leaves out.
const defaultPort = "3000"

// clusterCommands say which nodes there are, and which partition is where.
var clusterCommands = map[string]infoCommand{
	"partition-generation": func(n *Node, _ string, _ time.Duration) string {
		return strconv.Itoa(n.cluster.partitions().generation)
	},
	"rebalance-generation": func(n *Node, _ string, _ time.Duration) string {
		return strconv.Itoa(n.cluster.partitions().generation + 1)
	},
	"peers-generation": func(n *Node, _ string, _ time.Duration) string { return n.cluster.peersGeneration() },
	"peers-clear-std":  (*Node).peers,
	"peers-clear-alt": func(n *Node, _ string, _ time.Duration) string {
		return n.cluster.peersGeneration() + "," + defaultPort + ",[]"
	},
	"alumni-clear-std":   (*Node).peers,
	"service-clear-std":  (*Node).service,
	"service-clear-alt":  constant(""),
	"service":            (*Node).service,
	"services":           (*Node).services,
	"services-alumni":    (*Node).services,
	"services-alternate": constant(""),
	"cluster-name":       constant("null"),
	"cluster-stable":     (*Node).clusterStable,
	"recluster":          constant("ok"),
	"replicas":           (*Node).replicas,
	"replicas-all": func(n *Node, _ string, _ time.Duration) string {
		return n.cluster.options.Namespace + ":" + n.cluster.partitions().bitmaps(n.number)
	},
	"replicas-master": func(n *Node, _ string, _ time.Duration) string {
		return n.cluster.options.Namespace + ":" + n.cluster.partitions().bitmap(n.number, 0)
	},
}

// peersGeneration returns a number that changes with the nodes.
func (c *Cluster) peersGeneration() string {
	return strconv.Itoa(c.options.Nodes - 1 + c.partitions().peers)
}

func (n *Node) others() []*Node {
	return slices.DeleteFunc(n.cluster.present(), func(o *Node) bool { return o == n })
}

// present returns the nodes of the map that is published.
func (c *Cluster) present() []*Node {
	var out []*Node
	for _, i := range c.partitions().alive {
		out = append(out, c.nodes[i])
	}
	return out
}

// peers answers generation,port,[[node,tls name,[address]],…], without the node asked.
func (n *Node) peers(string, time.Duration) string {
	var list []string
	for _, o := range n.others() {
		host, port, _ := net.SplitHostPort(o.address()) // a listener's address has a port
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		if port != defaultPort {
			host += ":" + port
		}
		list = append(list, fmt.Sprintf("[%s,,[%s]]", o.name(), host))
	}
	return n.cluster.peersGeneration() + "," + defaultPort + ",[" + strings.Join(list, ",") + "]"
}

func (n *Node) service(string, time.Duration) string { return n.address() }

func (n *Node) services(string, time.Duration) string {
	var list []string
	for _, o := range n.others() {
		list = append(list, o.address())
	}
	return strings.Join(list, ";")
}

// replicas answers namespace:regime,copies,bitmap,…; the regime of an available namespace is 0.
func (n *Node) replicas(string, time.Duration) string {
	return n.cluster.options.Namespace + ":0," + n.cluster.partitions().bitmaps(n.number)
}

// key identifies the cluster's present nodes.
func (c *Cluster) key() string {
	d := xxhash.New()
	for _, n := range c.present() {
		_, _ = d.WriteString(n.name()) // it never fails
	}
	return nodeName(d.Sum64() >> 16)
}

// principal returns the node of the highest identifier, which leads the others.
func (c *Cluster) principal() string {
	return slices.MaxFunc(c.present(), func(a, b *Node) int {
		return map[bool]int{true: 1, false: -1}[a.id > b.id]
	}).name()
}

func (n *Node) clusterStable(parameters string, _ time.Duration) string {
	if size := parameter(parameters, "size"); size != "" && size != strconv.Itoa(len(n.cluster.partitions().alive)) {
		return "ERROR:7:cluster not specified size"
	}
	return n.cluster.key()
}
