package dynamodb

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"crossover/costmodel/partition"
)

// split drives one partition key of a table beyond its partition's limit for so long, and
// returns how many writes were taken in the last second.
func (h *host) split(length time.Duration, item func(i int) string) (taken int) {
	h.t.Helper()
	for s := range int(length / time.Second) {
		taken = 0
		for i := range 60 { // of 50 units each
			body := fmt.Sprintf(`{"TableName":"Table","Item":{"id":{"S":"hot"},"at":{"N":"%s"},"b":{"S":"%s"}}}`, item(60*s+i), strings.Repeat("x", 50*1024-20))
			if code, _ := h.do("PutItem", body); code == http.StatusOK {
				taken++
			}
		}
		h.clock.Advance(time.Second)
	}
	return taken
}

// A hot partition key's items are divided over two partitions, and serve twice as much; not so
// those that follow an ever-increasing sort key. An assumption can be set.
func TestSplitForHeat(t *testing.T) {
	scattered := func(i int) string { return fmt.Sprint(uint64(i) * 7919 % 100) }
	for _, c := range []struct {
		name string
		item func(int) string
		want int
	}{
		{"any order", scattered, 40},
		{"an ever-increasing sort key", func(i int) string { return fmt.Sprint(i) }, 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t, Options{Assumptions: partition.Assumptions{SplitAfter: 20 * time.Second}})
			h.newTable(true)
			if got := h.split(10*time.Second, c.item); got < 19 || got > 21 {
				t.Errorf("%d writes of 50 units in a second before the split, want 20", got)
			}
			if got := h.split(28*time.Second, c.item); got < c.want-1 || got > c.want+1 {
				t.Errorf("%d writes of 50 units in a second, want %d", got, c.want)
			}
			events := h.server.status("Table", 0).Events
			split := slices.ContainsFunc(events, func(e event) bool {
				return e.Name == "split" && strings.Contains(e.Detail, "for heat; now 5 partitions")
			})
			if split != (c.want == 40) {
				t.Errorf("events %+v", events)
			}
		})
	}
}

// Quotas refuse a provisioned throughput, and throttle an on-demand table together with its
// index.
func TestQuotas(t *testing.T) {
	h := newHost(t, Options{Quotas: Quotas{TableRead: 100, TableWrite: 50, AccountRead: 150, AccountWrite: 1000}})
	create := `{"TableName":"%s","AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],"KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],"ProvisionedThroughput":{"ReadCapacityUnits":%d,"WriteCapacityUnits":10}}`
	refused := func(operation, body string) {
		t.Helper()
		if code, text := h.do(operation, body); code != http.StatusBadRequest || !strings.Contains(text, "LimitExceededException") {
			t.Errorf("%s %s: %d %s", operation, body, code, text)
		}
	}
	refused("CreateTable", fmt.Sprintf(create, "one", 101))
	h.must("CreateTable", fmt.Sprintf(create, "one", 100), nil)
	refused("CreateTable", fmt.Sprintf(create, "two", 51))
	h.must("CreateTable", fmt.Sprintf(create, "two", 50), nil)
	refused("UpdateTable", `{"TableName":"two","ProvisionedThroughput":{"ReadCapacityUnits":51,"WriteCapacityUnits":10}}`)

	h.newTable(false)
	throttled := ""
	for i := range 60 {
		code, text := h.do("PutItem", fmt.Sprintf(`{"TableName":"Table","Item":{"id":{"S":"%d"}}}`, i))
		if code != http.StatusOK && throttled == "" {
			throttled = fmt.Sprint(i, " ", text)
		}
	}
	if !strings.HasPrefix(throttled, "50 ") || !strings.Contains(throttled, "RequestLimitExceeded") || !strings.Contains(throttled, "TableWriteAccountLimitExceeded") {
		t.Errorf("throttled at %s", throttled)
	}
}
