package dynamodb

import (
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

// retryer returns the SDK's standard retryer. All sessions share it, and with it the quota.
func retryer(r Retries, seed uint64) aws.RetryerV2 {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = r.Attempts
		o.MaxBackoff = r.Max
		o.BaseDelay = r.Base
		if r.ThrottleBase != sdkThrottleBase {
			o.Backoff = newBackoff(r, seed)
		}
		if !r.Quota {
			o.RateLimiter = ratelimit.None
		}
	})
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
