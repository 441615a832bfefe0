package dynamodb

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const indexedTable = `{"TableName":"Table","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"},{"AttributeName":"at","AttributeType":"N"},{"AttributeName":"g","AttributeType":"S"},{"AttributeName":"n","AttributeType":"N"}],"KeySchema":[{"AttributeName":"id","KeyType":"HASH"},{"AttributeName":"at","KeyType":"RANGE"}],` +
	`"GlobalSecondaryIndexes":[{"IndexName":"g-n","KeySchema":[{"AttributeName":"g","KeyType":"HASH"},{"AttributeName":"n","KeyType":"RANGE"}],"Projection":{"ProjectionType":"ALL"}},{"IndexName":"by-g","KeySchema":[{"AttributeName":"g","KeyType":"HASH"}],"Projection":{"ProjectionType":"KEYS_ONLY"}}],` +
	`"LocalSecondaryIndexes":[{"IndexName":"id-n","KeySchema":[{"AttributeName":"id","KeyType":"HASH"},{"AttributeName":"n","KeyType":"RANGE"}],"Projection":{"ProjectionType":"INCLUDE","NonKeyAttributes":["v"]}}]}`

// An indexed is an item of the model: g and v may be missing (""), and n, too (none).
type indexed struct {
	id   string
	at   int
	g, v string
	n    int
}

const none = 1 << 30

func (x indexed) key() string { return fmt.Sprintf(`{"id":{"S":"%s"},"at":{"N":"%d"}}`, x.id, x.at) }

func (x indexed) json() string {
	s := fmt.Sprintf(`{"id":{"S":"%s"},"at":{"N":"%d"},"w":{"S":"x"}`, x.id, x.at)
	if x.g != "" {
		s += fmt.Sprintf(`,"g":{"S":"%s"}`, x.g)
	}
	if x.v != "" {
		s += fmt.Sprintf(`,"v":{"S":"%s"}`, x.v)
	}
	if x.n != none {
		s += fmt.Sprintf(`,"n":{"N":"%d"}`, x.n)
	}
	return s + "}"
}

// entry returns what an index shows of the item, "" for nothing, and the entry's key.
func (x *indexed) entry(index string) (shows, key string) {
	if x == nil {
		return "", ""
	}
	switch {
	case index == "g-n" && x.g != "" && x.n != none:
		return x.json(), fmt.Sprint(x.g, " ", x.n)
	case index == "by-g" && x.g != "":
		return "keys", x.g
	case index == "id-n" && x.n != none:
		return "v" + x.v, fmt.Sprint(x.n)
	}
	return "", ""
}

// indexUnits is what a change costs an index, for entries of up to 1 KB: the table of the
// Developer Guide's "Provisioned throughput considerations".
func indexUnits(index string, old, after *indexed) float64 {
	was, wasAt := old.entry(index)
	is, isAt := after.entry(index)
	switch {
	case was == is && wasAt == isAt:
		return 0
	case was != "" && is != "" && wasAt != isAt:
		return 2
	}
	return 1
}

type indexModel struct {
	*host
	items map[string]*indexed
}

func drawIndexed(t *rapid.T) *indexed {
	return &indexed{
		id: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "id"), at: rapid.IntRange(0, 4).Draw(t, "at"),
		g: rapid.SampledFrom([]string{"", "g", "g\u0000", "gg"}).Draw(t, "g"), v: rapid.SampledFrom([]string{"", "v"}).Draw(t, "v"),
		n: rapid.SampledFrom([]int{none, -10, -1, 0, 1, 10, 11}).Draw(t, "n"),
	}
}

type indexedAnswer struct {
	ConsumedCapacity struct {
		CapacityUnits          float64
		Table                  struct{ CapacityUnits float64 }
		GlobalSecondaryIndexes map[string]struct{ CapacityUnits float64 }
		LocalSecondaryIndexes  map[string]struct{ CapacityUnits float64 }
	}
}

