// Command v8 drives a cluster with the v8 Go client: v8 HOST:PORT. It says what it did, and ends
// with 1 at the first thing that is not as it should be.
package main

import (
	"fmt"
	"net"
	"os"
	"reflect"
	"strconv"

	as "github.com/aerospike/aerospike-client-go/v8"
	"github.com/aerospike/aerospike-client-go/v8/types"
)

const namespace, set = "test", "v8"

func main() {
	if len(os.Args) != 2 {
		stop("usage: v8 HOST:PORT")
	}
	host, text, err := net.SplitHostPort(os.Args[1])
	must(err)
	port, err := strconv.Atoi(text)
	must(err)
	client, aerr := as.NewClient(host, port)
	must(aerr)
	defer client.Close()
	same("nodes", 3, len(client.GetNodes()))
	records(client)
	collections(client)
	batches(client)
	queries(client)
	fmt.Println("v8 Go client: records, collections, expressions, batches, queries: as they should be")
}

func key(i int) *as.Key {
	k, err := as.NewKey(namespace, set, i)
	must(err)
	return k
}

// records writes, reads, changes and deletes one record.
func records(client *as.Client) {
	bins := as.BinMap{"i": 1, "s": "text", "f": 1.5, "b": []byte{1, 2}, "t": true}
	must(client.Put(nil, key(0), bins))
	r, err := client.Get(nil, key(0))
	must(err)
	same("what was read", bins, r.Bins)
	must(client.AddBins(nil, key(0), as.NewBin("i", 41)))
	r, err = client.Operate(nil, key(0), as.AppendOp(as.NewBin("s", " more")), as.GetOp())
	must(err)
	same("after changes", []any{42, "text more"}, []any{r.Bins["i"], r.Bins["s"]})
	p := as.NewWritePolicy(1, 0)
	p.GenerationPolicy = as.EXPECT_GEN_EQUAL
	refused("a stale generation", types.GENERATION_ERROR, client.PutBins(p, key(0), as.NewBin("i", 0)))
	p = as.NewWritePolicy(0, 0)
	p.RecordExistsAction = as.CREATE_ONLY
	refused("creation of what is there", types.KEY_EXISTS_ERROR, client.PutBins(p, key(0), as.NewBin("i", 0)))
	existed, err := client.Delete(nil, key(0))
	must(err)
	same("deleted", true, existed)
	_, err = client.Get(nil, key(0))
	refused("reading what is gone", types.KEY_NOT_FOUND_ERROR, err)
}

// collections changes lists and maps from inside, also where an expression says so.
func collections(client *as.Client) {
	k := key(0)
	_, err := client.Operate(nil, k,
		as.ListAppendOp("l", 3, 1, 2), as.ListSortOp("l", as.ListSortFlagsDefault),
		as.MapPutOp(as.DefaultMapPolicy(), "m", "a", 1), as.MapIncrementOp(as.DefaultMapPolicy(), "m", "a", 6),
		as.ListGetByRankOp("l", -1, as.ListReturnTypeValue), as.MapGetByKeyOp("m", "a", as.MapReturnType.VALUE))
	must(err)
	r, err := client.Get(nil, k)
	must(err)
	same("list", []any{1, 2, 3}, r.Bins["l"])
	same("map", map[any]any{"a": 7}, r.Bins["m"])
	p := as.NewWritePolicy(0, 0)
	p.FilterExpression = as.ExpEq(as.ExpListSize(as.ExpListBin("l")), as.ExpIntVal(4))
	refused("a filter that holds back", types.FILTERED_OUT, client.PutBins(p, k, as.NewBin("n", 1)))
	p.FilterExpression = as.ExpEq(as.ExpListSize(as.ExpListBin("l")), as.ExpIntVal(3))
	must(client.PutBins(p, k, as.NewBin("n", 1)))
}

// batches reads, writes and deletes several records at once.
func batches(client *as.Client) {
	const n = 100
	var writes, reads []as.BatchRecordIfc
	for i := 1; i <= n; i++ {
		writes = append(writes, as.NewBatchWrite(nil, key(i), as.PutOp(as.NewBin("i", i)), as.PutOp(as.NewBin("odd", i%2))))
		reads = append(reads, as.NewBatchRead(nil, key(i), []string{"i"}))
	}
	must(client.BatchOperate(nil, writes))
	must(client.BatchOperate(nil, reads))
	for i, r := range reads {
		same("batch", i+1, r.BatchRec().Record.Bins["i"])
	}
	must(client.BatchOperate(nil, []as.BatchRecordIfc{as.NewBatchDelete(nil, key(n))}))
}

// queries scans, and queries by a secondary index.
func queries(client *as.Client) {
	task, err := client.CreateIndex(nil, namespace, set, "v8-i", "i", as.NUMERIC)
	must(err)
	must(<-task.OnComplete())
	count := func(f *as.Filter) (n int) {
		statement := as.NewStatement(namespace, set)
		if f != nil {
			must(statement.SetFilter(f))
		}
		rs, err := client.Query(nil, statement)
		must(err)
		for r := range rs.Results() {
			must(r.Err)
			n++
		}
		return n
	}
	same("scan", 100, count(nil))
	same("query", 11, count(as.NewRangeFilter("i", 20, 30)))
}

func same(what string, want, got any) {
	if !reflect.DeepEqual(want, got) {
		stop(fmt.Sprintf("%s: %v, want %v", what, got, want))
	}
}

func refused(what string, want types.ResultCode, err as.Error) {
	if err == nil || !err.Matches(want) {
		stop(fmt.Sprintf("%s: %v, want %d", what, err, want))
	}
}

func must(err error) {
	if err != nil && !reflect.ValueOf(err).IsNil() {
		stop(err)
	}
}

func stop(why any) {
	fmt.Fprintln(os.Stderr, "v8:", why)
	os.Exit(1)
}
