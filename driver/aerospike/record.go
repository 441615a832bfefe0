package aerospike

import (
	"unsafe"

	as "github.com/aerospike/aerospike-client-go/v7"
	"github.com/aerospike/aerospike-client-go/v7/pkg/ripemd160"

	"crossover/workload"
)

// particleString is the type byte of a string, in keys and bins (server source
// as/include/base/proto.h, AS_PARTICLE_TYPE_STRING).
const particleString = 3

// keySeparator stands between the partition key and the sort key in a record's user key.
const keySeparator = '|'

// A record is the key and the bins of one item, in storage that is used over and over. The
// library copies both into its send buffer before a call returns, so that nothing refers to
// the storage between calls.
type record struct {
	sc     *workload.Scenario
	set    []byte
	key    *as.Key
	hash   ripemd160.Digest
	digest [20]byte

	pk, sk, version, text []byte
	values                []as.StringValue // what bins point to
	bins                  []*as.Bin        // pk, sk, ver, a00, a01, …
	body                  int              // index of the first body attribute
	names                 uint64           // bytes of all bins' names
	bytes                 uint64           // bytes of the item, names and values
	typed                 *typed           // the body's bins where attributes have types
}

func newRecord(sc *workload.Scenario, namespace, set string) *record {
	r := &record{sc: sc, set: []byte(set)}
	names := []string{workload.AttrPartition}
	if sc.HasSort() {
		names = append(names, workload.AttrSort)
	}
	names = append(names, workload.AttrVersion)
	r.body = len(names)
	t := sc.Values()
	for i := range sc.Dataset.Attributes {
		if t == nil {
			names = append(names, workload.AttrBody(i))
		}
	}
	r.values = make([]as.StringValue, len(names))
	for i, name := range names {
		// A pointer to the value is a Value too, and putting it into the interface allocates
		// nothing, however often the string behind it changes.
		r.bins = append(r.bins, &as.Bin{Name: name, Value: &r.values[i]})
		r.names += uint64(len(name))
	}
	if t != nil {
		r.typed = newTyped(t)
		for _, b := range r.typed.bins {
			r.bins = append(r.bins, b)
			r.names += uint64(len(b.Name))
		}
	}
	// The error is of a digest that is not 20 bytes long.
	r.key, _ = as.NewKeyWithDigest(namespace, set, nil, r.digest[:])
	return r
}

// address makes the record that of an item.
func (r *record) address(partition, sort uint64) {
	r.pk = r.sc.AppendPartitionKey(r.pk[:0], partition)
	r.text = append(r.text[:0], r.pk...)
	if r.sc.HasSort() {
		r.sk = r.sc.AppendSortKey(r.sk[:0], sort)
		r.text = append(append(r.text, keySeparator), r.sk...)
	}
	r.setKey(r.text)
}

// setKey computes the digest of a string key as the library does (key.go, computeDigest):
// RIPEMD-160 over the set's name, the key's type and its bytes. The library's own SetValue
// would allocate.
func (r *record) setKey(text []byte) {
	r.hash.Reset()
	r.hash.Write(r.set)
	r.hash.Write(stringType[:])
	r.hash.Write(text)
	r.hash.Sum(r.digest[:])
	_ = r.key.SetDigest(r.digest[:]) // fails for a length other than 20
}

var stringType = [1]byte{particleString}

// fill sets the bins to those of an item's version; address comes first. body must stay as
// it is until the call that sends the record has returned.
func (r *record) fill(version uint64, body []byte) {
	r.version = workload.AppendVersion(r.version[:0], version)
	r.values[0] = view(r.pk)
	if r.sc.HasSort() {
		r.values[1] = view(r.sk)
	}
	r.values[r.body-1] = view(r.version)
	r.bytes = r.names
	if r.typed != nil {
		r.typed.fill(body)
		r.bytes += uint64(r.typed.bytes())
	}
	for i := range r.values[r.body:] {
		from, to := r.sc.SplitBody(len(body), i)
		r.values[r.body+i] = view(body[from:to])
	}
	for _, v := range r.values {
		r.bytes += uint64(len(v))
	}
}

// view returns b as a string that shares its storage: a copy of each body would be the
// generator's largest allocation.
func view(b []byte) as.StringValue {
	return as.StringValue(unsafe.String(unsafe.SliceData(b), len(b)))
}

// itemBytes returns the bytes of a received item, names and values.
func itemBytes(bins as.BinMap) uint64 {
	n := 0
	for name, value := range bins {
		n += len(name) + valueBytes(value)
	}
	return uint64(n)
}
