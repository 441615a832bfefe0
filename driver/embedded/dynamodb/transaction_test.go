package dynamodb

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"crossover/driver/clock"
)

// A heldClock is a virtual clock on which a sleeper waits until it is released.
type heldClock struct {
	*clock.Virtual
	sleeping, release chan struct{}
	free              atomic.Bool // nobody waits
}

func (c *heldClock) SleepUntil(ctx context.Context, at time.Duration) error {
	if c.free.Load() {
		return nil
	}
	c.sleeping <- struct{}{}
	<-c.release
	return c.Virtual.SleepUntil(ctx, at)
}

// TestTransactionConflicts: while a transaction takes its time, nobody else writes its items,
// and its token is in use; others go on.
func TestTransactionConflicts(t *testing.T) {
	held := &heldClock{Virtual: clock.NewVirtual(start), sleeping: make(chan struct{}), release: make(chan struct{})}
	held.free.Store(true)
	h := &host{t: t, clock: held.Virtual}
	var err error
	if h.server, err = New(Options{Clock: held, Latency: true, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	h.newTable(false)
	held.Advance(time.Second)
	const first = `{"ClientRequestToken":"t","TransactItems":[{"Put":{"TableName":"Table","Item":{"id":{"S":"a"}}}},{"Put":{"TableName":"Table","Item":{"id":{"S":"b"}}}}]}`
	held.free.Store(false)
	done := make(chan int)
	began := held.Now()
	go func() {
		code, _ := h.do("TransactWriteItems", first)
		done <- code
	}()
	<-held.sleeping // the transaction waits for the end of its service time
	held.free.Store(true)
	for _, step := range []struct{ operation, body, want string }{
		{"PutItem", `{"TableName":"Table","Item":{"id":{"S":"a"}}}`, `{"__type":"com.amazonaws.dynamodb.v20120810#TransactionConflictException","message":"Transaction is ongoing for the item."}`},
		{"TransactWriteItems", strings.ReplaceAll(first, `"ClientRequestToken":"t",`, ""), `{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"Transaction cancelled, please refer cancellation reasons for specific reasons [TransactionConflict, TransactionConflict]","CancellationReasons":[{"Code":"TransactionConflict","Message":"Transaction is ongoing for the item."},{"Code":"TransactionConflict","Message":"Transaction is ongoing for the item."}]}`},
		{"TransactWriteItems", first, `{"__type":"com.amazonaws.dynamodb.v20120810#TransactionInProgressException","message":"The transaction with the given request token is already in progress."}`},
		{"TransactGetItems", `{"TransactItems":[{"Get":{"TableName":"Table","Key":{"id":{"S":"c"}}}},{"Get":{"TableName":"Table","Key":{"id":{"S":"b"}}}}]}`, `{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"Transaction cancelled, please refer cancellation reasons for specific reasons [None, TransactionConflict]","CancellationReasons":[{"Code":"None"},{"Code":"TransactionConflict","Message":"Transaction is ongoing for the item."}]}`},
		{"BatchWriteItem", `{"RequestItems":{"Table":[{"PutRequest":{"Item":{"id":{"S":"a"}}}},{"PutRequest":{"Item":{"id":{"S":"z"}}}}]}}`, ``},
		{"PutItem", `{"TableName":"Table","Item":{"id":{"S":"c"}}}`, ``},
		{"GetItem", `{"TableName":"Table","Key":{"id":{"S":"a"}}}`, ``},
	} {
		code, text := h.do(step.operation, step.body)
		if step.want == "" && code != http.StatusOK || step.want != "" && text != step.want {
			t.Errorf("%s %s: %d %s, want %s", step.operation, step.body, code, text, step.want)
		}
	}
	held.release <- struct{}{}
	if code := <-done; code != http.StatusOK {
		t.Errorf("the transaction: %d", code)
	}
	if took := held.Now() - began; took < 2*time.Millisecond {
		t.Errorf("the transaction took %v", took)
	}
	h.must("PutItem", `{"TableName":"Table","Item":{"id":{"S":"a"}}}`, nil)
	if n := h.server.status("Table", 0).Counters["TransactionConflict"]; n != 5 {
		t.Errorf("%v conflicts counted, want 5", n)
	}
}

// TestTransactionsAreWhole: transfers between accounts from many goroutines, some conditions
// failing, leave the sum as it was; every read sees it.
func TestTransactionsAreWhole(t *testing.T) {
	const accounts, workers, rounds = 6, 8, 60
	h := newHost(t, Options{})
	h.newTable(false)
	for i := range accounts {
		h.must("PutItem", fmt.Sprintf(`{"TableName":"Table","Item":{"id":{"S":"%d"},"v":{"N":"10"}}}`, i), nil)
	}
	var done sync.WaitGroup
	for w := range workers {
		done.Go(func() {
			for r := range rounds {
				h.clock.Advance(100 * time.Millisecond)
				from, to := (w+r)%accounts, (w*r+1)%accounts
				if from != to {
					h.do("TransactWriteItems", fmt.Sprintf(`{"TransactItems":[{"Update":{"TableName":"Table","Key":{"id":{"S":"%d"}},"UpdateExpression":"SET v = v - :n","ConditionExpression":"v >= :n","ExpressionAttributeValues":{":n":{"N":"3"}}}},{"Update":{"TableName":"Table","Key":{"id":{"S":"%d"}},"UpdateExpression":"SET v = v + :n","ExpressionAttributeValues":{":n":{"N":"3"}}}}]}`, from, to))
				}
				var gets []string
				for i := range accounts {
					gets = append(gets, fmt.Sprintf(`{"Get":{"TableName":"Table","Key":{"id":{"S":"%d"}}}}`, i))
				}
				var all struct {
					Responses []struct {
						Item struct {
							V struct {
								N int `json:",string"`
							} `json:"v"`
						}
					}
				}
				h.must("TransactGetItems", `{"TransactItems":[`+strings.Join(gets, ",")+`]}`, &all)
				sum := 0
				for _, x := range all.Responses {
					if sum += x.Item.V.N; x.Item.V.N < 0 {
						t.Errorf("an account holds %d", x.Item.V.N)
					}
				}
				if sum != 10*accounts {
					t.Errorf("the accounts hold %d, want %d", sum, 10*accounts)
				}
			}
		})
	}
	done.Wait()
}

// TestTransactionLimits: 100 items of 4 MB together.
func TestTransactionLimits(t *testing.T) {
	h := newHost(t, Options{})
	h.newTable(false)
	write := func(n, bytes int) (int, string) {
		var puts []string
		for i := range n {
			puts = append(puts, fmt.Sprintf(`{"Put":{"TableName":"Table","Item":%s}}`, sized(fmt.Sprintf("%03d", i), bytes)))
		}
		h.clock.Advance(time.Hour)
		return h.do("TransactWriteItems", `{"TransactItems":[`+strings.Join(puts, ",")+`]}`)
	}
	if code, text := write(100, 100); code != http.StatusOK {
		t.Errorf("100 items: %d %.200s", code, text)
	}
	if code, text := write(101, 100); code == http.StatusOK || !strings.Contains(text, "less than or equal to 100") {
		t.Errorf("101 items: %d %.200s", code, text)
	}
	if code, text := write(16, 256*1024); code != http.StatusOK {
		t.Errorf("4 MB: %d %.200s", code, text)
	}
	code, text := write(17, 256*1024)
	if code == http.StatusOK || !strings.Contains(text, "TransactionCanceledException") || !strings.Contains(text, "aggregate size") {
		t.Errorf("more than 4 MB: %d %.200s", code, text)
	}
	var gets []string
	for i := range 17 {
		gets = append(gets, fmt.Sprintf(`{"Get":{"TableName":"Table","Key":{"id":{"S":"%03d"}}}}`, i))
	}
	h.must("PutItem", `{"TableName":"Table","Item":`+sized("016", 256*1024)+`}`, nil)
	if code, text := h.do("TransactGetItems", `{"TransactItems":[`+strings.Join(gets, ",")+`]}`); code == http.StatusOK || !strings.Contains(text, "aggregate size") {
		t.Errorf("a read of more than 4 MB: %d %.200s", code, text)
	}
}
