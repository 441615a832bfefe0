package aerospike

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	as "github.com/aerospike/aerospike-client-go/v7"
	"github.com/aerospike/aerospike-client-go/v7/types"

	"crossover/driver"
)

// MarkerKey is the user key of the record that marks a set as crossover's. An item's key has
// a digit in it, so that no item has this one.
const MarkerKey = "crossover owns this set"

const (
	// adminAttempts is how often a request that prepares or drops is sent at most.
	adminAttempts = 12
	// pollEvery is how often the server is asked whether it has finished something.
	pollEvery = 20 * time.Millisecond
	// settleLimit is how long a truncation or a new index may take.
	settleLimit = 30 * time.Second
)

// adminRetries are the waits between the attempts of a request that prepares or drops.
var adminRetries = Retries{Base: 5 * time.Millisecond, Max: time.Second}

// Provision makes sure that the set may be written, marks it as crossover's when it is empty,
// and creates the indexes that the scenario needs. It may be called again.
func (c *cluster) Provision(ctx context.Context) error {
	c.provision.Lock()
	defer c.provision.Unlock()
	if err := c.claim(ctx); err != nil {
		return err
	}
	if err := c.index(ctx); err != nil {
		return err
	}
	c.nodes.refresh(c.client, c.cfg.Namespace)
	c.ready.Store(true)
	return nil
}

// claim marks an empty set, and refuses one with records that crossover did not write.
func (c *cluster) claim(ctx context.Context) error {
	owned, err := c.owned(ctx)
	if owned || err != nil {
		c.leftover = owned && !c.marked
		return err
	}
	records, err := c.records(ctx)
	if err != nil {
		return err
	}
	if records != 0 {
		if c.cfg.Expendable {
			return nil
		}
		return c.notOwned(records)
	}
	return c.mark(ctx)
}

func (c *cluster) notOwned(records uint64) error {
	return fmt.Errorf("set %s.%s %w: it holds records (%d with their copies) and no marker; to write into it all the same, name it by set with expendable: true",
		c.cfg.Namespace, c.set, driver.ErrNotOwned, records)
}

// owned reports whether the set has crossover's marker.
func (c *cluster) owned(ctx context.Context) (bool, error) {
	policy := basePolicy(adminLimit)
	marker := newRecord(c.sc, c.cfg.Namespace, c.set)
	marker.setKey([]byte(MarkerKey))
	var found *as.Record
	err := c.patiently(ctx, func() (err as.Error) {
		found, err = c.client.Get(&policy, marker.key)
		if err != nil && err.Matches(types.KEY_NOT_FOUND_ERROR) {
			return nil
		}
		return err
	})
	if err != nil {
		return false, fmt.Errorf("reading the marker of set %s.%s: %w", c.cfg.Namespace, c.set, err)
	}
	return found != nil, nil
}

// mark writes the marker. Another crossover that marks the set at the same time is as good.
func (c *cluster) mark(ctx context.Context) error {
	policy := c.writePolicy(adminLimit, as.CREATE_ONLY)
	policy.SendKey = true
	key, err := as.NewKey(c.cfg.Namespace, c.set, MarkerKey)
	if err != nil {
		return fmt.Errorf("the marker's key: %w", err)
	}
	bins := as.BinMap{
		"owner": "crossover", "run": c.run, "scenario": c.sc.Name,
		"created": c.clock.Wall(c.clock.Now()).UTC().Format(time.RFC3339),
	}
	failed := c.patiently(ctx, func() as.Error {
		err := c.client.Put(policy, key, bins)
		if err != nil && err.Matches(types.KEY_EXISTS_ERROR) {
			return nil
		}
		return err
	})
	if failed != nil {
		return fmt.Errorf("marking set %s.%s: %w", c.cfg.Namespace, c.set, failed)
	}
	c.marked = true
	return nil
}

// restore empties a set that an earlier run left, before the first record is loaded, so that
// every run starts from the same data. A set that is not loaded is used as it is.
func (c *cluster) restore(ctx context.Context) error {
	c.provision.Lock()
	defer c.provision.Unlock()
	if !c.leftover {
		return nil
	}
	if err := c.truncate(ctx); err != nil {
		return err
	}
	if err := c.mark(ctx); err != nil {
		return err
	}
	if err := c.index(ctx); err != nil {
		return err
	}
	c.leftover = false
	c.ready.Store(true)
	return nil
}

