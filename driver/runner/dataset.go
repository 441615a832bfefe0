package runner

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"

	"crossover/driver"
	"crossover/results"
	"crossover/workload"
	"crossover/workload/op"
)

// SampledItems is how many items of a kept data set are read and compared before a run.
const SampledItems = 100

// saltSample keeps the choice of the sampled items apart from what else is drawn.
const saltSample = 0x73616d706c65

// sampleAttempts is how often a sampled item is asked for until it is answered.
const sampleAttempts = 10

// Load makes the target ready and loads the data set, without a run: what a later run with
// Config.Check finds. The loaded data set is checked as that run would. c.Dir is not used, and
// nothing is written. The manifest says what is known of the target and of what was loaded.
func Load(ctx context.Context, c Config) (*results.Manifest, error) {
	c.Load, c.Check = true, true
	if c.Dir == "" {
		c.Dir = "none"
	}
	if err := c.validate(); err != nil {
		return nil, err
	}
	r := &run{cfg: c.withDefaults()}
	r.describeRun(source{streamDigest: workload.StreamDigest(c.Scenario), textDigest: workload.ScenarioDigest(c.Scenario)})
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	err := r.provision(ctx, source{})
	r.manifest.SpentUSD = r.spent(0, 0)
	r.manifest.Status, r.manifest.Reason = statusOf(ctx, err)
	return &r.manifest, err
}

// checkDataset holds what is there against what the scenario loads: the number of items, and
// the content of a sample of them, in whatever version.
func (r *run) checkDataset(ctx context.Context) error {
	said := ""
	if counter, ok := r.cfg.Driver.(driver.Counter); ok {
		n, exact, err := counter.Items(ctx)
		if err != nil {
			return err
		}
		want := r.cfg.Scenario.Dataset.Items
		switch {
		case !exact:
			said = fmt.Sprintf("about %d items, by the database's own count, and ", n)
		case n != want:
			return fmt.Errorf("%w: %d items, expected %d; a run that inserts or deletes leaves another number: load anew", driver.ErrDataset, n, want)
		default:
			said = "count and "
		}
	}
	sampled, err := r.sampleItems(ctx)
	if err != nil {
		return err
	}
	r.manifest.Dataset += fmt.Sprintf("; verified: %s%d items", said, sampled)
	return nil
}

// sampleItems reads items drawn by the seed and checks each.
func (r *run) sampleItems(ctx context.Context) (n int, err error) {
	session, err := r.cfg.Driver.Session(ctx)
	if err != nil {
		return 0, err
	}
	for o := range r.sampled() {
		if err := r.checkItem(ctx, session, &o); err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// sampled yields reads of items drawn by the seed.
func (r *run) sampled() iter.Seq[op.Op] {
	sc := r.cfg.Scenario
	return func(yield func(op.Op) bool) {
		random := rand.New(rand.NewPCG(sc.Seed, saltSample))
		for range min(SampledItems, sc.Dataset.Items) {
			o := op.Op{Kind: op.Read, Item: random.Uint64N(sc.Dataset.Items), Due: -1, Consistent: true, Verify: true}
			o.Partition, o.Sort = sc.Place(o.Item)
			if !yield(o) {
				return
			}
		}
	}
}

// sampleKept reads a sample of the loaded items and counts those that are there, in whatever
// version, and those that are not; neither where the driver cannot check.
func (r *run) sampleKept(ctx context.Context) (found, missing int, err error) {
	session, err := r.cfg.Driver.Session(ctx)
	if err != nil {
		return 0, 0, err
	}
	for o := range r.sampled() {
		switch err := r.checkItem(ctx, session, &o); {
		case err == nil:
			found++
		case errors.Is(err, errMissing):
			missing++
		case errors.Is(err, errors.ErrUnsupported):
			return 0, 0, nil
		default:
			return 0, 0, err
		}
	}
	return found, missing, nil
}

// errMissing: a loaded item is not there.
var errMissing = fmt.Errorf("%w: an item is not there", driver.ErrDataset)

// checkItem reads one item; a read that is refused is sent again after a while.
func (r *run) checkItem(ctx context.Context, session driver.Session, o *op.Op) error {
	var out op.Outcome
	for attempt := 1; ; attempt++ {
		session.Do(ctx, o, &out)
		switch {
		case out.Check == op.Corrupt:
			return fmt.Errorf("%w: item %d has another content than any version of it", driver.ErrDataset, o.Item)
		case out.Class == op.NotFound:
			return fmt.Errorf("%w: item %d", errMissing, o.Item)
		case out.Class == op.OK && out.Check == op.Unchecked:
			return fmt.Errorf("%w: the driver cannot check items", errors.ErrUnsupported)
		case out.Class == op.OK:
			return nil
		case attempt == sampleAttempts:
			return fmt.Errorf("reading item %d: %s %s: %w", o.Item, out.Class, out.Reason, out.Err)
		}
		if err := r.cfg.Clock.SleepUntil(ctx, r.cfg.Clock.Now()+r.cfg.Interval/10); err != nil {
			return context.Cause(ctx)
		}
	}
}