// write sends a write and compares its units, index by index.
func (m *indexModel) write(t *rapid.T, operation, members string, x, after *indexed) {
	var a indexedAnswer
	m.must(operation, `{"TableName":"Table","ReturnConsumedCapacity":"INDEXES",`+members+`}`, &a)
	sum := 1.0
	for _, index := range []string{"g-n", "by-g", "id-n"} {
		want := indexUnits(index, m.items[x.key()], after)
		got := a.ConsumedCapacity.GlobalSecondaryIndexes[index].CapacityUnits + a.ConsumedCapacity.LocalSecondaryIndexes[index].CapacityUnits
		if got != want {
			t.Fatalf("%s %s: index %s consumed %v units, want %v", operation, members, index, got, want)
		}
		sum += want
	}
	if a.ConsumedCapacity.Table.CapacityUnits != 1 || a.ConsumedCapacity.CapacityUnits != sum {
		t.Fatalf("%s %s: %+v, want 1 and %v units", operation, members, a, sum)
	}
	if after == nil {
		delete(m.items, x.key())
	} else {
		m.items[x.key()] = after
	}
}

func (m *indexModel) put(t *rapid.T) {
	x := drawIndexed(t)
	m.write(t, "PutItem", `"Item":`+strings.ReplaceAll(x.json(), "\x00", `\u0000`), x, x)
}

func (m *indexModel) remove(t *rapid.T) {
	x := drawIndexed(t)
	m.write(t, "DeleteItem", `"Key":`+x.key(), x, nil)
}

// set changes n alone, or takes it away.
func (m *indexModel) set(t *rapid.T) {
	x := drawIndexed(t)
	old := m.items[x.key()]
	if old == nil {
		return
	}
	after := *old
	after.n = x.n
	members := `"Key":` + x.key() + `,"UpdateExpression":"REMOVE n"`
	if x.n != none {
		members = fmt.Sprintf(`"Key":%s,"UpdateExpression":"SET n = :n","ExpressionAttributeValues":{":n":{"N":"%d"}}`, x.key(), x.n)
	}
	m.write(t, "UpdateItem", members, x, &after)
}

// query reads one partition key of an index in pages, in both directions, and a scan all of it.
func (m *indexModel) query(t *rapid.T) {
	index := rapid.SampledFrom([]string{"g-n", "by-g", "id-n"}).Draw(t, "index")
	probe := drawIndexed(t)
	attribute, value, sort := "g", cmp.Or(probe.g, "g"), ""
	if index == "id-n" {
		attribute, value = "id", probe.id
	}
	op := ""
	if index != "by-g" && probe.n != none {
		op = rapid.SampledFrom([]string{"", "=", "<", "<=", ">", ">="}).Draw(t, "op")
	}
	values := fmt.Sprintf(`":p":{"S":"%s"}`, strings.ReplaceAll(value, "\x00", `\u0000`))
	if op != "" {
		sort = " AND n " + op + " :n"
		values += fmt.Sprintf(`,":n":{"N":"%d"}`, probe.n)
	}
	var want []*indexed
	for _, x := range m.items {
		shows, _ := x.entry(index)
		in := map[string]bool{"": true, "=": x.n == probe.n, "<": x.n < probe.n, "<=": x.n <= probe.n, ">": x.n > probe.n, ">=": x.n >= probe.n}[op]
		if shows != "" && in && (attribute == "g" && x.g == value || attribute == "id" && x.id == value) {
			want = append(want, x)
		}
	}
	forward, limit := rapid.Bool().Draw(t, "forward"), rapid.IntRange(1, 4).Draw(t, "limit")
	got := m.read(t, "Query", fmt.Sprintf(`"IndexName":"%s","KeyConditionExpression":"%s = :p%s","ExpressionAttributeValues":{%s},"ScanIndexForward":%v,"Limit":%d`, index, attribute, sort, values, forward, limit))
	if index != "by-g" {
		inOrder := slices.IsSortedFunc(got, func(a, b *indexed) int {
			if !forward {
				a, b = b, a
			}
			return cmp.Compare(a.n, b.n)
		})
		if !inOrder {
			t.Fatalf("query of %s %s, forward %v: not in order", index, sort, forward)
		}
	}
	m.same(t, index, got, want)
	var all []*indexed
	for _, x := range m.items {
		if shows, _ := x.entry(index); shows != "" {
			all = append(all, x)
		}
	}
	m.same(t, index, m.read(t, "Scan", fmt.Sprintf(`"IndexName":"%s","Limit":%d`, index, limit)), all)
}

