package dynamodb

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A modelKey is a partition key and a sort key.
type modelKey struct {
	id string
	at int
}

// A model is a table as a plain map, and the server that has to agree with it.
type model struct {
	*host
	items map[modelKey]int
}

func (m *model) body(k modelKey) string {
	return fmt.Sprintf(`{"id":{"S":"%s"},"at":{"N":"%d"}}`, k.id, k.at)
}

type itemJSON struct {
	ID struct{ S string } `json:"id"`
	At struct{ N string } `json:"at"`
	V  struct{ N string } `json:"v"`
}

func (i itemJSON) entry(t *rapid.T) (modelKey, int) {
	at, errAt := strconv.Atoi(i.At.N)
	v, errV := strconv.Atoi(i.V.N)
	if errAt != nil || errV != nil {
		t.Fatalf("%+v: %v, %v", i, errAt, errV)
	}
	return modelKey{i.ID.S, at}, v
}

func drawKey(t *rapid.T) modelKey {
	return modelKey{rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "id"), rapid.IntRange(-6, 12).Draw(t, "at")}
}

// put, with or without the condition that nothing is there.
func (m *model) put(t *rapid.T) {
	k, v := drawKey(t), rapid.IntRange(0, 9).Draw(t, "v")
	_, there := m.items[k]
	condition, fails := "", false
	if rapid.Bool().Draw(t, "conditional") {
		condition, fails = `,"ConditionExpression":"attribute_not_exists(id)"`, there
	}
	code, text := m.do("PutItem", fmt.Sprintf(`{"TableName":"Table","Item":{"id":{"S":"%s"},"at":{"N":"%d"},"v":{"N":"%d"}}%s}`, k.id, k.at, v, condition))
	if (code != http.StatusOK) != fails {
		t.Fatalf("put of %v: %d %s, there: %v", k, code, text, there)
	}
	if !fails {
		m.items[k] = v
	}
}

func (m *model) get(t *rapid.T) {
	k := drawKey(t)
	var answer struct{ Item *itemJSON }
	m.must("GetItem", `{"TableName":"Table","Key":`+m.body(k)+`}`, &answer)
	want, there := m.items[k]
	if (answer.Item != nil) != there {
		t.Fatalf("get of %v: %+v, there: %v", k, answer.Item, there)
	}
	if there {
		if _, got := answer.Item.entry(t); got != want {
			t.Fatalf("get of %v: %d, want %d", k, got, want)
		}
	}
}

// add counts an attribute up, which makes the item when it is not there.
func (m *model) add(t *rapid.T) {
	k, n := drawKey(t), rapid.IntRange(-5, 5).Draw(t, "n")
	var answer struct{ Attributes itemJSON }
	m.must("UpdateItem", fmt.Sprintf(`{"TableName":"Table","Key":%s,"UpdateExpression":"ADD v :n","ExpressionAttributeValues":{":n":{"N":"%d"}},"ReturnValues":"ALL_NEW"}`, m.body(k), n), &answer)
	m.items[k] += n
	if _, got := answer.Attributes.entry(t); got != m.items[k] {
		t.Fatalf("add to %v: %d, want %d", k, got, m.items[k])
	}
}

func (m *model) remove(t *rapid.T) {
	k := drawKey(t)
	var answer struct{ Attributes *itemJSON }
	m.must("DeleteItem", `{"TableName":"Table","Key":`+m.body(k)+`,"ReturnValues":"ALL_OLD"}`, &answer)
	if _, there := m.items[k]; (answer.Attributes != nil) != there {
		t.Fatalf("delete of %v: %+v, there: %v", k, answer.Attributes, there)
	}
	delete(m.items, k)
}

