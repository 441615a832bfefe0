package dynamodb

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crossover/workload/op"
)

const (
	small   = "{items: 20, size: 600B, attributes: 2}"
	readsOf = "  operations: {read: 100%}"
	writes  = "  operations: {update: 100%}"
	modify  = "  operations: {read_modify_write: 100%}\n  write: {condition: version}"
)

// An attempted is an attempt without its times.
type attempted struct {
	class  op.Class
	reason string
}

func attemptsOf(out *op.Outcome) (list []attempted) {
	for _, a := range out.Attempts {
		list = append(list, attempted{a.Class, a.Reason})
	}
	return list
}

const keyRange = "TableWriteKeyRangeThroughputExceeded"

// The SDK's own result shows one answer; the throttles before it are on record all the same.
func TestThrottleThenSuccess(t *testing.T) {
	f := start(t, scenario(t, small, writes), quick)
	f.onCall("PutItem", func(w http.ResponseWriter, _ *http.Request, n int) bool {
		if n == 1 {
			throttle(w, keyRange)
		}
		return n == 1
	})
	_, out := f.do(t, 0)
	if out.Class != op.OK || out.Err != nil || out.Reason != keyRange || out.Requests != 1 || out.WriteUnits != 1 {
		t.Errorf("outcome %+v", out)
	}
	if diff := cmp.Diff([]attempted{{op.Throttled, keyRange}, {op.OK, ""}}, attemptsOf(out), cmp.AllowUnexported(attempted{})); diff != "" {
		t.Error(diff)
	}
}

func TestRetriesEnd(t *testing.T) {
	for attempts := 1; attempts <= 4; attempts++ {
		f := start(t, scenario(t, small, writes), fmt.Sprintf("retries: {attempts: %d, base: 1us, throttle_base: 1us}", attempts))
		f.onCall("PutItem", func(w http.ResponseWriter, _ *http.Request, _ int) bool {
			throttle(w, keyRange)
			return true
		})
		_, out := f.do(t, 0)
		if out.Class != op.Throttled || out.Reason != keyRange || len(out.Attempts) != attempts || out.Requests != 1 || out.Items != 0 {
			t.Errorf("attempts: %d: class %v, reason %q, %d attempts, %d requests", attempts, out.Class, out.Reason, len(out.Attempts), out.Requests)
		}
		if out.Err == nil || !strings.Contains(out.Err.Error(), "ProvisionedThroughputExceededException") {
			t.Errorf("attempts: %d: error %v", attempts, out.Err)
		}
	}
}

// The quota's 500 tokens pay for 100 retries after throttles; then operations are not retried.
func TestQuotaEndsRetries(t *testing.T) {
	const ops = 60
	for _, c := range []struct {
		settings string
		attempts int
	}{
		{"retries: {attempts: 3, base: 1us, throttle_base: 1us}", ops + 100},
		{"retries: {attempts: 3, base: 1us, throttle_base: 1us}, client: lean", ops + 100},
		{"retries: {attempts: 3, base: 1us, throttle_base: 1us, quota: false}", 3 * ops},
		{"retries: {attempts: 3, base: 1us, throttle_base: 1us, quota: false}, client: lean", 3 * ops},
	} {
		f := start(t, scenario(t, small, writes), c.settings)
		f.onCall("PutItem", func(w http.ResponseWriter, _ *http.Request, _ int) bool {
			throttle(w, keyRange)
			return true
		})
		total := 0
		for i := range uint64(ops) {
			_, out := f.do(t, i) // each on a session of its own: the quota is shared
			total += len(out.Attempts)
			if out.Class != op.Throttled {
				t.Errorf("operation %d is %v", i, out.Class)
			}
		}
		if total != c.attempts {
			t.Errorf("%s: %d attempts of %d operations, expected %d", c.settings, total, ops, c.attempts)
		}
	}
}

// abort resets the connection instead of answering.
func abort(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	if err := conn.(*net.TCPConn).SetLinger(0); err != nil {
		panic(err)
	}
	conn.Close()
}

