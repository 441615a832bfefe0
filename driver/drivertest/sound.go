package drivertest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"crossover/driver"
	"crossover/workload/op"
)

// sound returns what is wrong with an outcome in itself, whatever was asked: sent and ended
// are the clock's readings around Do. logged says that the driver logs its attempts.
func sound(o *op.Op, out *op.Outcome, sent, ended time.Duration, logged bool) error {
	switch {
	case out.Class >= op.ClassCount || out.Class == op.Dropped:
		return fmt.Errorf("class %v is not a driver's to give", out.Class)
	case out.Class.Success() && out.Err != nil:
		return fmt.Errorf("class %v with error %w", out.Class, out.Err)
	case out.Class > op.ConditionFailed && out.Err == nil:
		return fmt.Errorf("class %v without an error", out.Class)
	case out.Class > op.ConditionFailed && out.Reason == "":
		return fmt.Errorf("class %v without a reason", out.Class)
	case out.Requests < 1 && out.Class <= op.ConditionFailed:
		return fmt.Errorf("%d requests for an operation that was answered", out.Requests)
	case out.Partition < -1 || out.Node < -1:
		return fmt.Errorf("partition %d, node %d: expected -1 or more", out.Partition, out.Node)
	case out.ReadUnits < 0 || out.WriteUnits < 0:
		return fmt.Errorf("negative units: %g read, %g written", out.ReadUnits, out.WriteUnits)
	}
	if !logged {
		return nil
	}
	return soundAttempts(o, out, sent, ended)
}

func soundAttempts(o *op.Op, out *op.Outcome, sent, ended time.Duration) error {
	n := len(out.Attempts)
	if n < out.Requests {
		return fmt.Errorf("%v: %d attempts for %d requests", o.Kind, n, out.Requests)
	}
	reason, at := "", sent
	for i, a := range out.Attempts {
		if a.Start < at || a.Latency <= 0 || a.Start+a.Latency > ended {
			return fmt.Errorf("attempt %d of %d from %v for %v, expected between %v and %v", i+1, n, a.Start, a.Latency, at, ended)
		}
		at = a.Start + a.Latency
		if a.Class > op.ConditionFailed {
			if a.Reason == "" {
				return fmt.Errorf("attempt %d of %d failed as %v without a reason", i+1, n, a.Class)
			}
			reason = a.Reason
		}
		if a.Class.Success() && a.Reason != "" {
			return fmt.Errorf("attempt %d of %d is %v with reason %q", i+1, n, a.Class, a.Reason)
		}
	}
	// An operation may give up between two requests, or while it waits to try again.
	if n > 0 && out.Attempts[n-1].Class != out.Class && !gaveUp(out.Class) {
		return fmt.Errorf("the last attempt is %v, the operation %v", out.Attempts[n-1].Class, out.Class)
	}
	if reason != "" && out.Reason != reason {
		return fmt.Errorf("reason %q, but the last failed attempt's is %q", out.Reason, reason)
	}
	if reason == "" && out.Class.Success() && out.Reason != "" {
		return fmt.Errorf("reason %q although no attempt failed", out.Reason)
	}
	return nil
}

// dirty returns an outcome as another operation may have left it.
func dirty() *op.Outcome {
	return &op.Outcome{
		Class: op.Failed, Reason: "left over", Requests: 9, ReadUnits: 9, WriteUnits: 9, BytesOut: 9, BytesIn: 9,
		Items: 9, Partition: 9, Node: 9, Err: context.Canceled,
		Attempts: []op.Attempt{{Start: -1, Class: op.Failed, Reason: "left over"}, {Start: -1}, {Start: -1}},
	}
}

// do performs an operation on an outcome that another one has used, and checks that what
// comes back is sound.
func (r *rig) do(t testing.TB, ctx context.Context, s driver.Session, o *op.Op) *op.Outcome {
	t.Helper()
	out := dirty()
	if err := r.into(ctx, s, o, out); err != nil {
		t.Fatalf("%v of item %d: %v (outcome %+v)", o.Kind, o.Item, err, *out)
	}
	return out
}

func (r *rig) into(ctx context.Context, s driver.Session, o *op.Op, out *op.Outcome) error {
	sent := r.clock.Now()
	s.Do(ctx, o, out)
	return sound(o, out, sent, r.clock.Now(), r.Place != "")
}

// A want is what an operation should come to. Bytes and items are compared exactly.
type want struct {
	class    op.Class
	requests int
	items    int
	out, in  uint64
}

func (r *rig) expect(t testing.TB, s driver.Session, o *op.Op, w want) *op.Outcome {
	t.Helper()
	out := r.do(t, t.Context(), s, o)
	got := want{out.Class, out.Requests, out.Items, out.BytesOut, out.BytesIn}
	if got != w {
		t.Fatalf("%v of item %d: got %v, want %v (reason %q, error %v)", o.Kind, o.Item, got, w, out.Reason, out.Err)
	}
	if len(out.Attempts) != w.requests {
		t.Errorf("%v of item %d: %d attempts of %d requests on a healthy database", o.Kind, o.Item, len(out.Attempts), w.requests)
	}
	return out
}

func (w want) String() string {
	return fmt.Sprintf("%v, %d requests, %d items, %d bytes out, %d in", w.class, w.requests, w.items, w.out, w.in)
}
