package clock

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

func TestVirtualMovesOnlyWhenTold(t *testing.T) {
	zero := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	c := NewVirtual(zero)
	steps := []struct {
		name string
		do   func() error
		want time.Duration
	}{
		{"start", func() error { return nil }, 0},
		{"advance", func() error { c.Advance(3 * time.Second); return nil }, 3 * time.Second},
		{"sleep ahead", func() error { return c.SleepUntil(t.Context(), 5*time.Second) }, 5 * time.Second},
		{"sleep behind", func() error { return c.SleepUntil(t.Context(), 4*time.Second) }, 5 * time.Second},
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if got := c.Now(); got != step.want {
			t.Errorf("%s: now is %v, want %v", step.name, got, step.want)
		}
	}
	if got, want := c.Wall(c.Now()), zero.Add(5*time.Second); !got.Equal(want) {
		t.Errorf("wall time is %v, want %v", got, want)
	}
}

func TestVirtualSleepReportsEndedContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := NewVirtual(time.Time{}).SleepUntil(ctx, time.Second); !errors.Is(err, context.Canceled) {
		t.Errorf("sleeping with an ended context gave %v", err)
	}
}

func TestRealSleepsUntil(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Real()
		if err := c.SleepUntil(t.Context(), 90*time.Minute); err != nil {
			t.Fatal(err)
		}
		if got := c.Now(); got != 90*time.Minute {
			t.Errorf("woke at %v", got)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := c.SleepUntil(ctx, 3*time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("sleeping beyond the context's deadline gave %v", err)
		}
		if got := c.Now(); got != 91*time.Minute {
			t.Errorf("the context ended the sleep at %v", got)
		}
	})
}

// A worker that pauses between operations sleeps without allocating, and no sleep ends by what an
// earlier one left behind.
func TestRealSleepsAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Real()
		cut, cancel := context.WithCancel(t.Context())
		cancel()
		sleep := func(ctx context.Context, d time.Duration) {
			at := c.Now() + d
			if err := c.SleepUntil(ctx, at); err == nil && c.Now() != at {
				t.Errorf("woke at %v, want %v", c.Now(), at)
			}
		}
		for d := range time.Duration(100) {
			sleep(cut, d*time.Millisecond)
			sleep(t.Context(), d*time.Microsecond)
		}
		var before, after runtime.MemStats
		least := uint64(1 << 62)
		for range 3 { // a garbage collection may take a timer from the pool
			runtime.ReadMemStats(&before)
			for range 1000 {
				sleep(t.Context(), time.Millisecond)
			}
			runtime.ReadMemStats(&after)
			least = min(least, after.Mallocs-before.Mallocs)
		}
		if least > poolLoss {
			t.Errorf("%d allocations in 1000 sleeps", least)
		}
	})
}

// The real clock's sleeper must never wake early: an operation sent before it is due would
// show a response time that is too short. How late it wakes is the machine's affair.
func TestSleeperNeverWakesEarly(t *testing.T) {
	c := Real()
	s := NewSleeper(c)
	defer s.Close()
	at := c.Now()
	for _, d := range []time.Duration{1, time.Microsecond, 100 * time.Microsecond, 3 * time.Millisecond, 45 * time.Millisecond} {
		at += d
		if err := s.SleepUntil(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		if now := c.Now(); now < at {
			t.Errorf("woke at %v, %v early", now, at-now)
		}
	}
}

func TestSleeperEndsWithItsContext(t *testing.T) {
	c := Real()
	s := NewSleeper(c)
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	woke := make(chan error, 1)
	go func() { woke <- s.SleepUntil(ctx, c.Now()+time.Hour) }()
	cancel()
	if err := <-woke; !errors.Is(err, context.Canceled) {
		t.Errorf("sleep ended with %v", err)
	}
}

func TestSleeperWorksOnAfterClose(t *testing.T) {
	c := NewVirtual(time.Time{})
	s := NewSleeper(c)
	s.Close()
	if err := s.SleepUntil(t.Context(), time.Second); err != nil || c.Now() != time.Second {
		t.Errorf("slept until %v, error %v", c.Now(), err)
	}
	r := Real()
	s = NewSleeper(r)
	s.Close()
	if err := s.SleepUntil(t.Context(), r.Now()+time.Millisecond); err != nil {
		t.Error(err)
	}
}

func BenchmarkSleeper(b *testing.B) {
	c := Real()
	for name, sleep := range map[string]func(context.Context, time.Duration) error{
		"kernel": NewSleeper(c).SleepUntil, "runtime": c.SleepUntil,
	} {
		b.Run(name, func(b *testing.B) {
			var late time.Duration
			for b.Loop() {
				at := c.Now() + 200*time.Microsecond
				if err := sleep(b.Context(), at); err != nil {
					b.Fatal(err)
				}
				late += c.Now() - at
			}
			b.ReportMetric(float64(late.Nanoseconds())/float64(b.N), "ns-late/op")
		})
	}
}
