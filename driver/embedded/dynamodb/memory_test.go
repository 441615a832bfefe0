package dynamodb

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"crossover/driver/clock"
)

// resident returns how much memory this process holds, in bytes, as Linux says; 0 elsewhere.
func resident() float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	n, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		return 0
	}
	return float64(n) * 1024
}

// BenchmarkMemory loads items over the API and says what the process then holds: a million of
// 1 KB, and twenty million of 100 B. Run each with -benchtime=1x, in a process of its own.
func BenchmarkMemory(b *testing.B) {
	for _, c := range []struct{ items, bytes int }{{1_000_000, 1024}, {20_000_000, 100}} {
		b.Run(fmt.Sprintf("items=%d/bytes=%d", c.items, c.bytes), func(b *testing.B) {
			for b.Loop() {
				release := Frugal()
				virtual := clock.NewVirtual(start)
				h := &host{t: b, clock: virtual}
				var err error
				if h.server, err = New(Options{Clock: virtual}); err != nil {
					b.Fatal(err)
				}
				h.newTable(false)
				for i := range c.items / maxBatchWrite {
					virtual.Advance(time.Second)
					h.load(i*maxBatchWrite, c.bytes)
				}
				b.ReportMetric(resident(), "RSS-bytes")
				b.ReportMetric(resident()/float64(c.items), "RSS-bytes/item")
				b.ReportMetric(float64(h.server.tables["Table"].store.Items()), "items")
				release()
			}
		})
	}
}

// load writes a batch of items; it looks at nothing else, which would take longer than the load.
func (h *host) load(from, bytes int) {
	var body strings.Builder
	body.WriteString(`{"RequestItems":{"Table":[`)
	for i := range maxBatchWrite {
		if i > 0 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `{"PutRequest":{"Item":%s}}`, sized(fmt.Sprintf("user%010d", from+i), bytes))
	}
	body.WriteString(`]}}`)
	x := h.server.begin()
	defer h.server.end(x)
	if code := h.server.serve(h.t.Context(), &x.call, []byte(targetPrefix+"BatchWriteItem"), []byte(body.String())); code != http.StatusOK {
		h.t.Fatalf("%d %s", code, x.call.out)
	}
}
