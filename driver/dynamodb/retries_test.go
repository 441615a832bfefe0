package dynamodb

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"pgregory.net/rapid"
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
			d, err := retryer(r, 1).RetryDelay(1, &types.ThrottlingException{})
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
	if n := retryer(own, 1).MaxAttempts(); n != 3 {
		t.Errorf("%d attempts", n)
	}
}
