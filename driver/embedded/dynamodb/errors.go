package dynamodb

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"crossover/costmodel/partition"
	"crossover/driver/embedded/dynamodb/attribute"
	"crossover/driver/embedded/dynamodb/wire"
)

// The namespaces that errors' types carry (AWS DynamoDB Developer Guide, "Error handling with
// DynamoDB"; those of the front end as the service was seen to answer).
const (
	serviceSpace  = "com.amazonaws.dynamodb.v20120810#"
	frontSpace    = "com.amazon.coral.service#"
	validateSpace = "com.amazon.coral.validate#"
)

// An apiError is an error of the API, as it is answered.
type apiError struct {
	status  int
	space   string
	name    string
	message string
	reasons []throttlingReason
	item    attribute.Stored // of a failed condition, where it was asked for

	cancelled []cancellation // of a transaction, in the order of its items
}

// A throttlingReason is an element of ThrottlingReasons (API Reference, ThrottlingReason).
type throttlingReason struct {
	Reason   string `json:"reason"`
	Resource string `json:"resource"`
}

func (e *apiError) Error() string { return e.name + ": " + e.message }

// body returns the error's JSON.
func (e *apiError) body(dst []byte) []byte {
	dst = append(dst, `{"__type":`...)
	dst = appendJSON(dst, e.space+e.name)
	if e.message != "" {
		member := "message"
		if e.space == frontSpace || e.cancelled != nil {
			member = "Message"
		}
		dst = append(append(append(dst, `,"`...), member...), `":`...)
		dst = appendJSON(dst, e.message)
	}
	if e.reasons != nil {
		// AWS's own model spells the member with a small t in this one of three exceptions
		// (aws-sdk-go-v2, service/dynamodb/schemas).
		member := `,"ThrottlingReasons":`
		if e.name == "ThrottlingException" {
			member = `,"throttlingReasons":`
		}
		dst = append(dst, member...)
		dst = appendJSON(dst, e.reasons)
	}
	if e.item != nil {
		dst = append(dst, `,"Item":`...)
		dst = e.item.AppendJSON(dst)
	}
	if e.cancelled != nil {
		dst = appendCancelled(dst, e.cancelled)
	}
	return append(dst, '}')
}

// throttle reports whether a request was refused for want of capacity.
func (e *apiError) throttle() bool {
	for _, x := range e.cancelled {
		if x.throttle {
			return true
		}
	}
	return e.reasons != nil
}

// appendJSON appends a value of our own types, all of which encode.
func appendJSON(dst []byte, v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic("embedded DynamoDB: an answer that JSON cannot hold: " + err.Error())
	}
	return append(dst, text...)
}

// conditionFailed is the exception that is an answer rather than an error: it has a metric of
// its own, and is no UserError.
const conditionFailed = "ConditionalCheckFailedException"

func failure(name, format string, args ...any) *apiError {
	return &apiError{status: http.StatusBadRequest, space: serviceSpace, name: name, message: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) *apiError {
	e := failure("ValidationException", format, args...)
	e.space = validateSpace
	return e
}

// unfit is the message of a member that fails one of its constraints; place is its name with a
// small first letter.
func unfit(value, place, constraint string) *apiError {
	if value != "null" {
		value = "'" + value + "'"
	}
	return invalid("1 validation error detected: Value %s at '%s' failed to satisfy constraint: "+
		"%s", value, place, constraint)
}

// notModelled refuses what the real service does and this server does not: it is never ignored.
func notModelled(what string) *apiError {
	return invalid("crossover's embedded DynamoDB does not model %s yet", what)
}

func unknownOperation() *apiError {
	return &apiError{status: http.StatusBadRequest, space: frontSpace, name: "UnknownOperationException"}
}

func serialization(message string) *apiError {
	return &apiError{status: http.StatusBadRequest, space: frontSpace, name: "SerializationException", message: message}
}

func internal() *apiError {
	e := failure("InternalServerError", "Internal server error")
	e.status = http.StatusInternalServerError
	return e
}

func notFound() *apiError {
	return failure("ResourceNotFoundException", "Requested resource not found")
}

func inUse(format string, args ...any) *apiError {
	return failure("ResourceInUseException", format, args...)
}

// asAPI returns an error as the API would answer it.
func asAPI(err error) *apiError {
	var api *apiError
	var wrong wire.TypeError
	var refused attribute.Invalid // in the service's words
	switch {
	case errors.As(err, &api):
		return api
	case errors.As(err, &wrong):
		return serialization(wrong.Error())
	case errors.Is(err, wire.ErrSyntax):
		return serialization("")
	case errors.As(err, &refused):
		return invalid("%s", refused)
	}
	return internal()
}

// The throttles' messages, as the service was seen to send them.
const (
	provisionedMessage = "The level of configured provisioned throughput for the table was exceeded. " +
		"Consider increasing your provisioning level with the UpdateTable API."
	onDemandMessage = "Throughput exceeds the current capacity of your table or index. DynamoDB is " +
		"automatically scaling " +
		"your table or index so please try again shortly. If exceptions persist, check if you have a hot key: " +
		"https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html"
	maximumMessage = "Throughput exceeds the maximum OnDemandThroughput configured on table or index"
	accountMessage = "Throughput exceeds the current throughput limit for your account. " +
		"Please contact AWS Support to request a limit increase."
)

// throttled returns the exception of a refused request: which one follows from the table's
// mode and the cause (Developer Guide, "Diagnosing throttling issues"; for a key range of an
// on-demand table, the exception that users report).
func throttled(t *table, d partition.Decision, provisioned bool) *apiError {
	name, message := "ThrottlingException", onDemandMessage
	switch {
	case d.Cause == partition.Account:
		name, message = "RequestLimitExceeded", accountMessage
	case provisioned:
		name, message = "ProvisionedThroughputExceededException", provisionedMessage
	case d.Cause == partition.MaxOnDemand:
		message = maximumMessage
	}
	e := failure(name, "%s", message)
	e.reasons = []throttlingReason{{Reason: d.Reason(false), Resource: t.arn}}
	return e
}
