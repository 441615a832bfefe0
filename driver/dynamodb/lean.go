package dynamodb

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"crossover/workload/op"
)

// A lean client sends the requests that the SDK's client sends and understands the same answers,
// without the SDK's middleware and net/http between: requests are written as bytes on a
// connection of the session's own, and answers are read on the caller's goroutine. Inputs,
// outputs, their JSON, error types, credentials, signer and retryer are the SDK's own; what is
// written here is the exchange of bytes, and the loop over attempts (aws-sdk-go-v2 v1.48.0,
// aws/retry/middleware.go).
type lean struct {
	s        *session
	protocol smithyhttp.ClientProtocol
	retryer  aws.RetryerV2
	signer   *signer
	wire     wire
	request  request
	answer   httpAnswer
	reply    smithyhttp.Response // what the SDK's deserializer reads
	body     bodyReader          // of reply
	signed   time.Time           // when the last attempt says that it was signed
}

func newLean(s *session) *lean {
	d := s.d
	l := &lean{
		s: s, protocol: d.options.Protocol, retryer: d.retryer, signer: newSigner(d.options.Region),
		wire: wire{dialer: d.dialer}, request: request{most: d.retryer.MaxAttempts()},
	}
	l.reply.Response = &http.Response{Header: http.Header{}, Body: &l.body}
	return l
}

// call performs one operation, with its attempts.
func (l *lean) call(ctx context.Context, schema *smithy.OperationSchema, in smithy.Serializable, out smithy.Deserializable) error {
	err := l.serialize(ctx, schema, in)
	if err == nil {
		err = l.attempts(ctx, schema, out)
	}
	if err != nil {
		return &smithy.OperationError{ServiceID: dynamodb.ServiceID, OperationName: schema.ID().Name, Err: err}
	}
	return nil
}

// serialize has the SDK write the request's body, and keeps it for all attempts.
func (l *lean) serialize(ctx context.Context, schema *smithy.OperationSchema, in smithy.Serializable) error {
	fresh := smithyhttp.NewStackRequest().(*smithyhttp.Request)
	if err := l.protocol.SerializeRequest(ctx, schema, in, fresh); err != nil {
		return &smithy.SerializationError{Err: err}
	}
	l.request.body.Reset()
	if stream := fresh.GetStream(); stream != nil {
		if _, err := l.request.body.ReadFrom(stream); err != nil {
			return &smithy.SerializationError{Err: err}
		}
	}
	l.request.target = fresh.Header.Get("X-Amz-Target")
	return l.request.fix()
}

// attempts performs attempts until one succeeds or may not be made again.
func (l *lean) attempts(ctx context.Context, schema *smithy.OperationSchema, out smithy.Deserializable) error {
	done := func(error) error { return nil } // gives the last retry's token back
	for n := 1; ; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		sent, err := l.retryer.GetAttemptToken(ctx)
		if err != nil {
			return fmt.Errorf("failed to get retry Send token, %w", err)
		}
		err = l.attempt(ctx, n, schema, out)
		if e := done(err); e != nil && err != nil {
			return fmt.Errorf("failed to release retry token after request error, %w", err)
		}
		if e := sent(err); e != nil && err != nil {
			return fmt.Errorf("failed to release initial token after request error, %w", err)
		}
		if err == nil {
			return nil
		}
		if done, err = l.again(ctx, n, err); err != nil {
			return err
		}
	}
}

// again decides whether a failed attempt is followed by another, and waits for it. It returns
// the operation's error when none is made.
func (l *lean) again(ctx context.Context, n int, err error) (done func(error) error, _ error) {
	c := l.s.d.clock
	err = l.s.d.skew.learn(err, l.signed, c.Wall(c.Now()), l.answer.date)
	if !l.retryer.IsErrorRetryable(err) {
		return nil, err
	}
	if most := l.retryer.MaxAttempts(); most > 0 && n >= most {
		return nil, &retry.MaxAttemptsError{Attempt: n, Err: err}
	}
	done, tokenErr := l.retryer.GetRetryToken(ctx, err)
	if tokenErr != nil {
		return nil, errors.Join(err, tokenErr)
	}
	delay, delayErr := l.retryer.RetryDelay(n, err)
	if delayErr != nil {
		return nil, delayErr
	}
	if err := c.SleepUntil(ctx, c.Now()+atLeast(delay, l.answer.retryAfter)); err != nil {
		return nil, &aws.RequestCanceledError{Err: err}
	}
	return done, nil
}

// retryAfterMost is how much longer than its own delay a client waits when the service asks it
// to (aws-sdk-go-v2 v1.48.0, aws/retry/middleware.go, x-amz-retry-after).
const retryAfterMost = 5 * time.Second

// atLeast returns the delay that the service asked for in milliseconds, within the SDK's bounds.
func atLeast(delay time.Duration, asked string) time.Duration {
	ms, err := strconv.ParseInt(asked, 10, 64)
	if err != nil || ms < 0 || ms > int64(time.Hour/time.Millisecond) {
		return delay
	}
	return min(max(time.Duration(ms)*time.Millisecond, delay), delay+retryAfterMost)
}

