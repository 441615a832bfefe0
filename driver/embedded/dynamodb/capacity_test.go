package dynamodb

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// newTable makes an on-demand table, Table, with the key attributes id and, if sort is set, at.
func (h *host) newTable(sort bool) {
	h.t.Helper()
	const format = `{"TableName":"Table","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}%s],"KeySchema":[{"AttributeName":"id","KeyType":"HASH"}%s]}`
	if sort {
		h.must("CreateTable", fmt.Sprintf(format, `,{"AttributeName":"at","AttributeType":"N"}`, `,{"AttributeName":"at","KeyType":"RANGE"}`), nil)
		return
	}
	h.must("CreateTable", fmt.Sprintf(format, "", ""), nil)
}

// sized returns an item of so many bytes with the key id; its names count three of them.
func sized(id string, bytes int) string {
	return fmt.Sprintf(`{"id":{"S":"%s"},"b":{"S":"%s"}}`, id, strings.Repeat("x", bytes-3-len(id)))
}

// units returns the units that an operation on Table says it consumed.
func (h *host) units(operation, members string) float64 {
	h.t.Helper()
	var one struct{ ConsumedCapacity json.RawMessage }
	h.must(operation, `{"TableName":"Table","ReturnConsumedCapacity":"TOTAL",`+members+`}`, &one)
	type capacity struct{ CapacityUnits float64 }
	var c capacity
	if json.Unmarshal(one.ConsumedCapacity, &c) == nil {
		return c.CapacityUnits
	}
	var list []capacity
	if err := json.Unmarshal(one.ConsumedCapacity, &list); err != nil || len(list) != 1 {
		h.t.Fatalf("%s consumed %s", operation, one.ConsumedCapacity)
	}
	return list[0].CapacityUnits
}

// consumedWrites returns the table's own counter of write units.
func (h *host) consumedWrites() float64 {
	return h.server.status("Table", 0).Counters["ConsumedWriteCapacityUnits"]
}

// TestUnits holds what requests consume to the worked examples of AWS's documents, and to
// their rules at the edges of a block.
func TestUnits(t *testing.T) {
	h := newHost(t, Options{})
	h.newTable(false)
	put := func(id string, bytes int) float64 { return h.units("PutItem", `"Item":`+sized(id, bytes)) }
	get := func(id, more string) float64 {
		return h.units("GetItem", fmt.Sprintf(`"Key":{"id":{"S":"%s"}}%s`, id, more))
	}
	const strong = `,"ConsistentRead":true`
	for _, c := range []struct {
		name string
		got  float64
		want float64
	}{
		{"write of 1 KB", put("a", 1024), 1},
		{"write of 1 KB and a byte", put("b", 1025), 2},
		{"write of 3 KB (AWS pricing page: 3)", put("c", 3*1024), 3},
		{"write over a larger item", put("c", 100), 3},
		{"write over a smaller item", put("c", 2048), 2},
		{"write of 8 KB", put("d", 8*1024), 8},
		{"strong read of 8 KB (AWS pricing page: 2)", get("d", strong), 2},
		{"eventual read of 8 KB (AWS pricing page: 1)", get("d", ""), 1},
		{"eventual read of 2 KB", get("c", ""), 0.5},
		{"projection does not make a read cheaper", get("d", `,"ProjectionExpression":"id"`), 1},
		{"eventual read of nothing", get("none", ""), 0.5},
		{"strong read of nothing", get("none", strong), 1},
		{"delete of 8 KB", h.units("DeleteItem", `"Key":{"id":{"S":"d"}}`), 8},
		{"delete of nothing", h.units("DeleteItem", `"Key":{"id":{"S":"d"}}`), 1},
		{"update that shrinks 2 KB", h.units("UpdateItem", `"Key":{"id":{"S":"c"}},"UpdateExpression":"SET b = :b","ExpressionAttributeValues":{":b":{"S":"x"}}`), 2},
		{"update that grows to 1,030 bytes", h.units("UpdateItem", `"Key":{"id":{"S":"c"}},"UpdateExpression":"SET b = :b","ExpressionAttributeValues":{":b":{"S":"`+strings.Repeat("x", 1026)+`"}}`), 2},
		{"write of the largest item", put("e", 400*1024), 400},
		{"read of the largest item", get("e", ""), 50},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v units, want %v", c.name, c.got, c.want)
		}
	}
	if code, text := h.do("PutItem", `{"TableName":"Table","Item":`+sized("f", 400*1024+1)+`}`); code != http.StatusBadRequest || !strings.Contains(text, "Item size has exceeded the maximum allowed size") {
		t.Errorf("an item of 400 KB and a byte: %d %s", code, text)
	}
	// Developer Guide, "DynamoDB read and write operations": 1.5 KB and 6.5 KB are 12 KB; 0.5 KB
	// and 3.5 KB are 5 units.
	put("g", 1536)
	put("h", 6656)
	if got := h.units("BatchGetItem", `"RequestItems":{"Table":{"Keys":[{"id":{"S":"g"}},{"id":{"S":"h"}}],"ConsistentRead":true}}`); got != 3 {
		t.Errorf("batch of 1.5 and 6.5 KB: %v units, want 3", got)
	}
	if got := h.units("BatchWriteItem", `"RequestItems":{"Table":[{"PutRequest":{"Item":`+sized("i", 500)+`}},{"PutRequest":{"Item":`+sized("j", 3584)+`}}]}`); got != 5 {
		t.Errorf("batch of 500 bytes and 3.5 KB: %v units, want 5", got)
	}
}