func TestClasses(t *testing.T) {
	reasons := func(member string) string {
		return fmt.Sprintf(`,"%s":[{"reason":"%s","resource":"arn:x"}]`, member, keyRange)
	}
	hold := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for _, c := range []struct {
		name   string
		answer func(w http.ResponseWriter, r *http.Request)
		class  op.Class
		reason string
	}{
		{"provisioned, throttled", func(w http.ResponseWriter, _ *http.Request) { throttle(w, keyRange) }, op.Throttled, keyRange},
		{"on demand, throttled", func(w http.ResponseWriter, _ *http.Request) {
			refuseWith(w, 400, "ThrottlingException", "slow down", reasons("throttlingReasons"))
		}, op.Throttled, keyRange},
		{"the other spelling", func(w http.ResponseWriter, _ *http.Request) {
			refuseWith(w, 400, "ThrottlingException", "slow down", reasons("ThrottlingReasons"))
		}, op.Throttled, keyRange},
		{"account limit", func(w http.ResponseWriter, _ *http.Request) {
			refuseWith(w, 400, "RequestLimitExceeded", "", `,"ThrottlingReasons":[{"reason":"TableReadAccountLimitExceeded"}]`)
		}, op.Throttled, "TableReadAccountLimitExceeded"},
		{"throttled without reasons", func(w http.ResponseWriter, _ *http.Request) { refuse(w, 400, "ThrottlingException", "") }, op.Throttled, "ThrottlingException"},
		{"a proxy's 429", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "slow", http.StatusTooManyRequests) }, op.Throttled, "HTTP429"},
		{"condition", func(w http.ResponseWriter, _ *http.Request) { refuse(w, 400, conditionFailed, "") }, op.ConditionFailed, conditionFailed},
		{"internal error", func(w http.ResponseWriter, _ *http.Request) { refuse(w, 500, "InternalServerError", "") }, op.Overload, "InternalServerError"},
		{"unavailable", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusServiceUnavailable) }, op.Overload, "HTTP503"},
		{"no table", func(w http.ResponseWriter, _ *http.Request) { refuse(w, 400, "ResourceNotFoundException", "") }, op.Failed, "ResourceNotFoundException"},
		{"denied", func(w http.ResponseWriter, _ *http.Request) { refuse(w, 400, "AccessDeniedException", "") }, op.Failed, "AccessDeniedException"},
		{"redirected", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.WriteHeader(http.StatusFound)
		}, op.Failed, "HTTP302"},
		{"reset", func(w http.ResponseWriter, _ *http.Request) { abort(w) }, op.Failed, reasonReset},
		{"closed", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, op.Failed, reasonClosed},
		{"cut short", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, `{"Consumed`)
		}, op.Failed, reasonClosed},
		{"malformed", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"ConsumedCapacity":7}`) }, op.Failed, reasonAnswer},
		{"no answer", hold, op.Timeout, reasonTimeout},
		{"half an answer", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, `{"Consumed`)
			w.(http.Flusher).Flush()
			hold(w, r)
		}, op.Timeout, reasonTimeout},
	} {
		eachClient(t, c.name, func(t *testing.T, client string) {
			timeout := "5s"
			if c.class == op.Timeout {
				timeout = "40ms"
			}
			f := start(t, scenario(t, small, writes), "retries: {attempts: 1}, timeout: "+timeout+client)
			f.onCall("PutItem", func(w http.ResponseWriter, r *http.Request, _ int) bool {
				c.answer(w, r)
				return true
			})
			_, out := f.do(t, 3)
			if diff := cmp.Diff([]attempted{{c.class, c.reason}}, attemptsOf(out), cmp.AllowUnexported(attempted{})); diff != "" {
				t.Errorf("%s(error: %v)", diff, out.Err)
			}
			if out.Class != c.class || out.Reason != c.reason || (out.Err == nil) != (c.class == op.ConditionFailed) {
				t.Errorf("class %v, reason %q, error %v", out.Class, out.Reason, out.Err)
			}
		})
	}
}

func TestRefusedConnection(t *testing.T) {
	eachClient(t, "refused", func(t *testing.T, client string) {
		f := start(t, scenario(t, small, writes), "retries: {attempts: 1}"+client)
		f.server.Close()
		if _, out := f.do(t, 0); out.Class != op.Failed || out.Reason != reasonRefused || len(out.Attempts) != 1 {
			t.Errorf("class %v, reason %q, %d attempts", out.Class, out.Reason, len(out.Attempts))
		}
	})
}

// eachClient runs a test with each of the clients; client goes behind the target's settings.
func eachClient(t *testing.T, name string, test func(t *testing.T, client string)) {
	t.Helper()
	for _, client := range bothClients {
		t.Run(name+"/"+client, func(t *testing.T) { test(t, ", client: "+client) })
	}
}

// A read_modify_write's retries belong to whichever of its requests they were made for.
func TestModifyRetries(t *testing.T) {
	f := start(t, scenario(t, small, modify), quick)
	f.onCall("PutItem", func(w http.ResponseWriter, _ *http.Request, n int) bool {
		if n == 1 {
			throttle(w, keyRange)
		}
		return n == 1
	})
	_, out := f.do(t, 4)
	want := []attempted{{op.OK, ""}, {op.Throttled, keyRange}, {op.OK, ""}}
	if diff := cmp.Diff(want, attemptsOf(out), cmp.AllowUnexported(attempted{})); diff != "" {
		t.Error(diff)
	}
	if out.Class != op.OK || out.Requests != 2 || out.Items != 2 || out.ReadUnits != 0.5 || out.WriteUnits != 1 {
		t.Errorf("outcome %+v", out)
	}
}