// attempt performs one attempt and adds it to the operation's outcome.
func (l *lean) attempt(ctx context.Context, n int, schema *smithy.OperationSchema, out smithy.Deserializable) error {
	s := l.s
	s.errors.body = s.errors.body[:0]
	start := s.d.clock.Now()
	err := l.exchange(ctx, start, n, schema, out)
	a := op.Attempt{Start: start, Latency: max(s.d.clock.Now()-start, 1)}
	var answered *http.Response
	if l.answer.status != 0 {
		answered = l.reply.Response
	}
	if err != nil {
		a.Class, a.Reason = classify(err, answered, s.errors.body)
	}
	s.out.Attempts = append(s.out.Attempts, a)
	if l.answer.partition >= 0 {
		s.out.Partition = l.answer.partition
	}
	return err
}

// exchange signs and sends the request, reads the answer and has the SDK decode it.
func (l *lean) exchange(ctx context.Context, start time.Duration, n int, schema *smithy.OperationSchema, out smithy.Deserializable) error {
	l.answer.reset()
	d := l.s.d
	credentials, err := d.options.Credentials.Retrieve(ctx)
	if err != nil {
		return fmt.Errorf("get identity: get credentials: %w", err)
	}
	if err = l.wire.open(ctx, d.cfg.Timeout); err == nil {
		l.request.attempt = n
		l.signed = d.clock.Wall(start).Add(d.skew.now())
		err = l.send(ctx, credentials)
	}
	if err != nil {
		err = l.broken(ctx, err)
		if l.answer.status == 0 {
			return err
		}
		return l.wrap(&smithy.DeserializationError{Err: err})
	}
	if !l.answer.intact() {
		return l.wrap(errChecksum)
	}
	l.reply.StatusCode = l.answer.status
	clear(l.reply.Header)
	if l.answer.errorType != "" {
		l.reply.Header.Set("X-Amzn-ErrorType", l.answer.errorType)
	}
	l.body.rest = l.answer.body
	if l.answer.status >= http.StatusBadRequest {
		l.s.errors.body = append(l.s.errors.body, l.answer.body[:min(len(l.answer.body), maxErrorBody)]...)
	}
	if err := l.protocol.DeserializeResponse(ctx, schema, dynamodb.TypeRegistry, &l.reply, out); err != nil {
		return l.wrap(err)
	}
	d.skew.heal(d.clock.Wall(start), l.answer.date)
	return nil
}

// send signs the request, and exchanges it for an answer.
func (l *lean) send(ctx context.Context, c aws.Credentials) error {
	to, err := l.wire.dialer.where(ctx)
	if err != nil {
		return err
	}
	if err := l.signer.write(ctx, &l.request, host(to), c, l.signed); err != nil {
		return &v4.SigningError{Err: err}
	}
	return l.wire.exchange(l.request.bytes, &l.answer)
}

// broken makes the SDK's error of what ended an exchange.
func (l *lean) broken(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return &smithy.CanceledError{Err: ctx.Err()}
	case isTimeout(err):
		return attemptTimeout(l.s.d.cfg.Timeout)
	case l.answer.status != 0:
		return err
	}
	var refused *v4.SigningError
	if errors.As(err, &refused) || errors.Is(err, errProxy) {
		return err // nothing was sent, and nothing would be the next time
	}
	return &smithyhttp.RequestSendError{Err: &url.Error{Op: "Post", URL: "/", Err: err}}
}

func isTimeout(err error) bool {
	var network net.Error
	return errors.As(err, &network) && network.Timeout()
}

// wrap says of an error that it is an answer's.
func (l *lean) wrap(err error) error {
	l.reply.StatusCode = l.answer.status
	kept := &http.Response{StatusCode: l.answer.status, Header: http.Header{}} // the error may outlive the next answer
	if l.answer.retryAfter != "" {
		kept.Header.Set("X-Amz-Retry-After", l.answer.retryAfter)
	}
	return &awshttp.ResponseError{
		ResponseError: &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: kept}, Err: err},
		RequestID:     l.answer.requestID,
	}
}

// errChecksum: the body is not the one whose checksum the service sent. The SDK's client
// computes it too, and only logs that it differs.
var errChecksum error = checksumError{}

type checksumError struct{}

func (checksumError) Error() string {
	return "the answer's body does not have the checksum of its header X-Amz-Crc32"
}

// RetryableError tells the retryer to try again.
func (checksumError) RetryableError() bool { return true }

// A bodyReader is an answer's body as the SDK reads it.
type bodyReader struct{ rest []byte }

func (b *bodyReader) Read(p []byte) (int, error) {
	if len(b.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// WriteTo saves the SDK's buffer a copy in pieces.
func (b *bodyReader) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(b.rest)
	b.rest = nil
	return int64(n), err
}

// Close does nothing: the answer has been read.
func (*bodyReader) Close() error { return nil }

// uuid appends a random version 4 UUID, as the SDK's invocation IDs and tokens are.
func uuid(to []byte) ([]byte, error) {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		return to, err
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	for i, part := range [][]byte{b[:4], b[4:6], b[6:8], b[8:10], b[10:]} {
		if i > 0 {
			to = append(to, '-')
		}
		to = hex.AppendEncode(to, part)
	}
	return to, nil
}