// TestUnitsOfFailedConditions: a write whose condition fails is charged by the larger of the
// item that is there and the one that was to be (Developer Guide, "Working with items").
func TestUnitsOfFailedConditions(t *testing.T) {
	h := newHost(t, Options{})
	h.newTable(false)
	h.must("PutItem", `{"TableName":"Table","Item":`+sized("a", 3*1024)+`}`, nil)
	for _, c := range []struct {
		name, operation, body string
		want                  float64
	}{
		{"put of less", "PutItem", `"Item":{"id":{"S":"a"}},"ConditionExpression":"attribute_not_exists(id)"`, 3},
		{"put of more", "PutItem", `"Item":` + sized("a", 5*1024) + `,"ConditionExpression":"attribute_not_exists(id)"`, 5},
		{"delete", "DeleteItem", `"Key":{"id":{"S":"a"}},"ConditionExpression":"attribute_not_exists(id)"`, 3},
		{"delete of nothing", "DeleteItem", `"Key":{"id":{"S":"z"}},"ConditionExpression":"attribute_exists(id)"`, 1},
		{"update", "UpdateItem", `"Key":{"id":{"S":"a"}},"UpdateExpression":"REMOVE b","ConditionExpression":"attribute_not_exists(id)"`, 3},
	} {
		before := h.consumedWrites()
		code, text := h.do(c.operation, `{"TableName":"Table",`+c.body+`}`)
		if code != http.StatusBadRequest || !strings.Contains(text, "#ConditionalCheckFailedException") {
			t.Errorf("%s: %d %s", c.name, code, text)
		}
		if got := h.consumedWrites() - before; got != c.want {
			t.Errorf("%s: %v units, want %v", c.name, got, c.want)
		}
	}
	if got := h.server.status("Table", 0).Counters["ConditionalCheckFailedRequests"]; got != 5 {
		t.Errorf("%v failed conditions counted, want 5", got)
	}
}

