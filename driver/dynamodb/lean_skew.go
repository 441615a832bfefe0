package dynamodb

import (
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/aws/smithy-go"
)

// skewThreshold is from where on a difference between the clocks is what a refused signature is
// put down to (aws-sdk-go-v2 v1.48.0, aws/retry/middleware.go).
const skewThreshold = 4 * time.Minute

// skewCodes are the errors that a wrong clock may have caused (as above, clockSkewCodes).
var skewCodes = map[string]bool{
	"InvalidSignatureException": true, "SignatureDoesNotMatch": true, "AuthFailure": true,
	"RequestTimeTooSkewed": true, "AccessDeniedException": true,
}

// A skew is how far the service's clock is ahead of this host's, where that matters. All
// sessions share it.
type skew struct{ ns atomic.Int64 }

func (s *skew) now() time.Duration { return time.Duration(s.ns.Load()) }

// learn looks at an attempt's error. One that the clocks' difference explains is made one that
// is tried again, with the difference made up for. signed is the time of the signature, date
// what the answer says is the time, local what this host does.
func (s *skew) learn(err error, signed, local time.Time, date string) error {
	var api smithy.APIError
	if date == "" || !errors.As(err, &api) || !skewCodes[api.ErrorCode()] {
		return err
	}
	at, parseErr := http.ParseTime(date)
	if parseErr != nil {
		return err
	}
	if off := at.Sub(signed); off < skewThreshold && off > -skewThreshold {
		return err
	}
	s.ns.Store(int64(at.Sub(local)))
	return &skewError{err}
}

// heal brings the difference up to date when one has been made up for and the service answers.
func (s *skew) heal(local time.Time, date string) {
	if s.ns.Load() == 0 {
		return
	}
	if at, err := http.ParseTime(date); err == nil {
		s.ns.Store(int64(at.Sub(local)))
	}
}

// A skewError is an error that another signature time may end.
type skewError struct{ error }

// Unwrap returns what it covers.
func (e *skewError) Unwrap() error { return e.error }

// RetryableError tells the retryer to try again.
func (*skewError) RetryableError() bool { return true }
