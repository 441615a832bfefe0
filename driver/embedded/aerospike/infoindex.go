package aerospike

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"crossover/driver/embedded/aerospike/store"
	"crossover/driver/embedded/aerospike/wire"
)

// indexCommands create, describe and drop secondary indexes.
var indexCommands = map[string]infoCommand{
	"sindex-create": (*Node).createIndex,
	"sindex-delete": (*Node).deleteIndex,
	"sindex-exists": func(n *Node, parameters string, _ time.Duration) string {
		_, ok := n.cluster.store.FindIndex(indexName(parameters))
		return fmt.Sprint(ok && n.isNamespace(parameters))
	},
	"sindex-list": (*Node).listIndexes,
	"sindex-stat": func(n *Node, parameters string, _ time.Duration) string {
		return n.indexStatistics(indexName(parameters))
	},
	"sindex": func(n *Node, parameters string, now time.Duration) string {
		if _, name, one := strings.Cut(parameters, "/"); one {
			return n.indexStatistics(name)
		}
		return n.listIndexes("", now)
	},
}

// indexTypes are the types that an index may be of, as commands name them.
var indexTypes = map[string]uint8{"numeric": wire.Integer, "string": wire.String, "blob": wire.Blob}

// indexName reads either of the names that the parameter goes by.
func indexName(parameters string) string {
	if name := parameter(parameters, "indexname"); name != "" {
		return name
	}
	return parameter(parameters, "index")
}

func (n *Node) isNamespace(parameters string) bool {
	for _, name := range []string{"ns", "namespace"} {
		if parameter(parameters, name) == n.cluster.options.Namespace {
			return true
		}
	}
	return false
}

// createIndex adds an index on a bin, and fills it while requests go on.
func (n *Node) createIndex(parameters string, _ time.Duration) string {
	if !n.isNamespace(parameters) {
		return noNamespace
	}
	name, set := indexName(parameters), parameter(parameters, "set")
	bin, kind, ok := strings.Cut(parameter(parameters, "indexdata"), ",")
	if !ok {
		bin, kind = parameter(parameters, "bin"), parameter(parameters, "type")
	}
	particle, known := indexTypes[strings.ToLower(kind)]
	switch {
	case name == "" || len(name) > 255:
		return "ERROR:4:bad 'indexname'"
	case bin == "" || len(bin) > wire.MaxBinName:
		return "ERROR:4:bad bin name"
	case len(set) > store.MaxSetName:
		return "ERROR:4:bad 'set'"
	case !known:
		return "ERROR:16:index type is not supported here"
	}
	collection := strings.ToLower(parameter(parameters, "indextype"))
	if collection != "" && collection != "default" ||
		parameter(parameters, "context") != "" || parameter(parameters, "exp") != "" {
		return "ERROR:16:indexes into lists, maps and expressions are not supported here"
	}
	x, err := n.cluster.store.CreateIndex(name, set, bin, particle)
	switch {
	case errors.Is(err, store.ErrIndexExists):
		return "ERROR:200:index already exists"
	case err != nil:
		return "ERROR:206:too many indexes"
	}
	n.cluster.running.Go(func() { n.cluster.store.Populate(x) })
	return "ok"
}

func (n *Node) deleteIndex(parameters string, _ time.Duration) string {
	if !n.isNamespace(parameters) {
		return noNamespace
	}
	if !n.cluster.store.DropIndex(indexName(parameters)) {
		return "ERROR:201:no index"
	}
	return "ok"
}

// listIndexes answers every index, or (ns=…) a namespace's.
func (n *Node) listIndexes(parameters string, _ time.Duration) string {
	if parameters != "" && !n.isNamespace(parameters) {
		return noNamespace
	}
	var list []string
	for _, x := range n.cluster.store.Indexes() {
		set, kind, state := x.Set, "", "RW"
		if set == "" {
			set = "null"
		}
		for name, particle := range indexTypes {
			if particle == x.Type {
				kind = name
			}
		}
		if x.LoadPct() < 100 {
			state = "WO"
		}
		list = append(list, fmt.Sprintf("ns=%s:indexname=%s:set=%s:bin=%s:type=%s:"+
			"indextype=default:context=null:exp=null:state=%s", n.cluster.options.Namespace, x.Name, set, x.Bin, kind, state))
	}
	return strings.Join(list, ";")
}

func (n *Node) indexStatistics(name string) string {
	x, ok := n.cluster.store.FindIndex(name)
	if !ok {
		return "ERROR:201:no index"
	}
	return fmt.Sprintf("entries=%d;used_bytes=%d;entries_per_bval=0;entries_per_rec=1;"+
		"load_pct=%d;load_time=0;stat_gc_recs=0",
		x.Entries(), x.Entries()*indexEntryBytes, x.LoadPct())
}