// Between its read and its write somebody else writes: the version is no longer the one read.
func TestModifyLosesToAnother(t *testing.T) {
	f := start(t, scenario(t, small, modify), quick)
	f.onCall("PutItem", func(http.ResponseWriter, *http.Request, int) bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.tables["crossover-dynamodb-test"].items["item#4\x00"]["ver"]["S"] = "00000000000000ff"
		return false
	})
	before := f.called("PutItem")
	_, out := f.do(t, 4)
	if out.Class != op.ConditionFailed || out.Requests != 2 || out.BytesOut != 0 || out.Err != nil {
		t.Errorf("outcome %+v", out)
	}
	if n := f.called("PutItem") - before; n != 1 {
		t.Errorf("a failed condition was sent %d times", n)
	}
}

// A context that ends between the requests of an operation leaves the second unsent.
func TestContextEndsBetweenRequests(t *testing.T) { eachClient(t, "cancelled", contextEnds) }

func contextEnds(t *testing.T, client string) {
	f := start(t, scenario(t, small, modify), quick+client)
	ctx, cancel := context.WithCancel(t.Context())
	s, err := f.driver.Session(ctx)
	if err != nil {
		t.Fatal(err)
	}
	f.onCall("GetItem", func(_ http.ResponseWriter, r *http.Request, _ int) bool {
		cancel()
		<-r.Context().Done()
		return true
	})
	o, out := new(op.Op), new(op.Outcome)
	f.stream.At(2, o)
	s.Do(ctx, o, out)
	if out.Class != op.Timeout || out.Reason != reasonContext || len(out.Attempts) != 1 || f.called("PutItem") != 0 {
		t.Errorf("class %v, reason %q, attempts %v", out.Class, out.Reason, out.Attempts)
	}
}

func TestPartitionOfAnswer(t *testing.T) {
	f := start(t, scenario(t, small, readsOf), quick)
	f.onCall("GetItem", func(w http.ResponseWriter, _ *http.Request, n int) bool {
		w.Header().Set(partitionHeader, "17")
		if n == 1 {
			throttle(w, "TableReadKeyRangeThroughputExceeded")
		}
		return n == 1
	})
	if _, out := f.do(t, 0); out.Partition != 17 || out.Node != -1 || len(out.Attempts) != 2 {
		t.Errorf("partition %d, node %d, %d attempts", out.Partition, out.Node, len(out.Attempts))
	}
	f.onCall("GetItem", func(http.ResponseWriter, *http.Request, int) bool { return false })
	if _, out := f.do(t, 0); out.Partition != -1 {
		t.Errorf("partition %d of a service that names none", out.Partition)
	}
}

// A query's pages end at 1 MB; its limit is reached over several.
func TestQueryFollowsPages(t *testing.T) {
	sc := scenario(t, `{items: 10, key: {sort: {per_partition: 10}}, size: 300KiB}`, "  operations: {query: 100%}\n  query: {limit: 9}")
	f := start(t, sc, quick)
	_, out := f.do(t, 0)
	// 300 KiB: four items a page, so 4 + 4 + 1; each page's bytes in half units of 4 KiB.
	if out.Class != op.OK || out.Items != 9 || out.Requests != 3 || len(out.Attempts) != 3 || out.BytesIn != 9*300<<10 || out.ReadUnits != 9*300/4/2.0 {
		t.Errorf("class %v, %d items, %d requests, %d bytes, %g units", out.Class, out.Items, out.Requests, out.BytesIn, out.ReadUnits)
	}
}

func FuzzThrottlingReason(f *testing.F) {
	for _, seed := range []string{
		`{"__type":"x#ThrottlingException","ThrottlingReasons":[{"reason":"TableWriteKeyRangeThroughputExceeded","resource":"arn"}]}`,
		`{"throttlingReasons":[{"reason":""},{"reason":"IndexReadAccountLimitExceeded"}]}`,
		`{"ThrottlingReasons":{"reason":"x"}}`, `{"ThrottlingReasons":[{"reason":"AWS4-HMAC-SHA256 Credential=AKIA"}]}`,
		`[`, ``, `null`, `{"ThrottlingReasons":[{"reason":7}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got := throttlingReason(body, "Code")
		if !isWord(got) || len(got) > maxReason {
			t.Errorf("reason %q", got)
		}
		if got != "Code" && !strings.Contains(string(body), got) && !strings.Contains(string(body), `\u`) {
			t.Errorf("reason %q is not in the body %q", got, body)
		}
	})
}
