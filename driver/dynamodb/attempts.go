package dynamodb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"crossover/workload/op"
)

// observe puts the session's steps into the SDK's middleware: one behind "Retry", which runs
// once an attempt, and one that keeps the body of an error before the SDK has read it.
func (s *session) observe(stack *middleware.Stack) error {
	if err := stack.Finalize.Insert(s, "Retry", middleware.After); err != nil {
		return err
	}
	return stack.Deserialize.Insert(&s.errors, "OperationDeserializer", middleware.After)
}

// ID names the step.
func (s *session) ID() string { return "CrossoverAttempt" }

// HandleFinalize performs one attempt and adds it to the operation's outcome.
func (s *session) HandleFinalize(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	middleware.FinalizeOutput, middleware.Metadata, error,
) {
	s.errors.body = s.errors.body[:0]
	start := s.d.clock.Now()
	out, meta, err := limited(ctx, s.d.cfg.Timeout, in, next)
	a := op.Attempt{Start: start, Latency: max(s.d.clock.Now()-start, 1)}
	answer := answerOf(meta)
	if err != nil {
		a.Class, a.Reason = classify(err, answer, s.errors.body)
	}
	s.out.Attempts = append(s.out.Attempts, a)
	if answer != nil {
		s.d.seen.see(answer)
		if id, atoiErr := strconv.Atoi(answer.Header.Get(partitionHeader)); atoiErr == nil {
			s.out.Partition = id
		}
	}
	return out, meta, err
}

// limited performs an attempt within the timeout. An attempt that took longer is an error that
// the SDK may retry, unlike the end of the operation's own context.
func limited(ctx context.Context, timeout time.Duration, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	middleware.FinalizeOutput, middleware.Metadata, error,
) {
	attempt, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	out, meta, err := next.HandleFinalize(attempt, in)
	if err != nil && ctx.Err() == nil && errors.Is(attempt.Err(), context.DeadlineExceeded) {
		err = attemptTimeout(timeout)
	}
	return out, meta, err
}

// An attemptTimeout is an attempt that was not answered in time.
type attemptTimeout time.Duration

func (t attemptTimeout) Error() string {
	return fmt.Sprintf("no answer within %v", time.Duration(t))
}

// Timeout marks it for net.Error's users.
func (attemptTimeout) Timeout() bool { return true }

// RetryableError tells the SDK to try again.
func (attemptTimeout) RetryableError() bool { return true }

// A controlAttempt is the same step for requests that are not operations: it applies the
// timeout, and learns who answers.
type controlAttempt struct{ d *Driver }

func (*controlAttempt) ID() string { return "CrossoverAttempt" }

func (c *controlAttempt) HandleFinalize(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	middleware.FinalizeOutput, middleware.Metadata, error,
) {
	out, meta, err := limited(ctx, c.d.cfg.Timeout, in, next)
	c.d.seen.see(answerOf(meta))
	if err != nil {
		if class, _ := classOf(err); class == op.Throttled {
			c.d.load.throttles.Add(1)
		}
	}
	return out, meta, err
}

// maxErrorBody bounds what is kept of an error's body; DynamoDB's are below 4 KiB.
const maxErrorBody = 64 << 10

// An errorBody keeps the body of an answer that is an error. The SDK's types would do for
// ProvisionedThroughputExceededException, but they miss the reasons of a ThrottlingException
// that spells the member as the other exceptions do.
type errorBody struct{ body []byte }

// ID names the step.
func (*errorBody) ID() string { return "CrossoverErrorBody" }

// HandleDeserialize copies the body of an error and leaves it to be read again.
func (e *errorBody) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	middleware.DeserializeOutput, middleware.Metadata, error,
) {
	out, meta, err := next.HandleDeserialize(ctx, in)
	answer, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok || answer.StatusCode < http.StatusBadRequest {
		return out, meta, err
	}
	buffer := bytes.NewBuffer(e.body[:0])
	if _, err := io.Copy(buffer, io.LimitReader(answer.Body, maxErrorBody)); err != nil {
		return out, meta, err
	}
	e.body = buffer.Bytes()
	answer.Body = &rejoined{Reader: io.MultiReader(bytes.NewReader(e.body), answer.Body), Closer: answer.Body}
	return out, meta, nil
}

// rejoined is a body that has been read in part.
type rejoined struct {
	io.Reader
	io.Closer
}