// read reads pages to the end and returns the model's items for what came.
func (m *indexModel) read(t *rapid.T, operation, members string) (out []*indexed) {
	start := ""
	for range 100 {
		var page struct {
			Items []struct {
				ID struct{ S string } `json:"id"`
				At struct{ N string } `json:"at"`
			}
			LastEvaluatedKey json.RawMessage
		}
		m.must(operation, `{"TableName":"Table",`+members+start+`}`, &page)
		for _, i := range page.Items {
			x := m.items[fmt.Sprintf(`{"id":{"S":"%s"},"at":{"N":"%s"}}`, i.ID.S, i.At.N)]
			if x == nil {
				t.Fatalf("%s shows %v, which is not there", members, i)
			}
			out = append(out, x)
		}
		if page.LastEvaluatedKey == nil {
			return out
		}
		start = `,"ExclusiveStartKey":` + string(page.LastEvaluatedKey)
	}
	t.Fatalf("%s does not end", members)
	return nil
}

func (m *indexModel) same(t *rapid.T, index string, got, want []*indexed) {
	order := func(a, b *indexed) int { return strings.Compare(a.key(), b.key()) }
	got, want = slices.Clone(got), slices.Clone(want)
	slices.SortFunc(got, order)
	slices.SortFunc(want, order)
	if !slices.Equal(got, want) {
		t.Fatalf("%s: %d entries, want %d", index, len(got), len(want))
	}
}

// TestIndexesAgainstMap: what indexes show and what they cost, against a plain map, after
// random writes; a sparse index, several entries with one sort key, keys with zero bytes.
func TestIndexesAgainstMap(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &indexModel{host: newHost(t, Options{}), items: map[string]*indexed{}}
		m.must("CreateTable", indexedTable, nil)
		rt.Repeat(map[string]func(*rapid.T){
			"put": m.put, "remove": m.remove, "set": m.set, "query": m.query,
			"": func(rt *rapid.T) {
				m.clock.Advance(time.Second)
				beside, size := m.server.tables["Table"].aside.Load(), int64(0)
				for _, x := range beside.indexes {
					if x.local {
						size += x.store.Bytes()
					}
				}
				size += m.server.tables["Table"].store.Bytes()
				counted := int64(0)
				for _, n := range beside.collections.bytes {
					counted += n
				}
				if counted != size {
					rt.Fatalf("collections count %d bytes, want %d", counted, size)
				}
			},
		})
	})
}

// TestCollectionLimit: a collection at its limit takes no more, can shrink, and grows again.
func TestCollectionLimit(t *testing.T) {
	h := newHost(t, Options{})
	h.server.collectionLimit = 400
	h.must("CreateTable", indexedTable, nil)
	put := func(id string, at, bytes int) string {
		t.Helper()
		code, text := h.do("PutItem", fmt.Sprintf(`{"TableName":"Table","Item":{"id":{"S":"%s"},"at":{"N":"%d"},"n":{"N":"1"},"b":{"S":"%s"}}}`, id, at, strings.Repeat("x", bytes)))
		if code == http.StatusOK {
			return ""
		}
		return text
	}
	const full = `{"__type":"com.amazonaws.dynamodb.v20120810#ItemCollectionSizeLimitExceededException","message":"Collection size exceeded."}`
	for _, step := range []struct {
		id        string
		at, bytes int
		want      string
	}{
		// An item has 11 bytes besides b, its entry in the local index 10.
		{"a", 1, 200, ""},
		{"a", 2, 200, full},
		{"b", 2, 200, ""}, // another collection
		{"a", 2, 100, ""},
		{"a", 1, 300, full},
		{"a", 1, 10, ""},
		{"a", 3, 200, ""},
	} {
		if got := put(step.id, step.at, step.bytes); got != step.want {
			t.Errorf("%+v: %s", step, got)
		}
	}
}
