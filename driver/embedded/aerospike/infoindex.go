package aerospike

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"crossover/driver/embedded/aerospike/cdt"
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
var indexTypes = map[string]uint8{
	"numeric": wire.Integer, "string": wire.String, "blob": wire.Blob, "geo2dsphere": wire.GeoJSON,
}

// collections are what an index may be on, as commands name them.
var collections = map[string]store.Collection{
	"": store.Whole, "default": store.Whole,
	"list": store.Elements, "mapkeys": store.MapKeys, "mapvalues": store.MapValues,
}

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
	d, refusal := indexDefinition(parameters)
	if refusal != "" {
		return refusal
	}
	x, err := n.cluster.store.CreateIndex(d)
	switch {
	case errors.Is(err, store.ErrIndexExists):
		return "ERROR:200:index already exists"
	case err != nil:
		return "ERROR:206:too many indexes"
	}
	n.cluster.running.Go(func() { n.cluster.store.Populate(x) })
	return "ok"
}

// indexDefinition reads what an index is to be of, or says what is wrong with it.
func indexDefinition(parameters string) (d store.Definition, refusal string) {
	bin, kind, ok := strings.Cut(parameter(parameters, "indexdata"), ",")
	if !ok {
		bin, kind = parameter(parameters, "bin"), parameter(parameters, "type")
	}
	d = store.Definition{Name: indexName(parameters), Set: parameter(parameters, "set"), Bin: bin}
	var known, collected bool
	d.Type, known = indexTypes[strings.ToLower(kind)]
	d.Over, collected = collections[strings.ToLower(parameter(parameters, "indextype"))]
	context, err := base64.StdEncoding.DecodeString(parameter(parameters, "context"))
	d.Context = string(context)
	switch {
	case d.Name == "" || len(d.Name) > 255:
		return d, "ERROR:4:bad 'indexname'"
	case bin == "" || len(bin) > wire.MaxBinName:
		return d, "ERROR:4:bad bin name"
	case len(d.Set) > store.MaxSetName:
		return d, "ERROR:4:bad 'set'"
	case !known:
		return d, "ERROR:4:bad index type"
	case !collected:
		return d, "ERROR:4:bad 'indextype'"
	case err != nil || len(context) > 0 && !cdt.IsContext(context):
		return d, "ERROR:4:bad 'context'"
	case parameter(parameters, "exp") != "":
		return d, "ERROR:16:indexes on expressions are not supported here"
	}
	return d, ""
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
		set, context, state := x.Set, "null", "RW"
		if set == "" {
			set = "null"
		}
		if x.Context != "" {
			context = base64.StdEncoding.EncodeToString([]byte(x.Context))
		}
		if x.LoadPct() < 100 {
			state = "WO"
		}
		list = append(list, fmt.Sprintf("ns=%s:indexname=%s:set=%s:bin=%s:type=%s:"+
			"indextype=%s:context=%s:exp=null:state=%s", n.cluster.options.Namespace, x.Name, set, x.Bin,
			nameOf(indexTypes, x.Type), nameOf(collections, x.Over), context, state))
	}
	return strings.Join(list, ";")
}

// nameOf returns what commands call a type or a collection.
func nameOf[T comparable](names map[string]T, v T) string {
	for name, of := range names {
		if of == v && name != "" {
			return name
		}
	}
	return ""
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
