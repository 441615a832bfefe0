package drivertest

import (
	"context"
	"testing"
	"time"

	"crossover/driver"
	"crossover/workload/op"
)

// hangLimit is when a call that should have returned is taken to hang. It is far beyond what
// any machine needs; no test waits for it unless it fails.
const hangLimit = 60 * time.Second

// within calls f and fails the test when it does not return.
func within(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	guard := time.NewTimer(hangLimit)
	defer guard.Stop()
	select {
	case <-done:
	case <-guard.C:
		t.Fatalf("%s has not returned within %v", what, hangLimit)
	}
}

func gaveUp(c op.Class) bool { return c == op.Timeout || c == op.Failed }

// endedContext: every kind returns as Timeout or Failed when there is no time left.
func (s Subject) endedContext(t *testing.T) {
	r := s.rig(t, Healthy)
	m := variants[3].maker(t)
	d := r.ready(t, m.sc, "")
	se := session(t, d)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for kind := range op.FirstKinds {
		o := m.absent(t, kind)
		out := dirty()
		within(t, kind.String(), func() {
			if err := r.into(ctx, se, o, out); err != nil {
				t.Errorf("%v: %v", kind, err)
			}
		})
		if !gaveUp(out.Class) {
			t.Errorf("%v with an ended context: %v", kind, out.Class)
		}
	}
	if l, ok := d.(driver.Loader); ok {
		within(t, "Load", func() {
			if err := l.Load(ctx, 0, m.sc.Dataset.Items, func(uint64) {}); err == nil {
				t.Error("loading with an ended context reported success")
			}
		})
	}
	if out := r.do(t, t.Context(), se, m.op(t, op.Read, 1, 0)); !out.Class.Success() {
		t.Errorf("the session did not survive it: %v, %v", out.Class, out.Err)
	}
}

// stalled: a database that does not answer costs no more than the context or the timeout.
func (s Subject) stalled(t *testing.T) {
	t.Run("context", func(t *testing.T) {
		r := s.rig(t, Stalled)
		m := variants[0].maker(t)
		se := session(t, r.provisioned(t, m, ""))
		for _, kind := range []op.Kind{op.Read, op.Update, op.ReadModifyWrite, op.ScanPage} {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			out := dirty()
			within(t, kind.String(), func() {
				if err := r.into(ctx, se, m.op(t, kind, 2, 0), out); err != nil {
					t.Errorf("%v: %v", kind, err)
				}
			})
			cancel()
			if !gaveUp(out.Class) || len(out.Attempts) == 0 || !gaveUp(out.Attempts[0].Class) {
				t.Errorf("%v: class %v after attempts %v", kind, out.Class, out.Attempts)
			}
		}
	})
	t.Run("timeout", func(t *testing.T) {
		r := s.rig(t, Stalled)
		m := variants[0].maker(t)
		se := session(t, r.provisioned(t, m, "timeout: 50ms, retries: {attempts: 2, base: 1ms}"))
		out := dirty()
		within(t, "read", func() {
			if err := r.into(t.Context(), se, m.op(t, op.Read, 2, 0), out); err != nil {
				t.Error(err)
			}
		})
		if out.Class != op.Timeout || len(out.Attempts) != 2 || out.Attempts[0].Class != op.Timeout {
			t.Errorf("class %v after attempts %v; expected timeout after two", out.Class, out.Attempts)
		}
	})
}

func (r *rig) provisioned(t *testing.T, m *maker, settings string) driver.Driver {
	t.Helper()
	d := r.open(t, m.sc, settings)
	if p, ok := d.(driver.Provisioner); ok {
		if err := p.Provision(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// faulty: retries are made, each is on record with its reason, and most operations succeed in
// the end.
func (s Subject) faulty(t *testing.T) {
	const sessions, n = 4, 100
	r := s.rig(t, Faulty)
	v := variants[0]
	sc := v.scenario(t, mixed)
	sum := r.crowd(t, r.ready(t, sc, ""), sc, sessions, n)
	t.Log(sum)
	if sum.attempts <= sum.requests || sum.failures == 0 || sum.recovered == 0 {
		t.Errorf("%v, %d recovered: expected more attempts than requests, and successes after a retry", sum, sum.recovered)
	}
	ops := 0
	for _, c := range sum.classes {
		ops += c
	}
	if ops != sessions*n || sum.answered() < ops/2 {
		t.Errorf("%v: expected %d operations, most of them answered; last error %v", sum, sessions*n, sum.last)
	}
}