// query reads a range of one partition key, in pages, in one of the two directions.
func (m *model) query(t *rapid.T) {
	k, high := drawKey(t), rapid.IntRange(-6, 12).Draw(t, "high")
	op := rapid.SampledFrom([]string{"", "=", "<", "<=", ">", ">=", "BETWEEN"}).Draw(t, "op")
	forward, limit := rapid.Bool().Draw(t, "forward"), rapid.IntRange(1, 7).Draw(t, "limit")
	if op == "BETWEEN" && high < k.at {
		high = k.at
	}
	condition, values := "id = :id", fmt.Sprintf(`":id":{"S":"%s"}`, k.id)
	switch op {
	case "":
	case "BETWEEN":
		condition, values = condition+" AND #at BETWEEN :a AND :b", values+fmt.Sprintf(`,":a":{"N":"%d"},":b":{"N":"%d"}`, k.at, high)
	default:
		condition, values = condition+" AND #at "+op+" :a", values+fmt.Sprintf(`,":a":{"N":"%d"}`, k.at)
	}
	names := ""
	if op != "" {
		names = `,"ExpressionAttributeNames":{"#at":"at"}`
	}
	got := m.pages(t, "Query", fmt.Sprintf(`"KeyConditionExpression":"%s","ExpressionAttributeValues":{%s}%s,"ScanIndexForward":%v,"Limit":%d`, condition, values, names, forward, limit))
	var want []modelKey
	for x := range m.items {
		in := map[string]bool{
			"": true, "=": x.at == k.at, "<": x.at < k.at, "<=": x.at <= k.at, ">": x.at > k.at, ">=": x.at >= k.at, "BETWEEN": k.at <= x.at && x.at <= high,
		}[op]
		if x.id == k.id && in {
			want = append(want, x)
		}
	}
	slices.SortFunc(want, func(a, b modelKey) int {
		if !forward {
			a, b = b, a
		}
		return cmp.Compare(a.at, b.at)
	})
	if !slices.Equal(got, want) {
		t.Fatalf("query %s %v to %d, forward %v: %v, want %v", op, k, high, forward, got, want)
	}
}

// scan reads everything, in one to five segments, in pages, with a filter.
func (m *model) scan(t *rapid.T) {
	total, limit, least := rapid.IntRange(1, 5).Draw(t, "segments"), rapid.IntRange(1, 9).Draw(t, "limit"), rapid.IntRange(-5, 9).Draw(t, "least")
	var got []modelKey
	for segment := range total {
		got = append(got, m.pages(t, "Scan", fmt.Sprintf(`"Segment":%d,"TotalSegments":%d,"Limit":%d,"FilterExpression":"v >= :v","ExpressionAttributeValues":{":v":{"N":"%d"}}`, segment, total, limit, least))...)
	}
	var want []modelKey
	for k, v := range m.items {
		if v >= least {
			want = append(want, k)
		}
	}
	order := func(a, b modelKey) int { return cmp.Or(strings.Compare(a.id, b.id), cmp.Compare(a.at, b.at)) }
	slices.SortFunc(got, order)
	slices.SortFunc(want, order)
	if !slices.Equal(got, want) {
		t.Fatalf("scan in %d segments: %v, want %v", total, got, want)
	}
}

// pages reads a query or scan to its end.
func (m *model) pages(t *rapid.T, operation, members string) (out []modelKey) {
	start := ""
	for range 200 {
		var page struct {
			Items               []itemJSON
			Count, ScannedCount int
			LastEvaluatedKey    json.RawMessage
		}
		m.clock.Advance(time.Second)
		m.must(operation, `{"TableName":"Table",`+members+start+`}`, &page)
		if page.Count != len(page.Items) || page.ScannedCount < page.Count {
			t.Fatalf("%d items counted as %d of %d", len(page.Items), page.Count, page.ScannedCount)
		}
		for _, i := range page.Items {
			k, v := i.entry(t)
			if v != m.items[k] {
				t.Fatalf("%v holds %d, want %d", k, v, m.items[k])
			}
			out = append(out, k)
		}
		if page.LastEvaluatedKey == nil {
			return out
		}
		start = `,"ExclusiveStartKey":` + string(page.LastEvaluatedKey)
	}
	t.Fatalf("%s %s does not end", operation, members)
	return nil
}

// TestAgainstMap sends random requests and compares each answer with a plain map.
func TestAgainstMap(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &model{host: newHost(t, Options{}), items: map[modelKey]int{}}
		m.newTable(true)
		rt.Repeat(map[string]func(*rapid.T){
			"put": m.put, "get": m.get, "add": m.add, "remove": m.remove, "query": m.query, "scan": m.scan,
			"": func(rt *rapid.T) {
				m.clock.Advance(time.Second)
				size := 0
				for k, v := range m.items {
					size += 2 + len(k.id) + 2 + 1 + len(itemNumber(k.at)) + len(itemNumber(v))
				}
				c := m.server.status("Table", 0).Counters
				if c["ItemCount"] != float64(len(m.items)) || c["TableSizeBytes"] != float64(size) {
					rt.Fatalf("%v items of %v bytes, want %d of %d: %v", c["ItemCount"], c["TableSizeBytes"], len(m.items), size, slices.Collect(maps.Keys(m.items)))
				}
			},
		})
	})
}

// itemNumber is as long as a number counts in an item's size.
func itemNumber(n int) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	digits := strings.TrimRight(strconv.Itoa(n), "0")
	return sign + strings.Repeat("x", (len(digits)+1)/2+1)
}