// TestUnitsOfPages: a page's items are added up and rounded once.
func TestUnitsOfPages(t *testing.T) {
	h := newHost(t, Options{})
	h.newTable(true)
	// Developer Guide: 1,500 items of 64 bytes are 96 KB, 24 units strongly consistent. An item is
	// id (2) + key (1) + at (2) + number + b (1) + text.
	for i := range 60 {
		var requests []string
		for j := range 25 {
			n := 10_000 + 25*i + j
			text := strings.Repeat("x", 64-(2+1+2+1)-numberBytes(n))
			requests = append(requests, fmt.Sprintf(`{"PutRequest":{"Item":{"id":{"S":"k"},"at":{"N":"%d"},"b":{"S":"%s"}}}}`, n, text))
		}
		h.clock.Advance(1e9) // the partition serves 1,000 writes a second
		h.must("BatchWriteItem", `{"RequestItems":{"Table":[`+strings.Join(requests, ",")+`]}}`, nil)
	}
	if got := h.server.status("Table", 0).Counters["TableSizeBytes"]; got != 96_000 {
		t.Fatalf("1,500 items of %v bytes, want 96,000", got)
	}
	const query = `"KeyConditionExpression":"id = :k","ExpressionAttributeValues":{":k":{"S":"k"}},"Select":"COUNT"`
	for _, c := range []struct {
		name string
		got  float64
		want float64
	}{
		{"strong query", h.units("Query", query+`,"ConsistentRead":true`), 24},
		{"eventual query", h.units("Query", query), 12},
		{"limited query", h.units("Query", query+`,"Limit":65`), 1},   // 4,160 bytes: two blocks, halved
		{"limited query", h.units("Query", query+`,"Limit":64`), 0.5}, // 4,096 bytes
		{"scan", h.units("Scan", `"Select":"COUNT"`), 12},
		{"filter does not make it cheaper", h.units("Scan", `"FilterExpression":"attribute_exists(nope)"`), 12},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v units, want %v", c.name, c.got, c.want)
		}
	}
}

// numberBytes is what an integer of up to six digits counts: a byte for two significant
// digits, and one.
func numberBytes(n int) int {
	text := strings.TrimRight(fmt.Sprint(n), "0")
	return (len(text)+1)/2 + 1
}

// TestPageOf1MB: a page ends with the item that takes it past 1 MB; an eventually consistent
// one was seen to cost 128.5 units.
func TestPageOf1MB(t *testing.T) {
	h := newHost(t, Options{})
	h.newTable(false)
	for i := range 1200 {
		if i%900 == 0 {
			h.clock.Advance(1e9)
		}
		h.must("PutItem", `{"TableName":"Table","Item":`+sized(fmt.Sprintf("k%04d", i), 1000)+`}`, nil)
	}
	var page struct {
		Count            int
		LastEvaluatedKey json.RawMessage
		ConsumedCapacity struct{ CapacityUnits float64 }
	}
	h.must("Scan", `{"TableName":"Table","Select":"COUNT","ReturnConsumedCapacity":"TOTAL"}`, &page)
	// 1,048 items are 1,048,000 bytes, below 1,048,576; the next takes the page past it, to 257 blocks.
	if page.Count != 1049 || page.ConsumedCapacity.CapacityUnits != 128.5 || page.LastEvaluatedKey == nil {
		t.Errorf("%+v, want 1,049 items and 128.5 units", page)
	}
	// The units went to the four partitions by the bytes that came from them.
	sum := 0.0
	for _, p := range h.server.status("Table", 0).Partitions {
		if p.ReadUnits == 0 {
			t.Errorf("partition %s served nothing of a page that crosses all four", p.ID)
		}
		sum += p.ReadUnits
	}
	if sum < 128.499 || sum > 128.501 {
		t.Errorf("the partitions served %v units, want 128.5", sum)
	}
}

// TestHotKey: items of 4 KiB cost 4 units, and one partition has 1,000 a second: of 300 writes
// at one moment 250 are served, and the rest is refused with the key range's reason.
func TestHotKey(t *testing.T) {
	h := newHost(t, Options{})
	h.newTable(false)
	served, refused := 0, 0
	for range 300 {
		code, text := h.do("PutItem", `{"TableName":"Table","Item":`+sized("a", 4096)+`}`)
		switch {
		case code == http.StatusOK:
			served++
		case strings.Contains(text, `"reason":"TableWriteKeyRangeThroughputExceeded"`):
			refused++
		}
	}
	if served != 250 || refused != 50 {
		t.Errorf("%d served and %d refused, want 250 and 50", served, refused)
	}
}