// patiently repeats a request while another attempt may help. A write is refused as forbidden
// while its set is being truncated.
func (c *cluster) patiently(ctx context.Context, f func() as.Error) error {
	random := rand.New(rand.NewPCG(c.sc.Seed, 0))
	for n := 1; ; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := f()
		if err == nil {
			return nil
		}
		again := judge(err, false).again || err.Matches(types.FAIL_FORBIDDEN)
		if !again || n >= adminAttempts {
			return err
		}
		if err := c.clock.SleepUntil(ctx, c.clock.Now()+adminRetries.wait(n, random.Float64())); err != nil {
			return err
		}
	}
}

// records returns how many records the set has, copies included, or 0 when it has none. The
// nodes' counts and a scan must agree that there is none; while a truncation is under way the
// counts still hold what it removes.
func (c *cluster) records(ctx context.Context) (count uint64, err error) {
	err = c.settle(ctx, "truncation of set "+c.set, func() (bool, error) {
		var truncating bool
		count, truncating, err = c.counted(ctx)
		return !truncating, err
	})
	if err != nil || count > 0 {
		return count, err
	}
	found, err := c.scanned(ctx)
	if found {
		count = 1
	}
	return count, err
}

// counted sums the nodes' own counts of the set's records.
func (c *cluster) counted(ctx context.Context) (count uint64, truncating bool, err error) {
	command := "sets/" + c.cfg.Namespace + "/" + c.set
	for _, node := range c.client.GetNodes() {
		answers, err := ask(ctx, node, command)
		if err != nil {
			return 0, false, err
		}
		answer := strings.ReplaceAll(answers[command], ";", ":")
		if infoError(answer) != "" {
			continue // a set that the node has never seen
		}
		stats := parsePairs(answer, ":")
		truncating = truncating || stats["truncating"] == "true"
		if n, err := strconv.ParseUint(stats["objects"], 10, 64); err == nil {
			count += n
		}
	}
	return count, truncating, nil
}

// scanned reports whether a scan of the set finds a record.
func (c *cluster) scanned(ctx context.Context) (found bool, err error) {
	policy := as.NewScanPolicy()
	policy.BasePolicy = basePolicy(adminLimit)
	policy.MaxRecords = 1
	policy.IncludeBinData = false
	err = c.patiently(ctx, func() as.Error {
		set, err := c.client.ScanPartitions(policy, as.NewPartitionFilterAll(), c.cfg.Namespace, c.set)
		if err != nil {
			return err
		}
		return receive(ctx, set, func(*as.Record) { found = true })
	})
	if err != nil {
		return false, fmt.Errorf("looking for records in set %s.%s: %w", c.cfg.Namespace, c.set, err)
	}
	return found, nil
}

// settle asks done until it says so.
func (c *cluster) settle(ctx context.Context, what string, done func() (bool, error)) error {
	for end := c.clock.Now() + settleLimit; ; {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		if c.clock.Now() >= end {
			return fmt.Errorf("%s has not ended within %v", what, settleLimit)
		}
		if err := c.clock.SleepUntil(ctx, c.clock.Now()+pollEvery); err != nil {
			return err
		}
	}
}

// Drop truncates a set that has crossover's marker, and drops its indexes; the marker goes with
// the records. A set written as expendable stays, less an index that this driver added. It
// refuses any other set that has records.
func (c *cluster) Drop(ctx context.Context) error {
	c.provision.Lock()
	defer c.provision.Unlock()
	owned, err := c.owned(ctx)
	if err != nil {
		return err
	}
	if owned {
		return c.truncate(ctx)
	}
	if c.cfg.Expendable {
		if c.madeIndex {
			return c.dropIndex(ctx)
		}
		return nil
	}
	records, err := c.records(ctx)
	if err != nil || records == 0 {
		return err
	}
	return c.notOwned(records)
}

func (c *cluster) truncate(ctx context.Context) error {
	c.ready.Store(false)
	if err := c.dropIndex(ctx); err != nil {
		return err
	}
	if err := c.client.Truncate(&as.InfoPolicy{Timeout: adminLimit}, c.cfg.Namespace, c.set, nil); err != nil {
		return fmt.Errorf("truncating set %s.%s: %w", c.cfg.Namespace, c.set, err)
	}
	return c.settle(ctx, "truncation of set "+c.set, func() (bool, error) {
		count, truncating, err := c.counted(ctx)
		return count == 0 && !truncating, err
	})
}
