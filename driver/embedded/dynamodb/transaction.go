package dynamodb

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"crossover/driver/embedded/dynamodb/attribute"
	"crossover/driver/embedded/dynamodb/store"
)

// The limits of transactions (Developer Guide, "Amazon DynamoDB Transactions: How it works").
const (
	maxTransaction      = 100
	maxTransactionBytes = 4 * 1024 * 1024
	// tokenFor is how long a ClientRequestToken is remembered after its request is done.
	tokenFor = 10 * time.Minute
)

// A cancellation is an element of CancellationReasons (API Reference, CancellationReason).
type cancellation struct {
	code, message string
	item          attribute.Stored
	throttle      bool
}

// noReason is the reason of an item that was no cause of the cancellation.
const noReason = "None"

func appendCancelled(dst []byte, all []cancellation) []byte {
	dst = append(dst, `,"CancellationReasons":[`...)
	for i, x := range all {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendJSON(append(dst, `{"Code":`...), x.code)
		if x.message != "" {
			dst = appendJSON(append(dst, `,"Message":`...), x.message)
		}
		if x.item != nil {
			dst = x.item.AppendJSON(append(dst, `,"Item":`...))
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

// cancelled returns the exception of a transaction that was not done.
func cancelled(reasons []cancellation) *apiError {
	codes := make([]string, len(reasons))
	for i := range reasons {
		if reasons[i].code == "" {
			reasons[i].code = noReason
		}
		codes[i] = reasons[i].code
	}
	e := failure("TransactionCanceledException", "Transaction cancelled, please refer cancellation reasons for "+
		"specific reasons [%s]", strings.Join(codes, ", "))
	e.cancelled = reasons
	return e
}

// reason returns what an item's error is called among CancellationReasons.
func reason(err error) cancellation {
	api := asAPI(err)
	switch {
	case api.name == conditionFailed:
		return cancellation{code: "ConditionalCheckFailed", message: api.message, item: api.item}
	case api.name == "ItemCollectionSizeLimitExceededException":
		return cancellation{code: "ItemCollectionSizeLimitExceeded", message: api.message}
	case api.name == "TransactionConflictException":
		return cancellation{code: "TransactionConflict", message: api.message}
	case api.name == "ProvisionedThroughputExceededException":
		return cancellation{code: "ProvisionedThroughputExceeded", message: api.message, throttle: true}
	case api.reasons != nil:
		return cancellation{code: "ThrottlingError", message: api.message, throttle: true}
	}
	return cancellation{code: "ValidationError", message: api.message}
}

// Underway are the items of a table that transactions hold until they are done, which takes
// time where latency is modelled: meanwhile nobody else may write them (Developer Guide,
// "Amazon DynamoDB Transactions: How it works", "Conflict handling").
type underway struct {
	n     atomic.Int64 // items held, at most
	mu    sync.Mutex
	until map[store.Key]time.Duration
	order []store.Key // as they were taken
}

// has reports whether a transaction holds an item.
func (u *underway) has(k store.Key, now time.Duration) bool {
	if u.n.Load() == 0 {
		return false
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	until, ok := u.until[k]
	return ok && now < until
}

// hold keeps an item until a time; what is over is forgotten.
func (u *underway) hold(k store.Key, now, until time.Duration) {
	if until <= now {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.until == nil {
		u.until = map[store.Key]time.Duration{}
	}
	for len(u.order) > 0 && u.until[u.order[0]] <= now {
		delete(u.until, u.order[0])
		u.order = u.order[1:]
	}
	u.until[k], u.order = until, append(u.order, k)
	u.n.Store(int64(len(u.order)))
}

// conflict counts a request that met a transaction, and returns its exception.
func (c *call) conflict(t *table) error {
	c.tally(t).sums[conflicts]++
	return failure("TransactionConflictException", "Transaction is ongoing for the item.")
}

// drawn returns how long the transaction takes; it is drawn before the end, since its items are
// held for as long.
func (c *call) drawn() time.Duration {
	if !c.s.options.Latency {
		return 0
	}
	return c.s.options.Model.draw(c.rng, c.operation, c.effort, false)
}

// A charge is what one item of a transaction costs.
type charge struct {
	table       *table
	hash        uint64
	read, write float64
	indexes     []indexChange
}

// admitAll asks for the capacity of a whole transaction: of all its items or of none. It returns
// a reason for each item that was refused.
func (c *call) admitAll(charges []charge, reasons []cancellation) (ok bool) {
	ok = true
	for i := range charges {
		x := &charges[i]
		err := c.checkCharge(x)
		if err != nil {
			reasons[i], ok = reason(err), false
		}
	}
	if !ok {
		return false
	}
	for i := range charges {
		c.settleCharge(&charges[i])
	}
	return true
}

func (c *call) checkCharge(x *charge) error {
	if c.fault == throttleFault {
		err := c.inject(x.table, x.hash, x.read > 0)
		c.partition = -1
		return err
	}
	if err := c.admitIndexes(x.indexes); err != nil {
		return err
	}
	if d := x.table.capacity.Check(c.now, x.hash, x.read, x.write, false); !d.OK {
		return c.refused(x.table, d)
	}
	return nil
}

// settleCharge takes the units of an item that was admitted, or of one whose transaction was
// cancelled.
func (c *call) settleCharge(x *charge) {
	x.table.capacity.Charge(c.now, x.hash, x.read, x.write, false)
	sums := c.tally(x.table)
	sums.sums[consumedRead] += x.read
	sums.sums[consumedWrite] += x.write
	sums.parts = append(sums.parts, partitionTally{id: x.table.partitionOf(x.hash), write: x.write > 0})
	c.chargeIndexes(x.indexes)
}

// bills sums charges by table, in the order in which the tables were named.
func bills(charges []charge) []*bill {
	var out []*bill
	of := map[*table]*bill{}
	for _, x := range charges {
		b := of[x.table]
		if b == nil {
			b = &bill{table: x.table, read: x.read > 0, write: x.write > 0}
			of[x.table] = b
			out = append(out, b)
		}
		b.own += x.read + x.write
		for i := range x.indexes {
			units := x.indexes[i].units()
			if x.indexes[i].index.local {
				b.own -= units // the table's partition serves them; they are named apart
			}
			b.add(x.indexes[i].index, units)
		}
	}
	return out
}
