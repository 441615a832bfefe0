package dynamodb

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"pgregory.net/rapid"

	"crossover/workload/op"
)

// A wait is a random share of base × 2^(n−1), cut at the most before.
func TestBackoff(t *testing.T) {
	throttled, other := error(&types.ThrottlingException{}), errors.New("reset")
	rapid.Check(t, func(r *rapid.T) {
		base := time.Duration(rapid.Int64Range(1, 1e9).Draw(r, "base"))
		throttle := time.Duration(rapid.Int64Range(1, 1e9).Draw(r, "throttle_base"))
		most := max(base, throttle) + time.Duration(rapid.Int64Range(0, 1e9).Draw(r, "more"))
		b := newBackoff(Retries{Base: base, ThrottleBase: throttle, Max: most}, rapid.Uint64().Draw(r, "seed"))
		attempt := rapid.IntRange(1, 40).Draw(r, "attempt")
		for err, from := range map[error]time.Duration{throttled: throttle, other: base} {
			got, delayErr := b.BackoffDelay(attempt, err)
			limit := most
			if attempt < 31 && from<<(attempt-1) < most {
				limit = from << (attempt - 1)
			}
			if delayErr != nil || got < 0 || got > limit {
				r.Fatalf("attempt %d after %v waits %v, at most %v expected", attempt, err, got, limit)
			}
		}
	})
}

// The retryer's waits are the SDK's own until its base after a throttle is changed.
func TestRetryerBases(t *testing.T) {
	own := Retries{Attempts: 3, Base: time.Nanosecond, ThrottleBase: time.Second, Max: 20 * time.Second, Quota: true}
	changed := own
	changed.ThrottleBase = time.Nanosecond
	longest := func(r Retries) (most time.Duration) {
		for range 64 {
			d, err := standardRetryer(r, 1).RetryDelay(1, &types.ThrottlingException{})
			if err != nil {
				t.Fatal(err)
			}
			most = max(most, d)
		}
		return most
	}
	if d := longest(own); d < time.Millisecond || d > time.Second {
		t.Errorf("after a throttle the SDK waits %v at most, expected about a second", d)
	}
	if d := longest(changed); d > time.Nanosecond {
		t.Errorf("with a base of 1ns it waits %v", d)
	}
	if n := standardRetryer(own, 1).MaxAttempts(); n != 3 {
		t.Errorf("%d attempts", n)
	}
}

// After throttles adaptive mode holds first attempts back: that is in the operation's time and in
// the driver's counters, not in an attempt's latency, and the manifest says so. Both clients.
func TestAdaptive(t *testing.T) {
	eachClient(t, "adaptive", func(t *testing.T, client string) {
		f := start(t, scenario(t, small, writes), "retries: {mode: adaptive, attempts: 1, base: 1us, throttle_base: 1us}"+client)
		f.onCall("PutItem", func(w http.ResponseWriter, _ *http.Request, _ int) bool {
			throttle(w, keyRange)
			return true
		})
		d := f.driver.(*Driver)
		var inside, outside time.Duration
		for i := uint64(0); d.delays.Load() == 0; i++ {
			if i > 20 {
				t.Fatal("twenty throttles held nothing back")
			}
			before := d.clock.Now()
			_, out := f.do(t, i)
			outside = d.clock.Now() - before
			if out.Class != op.Throttled || len(out.Attempts) != 1 {
				t.Fatalf("%v, attempts %v", out.Class, out.Attempts)
			}
			inside = out.Attempts[0].Latency
		}
		delay := time.Duration(d.delayed.Load())
		if outside < inside+delay {
			t.Errorf("an operation of %v with an attempt of %v was held back for %v", outside, inside, delay)
		}
		sample, err := d.Sample(t.Context())
		if err != nil || sample.Counters[clientDelays] != 1 || sample.Counters[clientDelaySeconds] != delay.Seconds() {
			t.Errorf("%v, %v", sample.Counters, err)
		}
		about, err := d.Describe(t.Context())
		if err != nil || len(about.Warnings) != 1 || !strings.Contains(about.Warnings[0], "holds attempts back") || !strings.HasPrefix(about.Settings["retries"], "SDK adaptive, 1 attempt;") {
			t.Errorf("%q, %q, %v", about.Warnings, about.Settings["retries"], err)
		}
	})
}
