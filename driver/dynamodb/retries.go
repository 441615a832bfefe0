package dynamodb

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// sdkThrottleBase is the standard retryer's base after a throttle, which it has no option for
// (aws-sdk-go-v2 v1.48.0, aws/retry/jitter_backoff.go).
const sdkThrottleBase = time.Second

// newRetryer returns the SDK's retryer, standard or adaptive. All sessions share it, and with it the
// quota and what adaptive mode has learnt.
func (d *Driver) newRetryer() aws.RetryerV2 {
	if d.cfg.Retries.Mode != modeAdaptive {
		return standardRetryer(d.cfg.Retries, d.sc.Seed)
	}
	return &adaptive{d: d, RetryerV2: retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
		o.StandardOptions = append(o.StandardOptions, standardOptions(d.cfg.Retries, d.sc.Seed))
	})}
}

// standardRetryer returns the SDK's standard retryer.
func standardRetryer(r Retries, seed uint64) aws.RetryerV2 {
	return retry.NewStandard(standardOptions(r, seed))
}

// standardOptions are the scenario's.
func standardOptions(r Retries, seed uint64) func(*retry.StandardOptions) {
	return func(o *retry.StandardOptions) {
		o.MaxAttempts = r.Attempts
		o.MaxBackoff = r.Max
		o.BaseDelay = r.Base
		if r.ThrottleBase != sdkThrottleBase {
			o.Backoff = newBackoff(r, seed)
		}
		if !r.Quota {
			o.RateLimiter = ratelimit.None
		}
	}
}

// An adaptive retryer is the SDK's adaptive mode, whose delays are added up: it holds attempts
// back in the client, first ones too, once it has seen throttles. Those delays are part of the
// operations' response and service times, and of no attempt's latency.
type adaptive struct {
	aws.RetryerV2
	d *Driver
}

// shortestDelay is from where on a delay counts: below it is what asking takes.
const shortestDelay = 100 * time.Microsecond

// GetAttemptToken waits until adaptive mode lets an attempt through.
func (a *adaptive) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	start := a.d.clock.Now()
	release, err := a.RetryerV2.GetAttemptToken(ctx)
	if delay := a.d.clock.Now() - start; delay >= shortestDelay {
		a.d.delays.Add(1)
		a.d.delayed.Add(int64(delay))
	}
	return release, err
}

// A backoff waits as the SDK's standard retryer does, but for its base after a throttle.
type backoff struct {
	r        Retries
	throttle retry.IsErrorThrottles
	mu       sync.Mutex
	random   *rand.Rand
}

func newBackoff(r Retries, seed uint64) *backoff {
	const stream = 0x6261636b6f6666 // keeps these draws apart from others of the same seed
	return &backoff{r: r, throttle: retry.DefaultThrottles, random: rand.New(rand.NewPCG(seed, stream))}
}

// BackoffDelay returns a random share of base × 2^(attempt−1), which it cuts at Max before.
func (b *backoff) BackoffDelay(attempt int, err error) (time.Duration, error) {
	base := b.r.Base
	if b.throttle.IsErrorThrottle(err) == aws.TrueTernary {
		base = b.r.ThrottleBase
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	whole := math.Min(float64(base)*math.Pow(2, float64(max(attempt, 1)-1)), float64(b.r.Max))
	return time.Duration(b.random.Float64() * whole), nil
}
