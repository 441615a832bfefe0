package dynamodb

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"crossover/workload"
	"crossover/workload/op"
)

// received is what the embedded server says of the requests that reached it.
type received struct {
	Requests uint64            `json:"requests"`
	Faults   map[string]uint64 `json:"faults"`
}

func (r raw) received(t *testing.T) (got received) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+string(r)+"/crossover/partitions", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	return got
}

// accounts are what sessions were asked for, and what they said came of it.
type accounts struct {
	mu       sync.Mutex
	sent     int
	done     map[op.Class]int
	requests int
	attempts map[op.Class]int
}

func (a *accounts) add(out *op.Outcome) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.done[out.Class]++
	a.requests += out.Requests
	if len(out.Attempts) == 0 {
		a.attempts[out.Class]++
	}
	for _, x := range out.Attempts {
		a.attempts[x.Class]++
	}
}

func total(by map[op.Class]int) (n int) {
	for _, x := range by {
		n += x
	}
	return n
}

// TestNoOperationIsLost injects resets and errors into a share of the requests. Every operation
// that was sent is done or failed; every request that reached the server is an attempt, and
// every fault that it met is one that failed.
func TestNoOperationIsLost(t *testing.T) {
	for _, client := range []string{clientSDK, clientLean} {
		for _, attempts := range []int{1, 3} {
			t.Run(fmt.Sprintf("%s, %d attempts", client, attempts), func(t *testing.T) {
				noOperationIsLost(t, client, attempts)
			})
		}
	}
}

func noOperationIsLost(t *testing.T, client string, attempts int) {
	const sessions, each = 4, 400
	sc := scenario(t, "{items: 200, size: 300B, attributes: 2}", "  operations: {read: 50%, update: 30%, delete: 10%, read_modify_write: 10%}")
	d, server := openEmbedded(t, sc, "reset=1%,error500=1%",
		fmt.Sprintf(", client: %s, retries: {attempts: %d, base: 1us, quota: false}", client, attempts))
	if err := d.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := server.received(t)
	a := &accounts{done: map[op.Class]int{}, attempts: map[op.Class]int{}}
	var wg sync.WaitGroup
	for s := range sessions {
		wg.Go(func() {
			se, err := d.Session(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			stream := workload.NewStream(sc) // one a session: a stream is not for several
			for i := range each {
				o, out := new(op.Op), new(op.Outcome)
				out.Reset()
				stream.At(uint64(s*each+i), o)
				a.mu.Lock()
				a.sent++
				a.mu.Unlock()
				se.Do(t.Context(), o, out)
				a.add(out)
			}
		})
	}
	wg.Wait()
	after := server.received(t)
	resets, errors := after.Faults["reset"]-before.Faults["reset"], after.Faults["error500"]-before.Faults["error500"]
	if a.sent != sessions*each || total(a.done) != a.sent {
		t.Errorf("%d operations were sent, %d are done or failed: %v", a.sent, total(a.done), a.done)
	}
	if got := after.Requests - before.Requests; uint64(total(a.attempts)) != got {
		t.Errorf("%d requests reached the server, %d attempts are on record: %v", got, total(a.attempts), a.attempts)
	}
	good := a.attempts[op.OK] + a.attempts[op.NotFound]
	if failed := total(a.attempts) - good; resets == 0 || errors == 0 || uint64(failed) != resets+errors {
		t.Errorf("%d resets and %d errors were injected, %d attempts failed: %v", resets, errors, failed, a.attempts)
	}
	if uint64(a.attempts[op.Overload]) != errors {
		t.Errorf("%d errors of the server were injected, %d attempts are of that class: %v", errors, a.attempts[op.Overload], a.attempts)
	}
	if attempts == 1 && total(a.attempts) != a.requests {
		t.Errorf("without retries %d attempts for %d requests", total(a.attempts), a.requests)
	}
}
