package runner

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"crossover/results"
	"crossover/workload"
	"crossover/workload/op"
)

// Reasons of reads that were answered, but wrongly.
const (
	// ReasonCorrupt: the content is no version of the item.
	ReasonCorrupt = "CorruptRead"
	// ReasonStale: a strongly consistent read returned a version older than the newest that was
	// acknowledged before the read was sent.
	ReasonStale = "StaleRead"
)

// Errors of reads that were answered wrongly.
var (
	errCorrupt = errors.New("the content read is no version of the item")
	errStale   = errors.New("a strongly consistent read returned an old version")
)

// A verifier judges verified reads. It is shared by all workers; nil where a scenario asks for
// none.
type verifier struct {
	versions versions
	expiring bool // items end by themselves, so that one that is missing says nothing

	verified, stale, corrupt, staleStrong atomic.Uint64 // of the whole run, warm-up too
	sawCorrupt, sawStale                  atomic.Bool
}

func newVerifier(sc *workload.Scenario) *verifier {
	if sc.Workload.Read.Verify == 0 {
		return nil
	}
	return &verifier{expiring: sc.Workload.Write.TTL > 0}
}

// A checked counts verified reads and what was found of them.
type checked struct{ verified, stale, corrupt uint64 }

func (c *checked) add(from checked) {
	c.verified += from.verified
	c.stale += from.stale
	c.corrupt += from.corrupt
}

// before notes that a write is being sent.
func (v *verifier) before(o *op.Op, sent time.Duration) {
	if v != nil && o.Kind.Replaces() {
		v.versions.begin(o.Item, sent)
	}
}

// after takes in what came of an operation: a write is remembered, a verified read judged. A
// read that was answered wrongly becomes a failed one.
func (v *verifier) after(o *op.Op, out *op.Outcome, sent, end time.Duration, events *eventLog) checked {
	switch {
	case v == nil:
		return checked{}
	case o.Kind.Replaces():
		w := acknowledged{version: o.Index + 1, sent: sent, acked: end, deleted: o.Kind == op.Delete}
		v.versions.end(o.Item, w, endingOf(o, out))
		return checked{}
	case !o.Verify:
		return checked{}
	case out.Check == op.Corrupt:
		return v.foundCorrupt(o, out, end, events)
	}
	absent := out.Class == op.NotFound
	if out.Check != op.Intact && (!absent || v.expiring) {
		return checked{}
	}
	v.verified.Add(1)
	found := checked{verified: 1}
	if newest, stale := v.versions.stale(o.Item, out.Version, absent, sent); stale {
		found.stale = 1
		v.foundStale(o, out, newest, absent, end, events)
	}
	return found
}

func (v *verifier) foundCorrupt(o *op.Op, out *op.Outcome, at time.Duration, events *eventLog) checked {
	v.verified.Add(1)
	v.corrupt.Add(1)
	if v.sawCorrupt.CompareAndSwap(false, true) {
		events.add(at, "corruption", fmt.Sprintf("operation %d: item %d: content that is not what version %d holds",
			o.Index, o.Item, out.Version))
	}
	wrong(out, ReasonCorrupt, errCorrupt)
	return checked{verified: 1, corrupt: 1}
}

func (v *verifier) foundStale(o *op.Op, out *op.Outcome, newest uint64, absent bool, at time.Duration, events *eventLog) {
	v.stale.Add(1)
	if v.sawStale.CompareAndSwap(false, true) {
		found := fmt.Sprintf("version %d", out.Version)
		if absent {
			found = "no item"
		}
		events.add(at, "stale_read", fmt.Sprintf("operation %d: item %d: %s, although version %d had been acknowledged",
			o.Index, o.Item, found, newest))
	}
	if o.Consistent {
		v.staleStrong.Add(1)
		wrong(out, ReasonStale, errStale)
	}
}

// wrong makes an answered read a failed one.
func wrong(out *op.Outcome, reason string, err error) {
	out.Class, out.Reason, out.Err = op.Failed, reason, err
	if n := len(out.Attempts); n > 0 {
		out.Attempts[n-1].Class, out.Attempts[n-1].Reason = op.Failed, reason
	}
}

// endingOf says what became of a write. An attempt that was not answered may have been
// applied, or may yet be, even where a later one was refused.
func endingOf(o *op.Op, out *op.Outcome) ending {
	lost := func(c op.Class) bool { return c == op.Overload || c == op.Timeout || c == op.Failed }
	if lost(out.Class) {
		return unsure
	}
	for i := range out.Attempts {
		if lost(out.Attempts[i].Class) {
			return unsure
		}
	}
	if out.Class == op.OK || out.Class == op.NotFound && o.Kind == op.Delete {
		return applied
	}
	return refused
}

// result sums up the whole run's verified reads; nil where none were asked for.
func (v *verifier) result() *results.Verification {
	if v == nil {
		return nil
	}
	return &results.Verification{
		Verified: v.verified.Load(), Stale: v.stale.Load(), StaleStrong: v.staleStrong.Load(), Corrupt: v.corrupt.Load(),
		ItemsRemembered: versionSets * versionWays,
	}
}
