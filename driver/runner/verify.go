package runner

import (
	"errors"
	"fmt"
	"slices"
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
	if v == nil {
		return checked{}
	}
	if !o.Kind.Replaces() {
		return v.judge(o, out, sent, end, events)
	}
	how := endingOf(o, out)
	// What a read-modify-write read came before what it wrote.
	found := v.judge(o, out, sent, end, events)
	v.versions.end(o.Item, acknowledged{version: o.Index + 1, sent: sent, acked: end, deleted: o.Kind == op.Delete}, how)
	return found
}

// judge judges what a verified operation has read.
func (v *verifier) judge(o *op.Op, out *op.Outcome, sent, end time.Duration, events *eventLog) checked {
	switch {
	case !o.Verify:
		return checked{}
	case len(out.Seen) > 0:
		return v.judgeEach(o, out, sent, end, events)
	case out.Check == op.Corrupt:
		v.foundCorrupt(o, o.Item, out.Version, end, events)
		wrong(o, out, ReasonCorrupt, errCorrupt)
		return checked{verified: 1, corrupt: 1}
	}
	absent := out.Class == op.NotFound
	if out.Check != op.Intact && (!absent || v.expiring) {
		return checked{}
	}
	v.verified.Add(1)
	found := checked{verified: 1}
	if newest, stale := v.versions.stale(o.Item, out.Version, absent, sent); stale {
		found.stale = 1
		v.foundStale(o, o.Item, out.Version, newest, absent, end, events)
		if o.Consistent {
			wrong(o, out, ReasonStale, errStale)
		}
	}
	return found
}

// judgeEach judges the items that a query or a scan page returned. That one is missing among
// them says nothing: it may lie beyond the limit.
func (v *verifier) judgeEach(o *op.Op, out *op.Outcome, sent, end time.Duration, events *eventLog) (found checked) {
	for i := range out.Seen {
		s := &out.Seen[i]
		if s.Check == op.Unchecked {
			continue
		}
		found.verified++
		if s.Check == op.Corrupt {
			found.corrupt++
			v.foundCorrupt(o, s.Item, s.Version, end, events)
			continue
		}
		v.verified.Add(1)
		if newest, stale := v.versions.stale(s.Item, s.Version, false, sent); stale {
			found.stale++
			v.foundStale(o, s.Item, s.Version, newest, false, end, events)
		}
	}
	switch {
	case found.corrupt > 0:
		wrong(o, out, ReasonCorrupt, errCorrupt)
	case found.stale > 0 && o.Consistent:
		wrong(o, out, ReasonStale, errStale)
	}
	return found
}

func (v *verifier) foundCorrupt(o *op.Op, item, version uint64, at time.Duration, events *eventLog) {
	v.verified.Add(1)
	v.corrupt.Add(1)
	if v.sawCorrupt.CompareAndSwap(false, true) {
		events.add(at, "corruption", fmt.Sprintf("operation %d, %s: item %d: content that is not what version %d holds",
			o.Index, o.Kind, item, version))
	}
}

func (v *verifier) foundStale(o *op.Op, item, version, newest uint64, absent bool, at time.Duration, events *eventLog) {
	v.stale.Add(1)
	if v.sawStale.CompareAndSwap(false, true) {
		found := fmt.Sprintf("version %d", version)
		if absent {
			found = "no item"
		}
		events.add(at, "stale_read", fmt.Sprintf("operation %d, %s: item %d: %s, although version %d had been acknowledged",
			o.Index, o.Kind, item, found, newest))
	}
	if o.Consistent {
		v.staleStrong.Add(1)
	}
}

// wrong makes an answered read a failed one: the last attempt or, of a read-modify-write, the
// one that read.
func wrong(o *op.Op, out *op.Outcome, reason string, err error) {
	out.Class, out.Reason, out.Err = op.Failed, reason, err
	at := len(out.Attempts) - 1
	if o.Kind == op.ReadModifyWrite {
		at = slices.IndexFunc(out.Attempts, func(a op.Attempt) bool { return a.Class.Success() })
	}
	if at >= 0 {
		out.Attempts[at].Class, out.Attempts[at].Reason = op.Failed, reason
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
