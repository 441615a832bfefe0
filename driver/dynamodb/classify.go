package dynamodb

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"crossover/workload/op"
)

// Reasons of failures for which the service has no name.
const (
	reasonContext    = "ContextEnded"
	reasonTimeout    = "AttemptTimeout"
	reasonReset      = "ConnectionReset"
	reasonRefused    = "ConnectionRefused"
	reasonClosed     = "ConnectionClosed"
	reasonName       = "NameNotResolved"
	reasonNetwork    = "NetworkError"
	reasonCredential = "NoCredentials"
	reasonClient     = "ClientError" // the SDK refused to send it
	reasonAnswer     = "MalformedAnswer"
	reasonChecksum   = "ChecksumMismatch"
)

const conditionFailed = "ConditionalCheckFailedException"

// classify says what a failed attempt's error means. answer and body are those of the error's
// HTTP answer, if there was one.
func classify(err error, answer *http.Response, body []byte) (op.Class, string) {
	if answer != nil {
		return classifyAnswer(err, answer.StatusCode, body)
	}
	var timeout attemptTimeout
	var network net.Error
	var name *net.DNSError
	switch {
	case errors.As(err, &timeout):
		return op.Timeout, reasonTimeout
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return op.Timeout, reasonContext
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return op.Failed, reasonReset
	case errors.Is(err, syscall.ECONNREFUSED):
		return op.Failed, reasonRefused
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		strings.Contains(err.Error(), "server closed idle connection"):
		return op.Failed, reasonClosed
	case errors.As(err, &name):
		return op.Failed, reasonName
	case errors.As(err, &network) && network.Timeout():
		return op.Timeout, reasonTimeout
	case errors.As(err, &network):
		return op.Failed, reasonNetwork
	case strings.Contains(err.Error(), "credentials"):
		return op.Failed, reasonCredential
	}
	return op.Failed, reasonClient
}

// classOf classifies an error of a call whose attempts were not looked at one by one.
func classOf(err error) (op.Class, string) {
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) && answer.HTTPStatusCode() != 0 {
		return classifyAnswer(err, answer.HTTPStatusCode(), nil)
	}
	return classify(err, nil, nil)
}

// classifyAnswer goes by the service's error code, and by the status where there is none.
func classifyAnswer(err error, status int, body []byte) (op.Class, string) {
	var timeout attemptTimeout
	if errors.As(err, &timeout) { // the answer began, and did not end
		return op.Timeout, reasonTimeout
	}
	if errors.Is(err, errChecksum) {
		return op.Failed, reasonChecksum
	}
	var api smithy.APIError
	named := errors.As(err, &api) && api.ErrorCode() != "UnknownError"
	switch {
	case named && api.ErrorCode() == conditionFailed:
		return op.ConditionFailed, conditionFailed
	case named && api.ErrorCode() == transactionCanceled:
		return classifyCancellation(err)
	case named && api.ErrorCode() == transactionConflict:
		return op.Overload, reasonConflict
	case named && isThrottle(api.ErrorCode()):
		return op.Throttled, throttlingReason(body, api.ErrorCode())
	case named && status >= http.StatusInternalServerError:
		return op.Overload, api.ErrorCode()
	case named:
		return op.Failed, api.ErrorCode()
	case status >= http.StatusInternalServerError:
		return op.Overload, "HTTP" + strconv.Itoa(status)
	case status == http.StatusTooManyRequests:
		return op.Throttled, "HTTP" + strconv.Itoa(status)
	case status >= http.StatusMultipleChoices:
		return op.Failed, "HTTP" + strconv.Itoa(status)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return op.Timeout, reasonContext
	case errors.Is(err, syscall.ECONNRESET):
		return op.Failed, reasonReset
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return op.Failed, reasonClosed
	}
	return op.Failed, reasonAnswer
}

// isThrottle goes by the SDK's own list, so that what it retries as a throttle counts as one.
func isThrottle(code string) bool {
	_, ok := retry.DefaultThrottleErrorCodes[code]
	return ok
}

// maxReason bounds a reason: the service's are below 50 characters.
const maxReason = 80

// throttlingReason returns the first of the reasons in a throttling error's body (AWS DynamoDB
// API Reference, ThrottlingReason), or the error's code where there is none. The member is
// ThrottlingReasons in two exceptions and throttlingReasons in the third: both are taken.
func throttlingReason(body []byte, code string) string {
	var said struct {
		ThrottlingReasons []struct {
			Reason string `json:"reason"`
		} `json:"throttlingReasons"`
	}
	if json.Unmarshal(body, &said) != nil {
		return code // an error code without reasons, or no JSON at all
	}
	for _, r := range said.ThrottlingReasons {
		if r.Reason != "" && len(r.Reason) <= maxReason && isWord(r.Reason) {
			return r.Reason
		}
	}
	return code
}

// isWord keeps what is no name out of the reasons, which are counted and printed.
func isWord(s string) bool {
	for _, r := range s {
		if (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' {
			return false
		}
	}
	return s != ""
}
