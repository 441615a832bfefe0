package dynamodb

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"crossover/workload/op"
)

// replyJSON answers with a JSON body.
func replyJSON(w http.ResponseWriter, status int, body string) bool {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // the client sees what is missing
	return true
}

// What a batch leaves unprocessed is sent again by itself, and each attempt that left something
// is a throttled one: the request is one, the attempts are all there, and units are those of all
// answers.
func TestUnprocessedItems(t *testing.T) { eachClient(t, "batches", testUnprocessed) }

func testUnprocessed(t *testing.T, client string) {
	withCredentials(t)
	sc := scenario(t, "{items: 20, size: 300B}",
		"  operations: {batch_read: 50%, batch_write: 50%}\n  batch_read: {items: 3}\n  batch_write: {items: 3}")
	for _, c := range []struct {
		name     string
		kind     op.Kind
		call     string
		leaves   int // how many answers leave one item
		class    op.Class
		attempts []op.Class
		items    int
	}{
		{"read, once", op.BatchRead, "BatchGetItem", 1, op.OK, []op.Class{op.Throttled, op.OK}, 3},
		{"read, for ever", op.BatchRead, "BatchGetItem", 99, op.Throttled, []op.Class{op.Throttled, op.Throttled, op.Throttled}, 2},
		{"write, twice", op.BatchWrite, "BatchWriteItem", 2, op.OK, []op.Class{op.Throttled, op.Throttled, op.OK}, 3},
		{"write, at once", op.BatchWrite, "BatchWriteItem", 0, op.OK, []op.Class{op.OK}, 3},
	} {
		f := start(t, sc, quick+client)
		var asked []int
		f.onCall(c.call, func(w http.ResponseWriter, r *http.Request, n int) bool {
			return replyJSON(w, http.StatusOK, leaving(t, r, c.call, n <= c.leaves, &asked))
		})
		s, err := f.driver.Session(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		o, out := new(op.Op), new(op.Outcome)
		for i := uint64(0); o.Kind != c.kind; i++ {
			f.stream.At(i, o)
		}
		s.Do(t.Context(), o, out)
		var classes []op.Class
		for _, a := range out.Attempts {
			classes = append(classes, a.Class)
			if a.Class == op.Throttled && a.Reason != reasonUnprocessed {
				t.Errorf("%s: a throttled attempt's reason is %q", c.name, a.Reason)
			}
		}
		if out.Class != c.class || out.Requests != 1 || out.Items != c.items || !slices.Equal(classes, c.attempts) {
			t.Errorf("%s: %v, %d requests, %d items, attempts %v; want %v, 1, %d, %v", c.name, out.Class, out.Requests, out.Items, classes, c.class, c.items, c.attempts)
		}
		if (out.Err == nil) != out.Class.Success() || (out.Reason == "") != (c.leaves == 0) {
			t.Errorf("%s: error %v, reason %q", c.name, out.Err, out.Reason)
		}
		if got := out.ReadUnits + out.WriteUnits; got != float64(len(c.attempts)) {
			t.Errorf("%s: %g units of %d answers with one each", c.name, got, len(c.attempts))
		}
		for n, items := range asked {
			if want := map[bool]int{true: 3, false: 1}[n == 0]; items != want {
				t.Errorf("%s: attempt %d asks for %d items, want %d", c.name, n+1, items, want)
			}
		}
	}
}

// leaving answers a batch, and leaves its first item unprocessed if it is to.
func leaving(t *testing.T, r *http.Request, call string, leave bool, asked *[]int) string {
	var in struct{ RequestItems map[string]json.RawMessage }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		t.Error(err)
	}
	table, list := "", []json.RawMessage{}
	for name, raw := range in.RequestItems {
		table = name
		if call == "BatchWriteItem" {
			err := json.Unmarshal(raw, &list)
			if err != nil {
				t.Error(err)
			}
			continue
		}
		var keys struct{ Keys []json.RawMessage }
		if err := json.Unmarshal(raw, &keys); err != nil {
			t.Error(err)
		}
		list = keys.Keys
	}
	*asked = append(*asked, len(list))
	done, left := list, ""
	if leave {
		done, left = list[1:], string(list[0])
	}
	capacity := fmt.Sprintf(`"ConsumedCapacity":[{"TableName":%q,"CapacityUnits":1}]`, table)
	if call == "BatchWriteItem" {
		if left != "" {
			left = fmt.Sprintf(`%q:[%s]`, table, left)
		}
		return fmt.Sprintf(`{%s,"UnprocessedItems":{%s}}`, capacity, left)
	}
	if left != "" {
		left = fmt.Sprintf(`%q:{"Keys":[%s]}`, table, left)
	}
	found, err := json.Marshal(done) // a key is an item as good as any
	if err != nil {
		t.Error(err)
	}
	return fmt.Sprintf(`{%s,"Responses":{%q:%s},"UnprocessedKeys":{%s}}`, capacity, table, found, left)
}

// A cancelled transaction is what its reasons say: a condition before all else, since it would
// not hold at the next attempt either.
func TestCancellations(t *testing.T) {
	for _, c := range []struct {
		reasons []string
		class   op.Class
		reason  string
	}{
		{[]string{"None", "ConditionalCheckFailed"}, op.ConditionFailed, "ConditionalCheckFailed"},
		{[]string{"TransactionConflict", "ThrottlingError", "ConditionalCheckFailed"}, op.ConditionFailed, "ConditionalCheckFailed"},
		{[]string{"TransactionConflict", "ThrottlingError"}, op.Throttled, "ThrottlingError"},
		{[]string{"ProvisionedThroughputExceeded", "None"}, op.Throttled, "ProvisionedThroughputExceeded"},
		{[]string{"None", "TransactionConflict"}, op.Overload, "TransactionConflict"},
		{[]string{"ValidationError", "TransactionConflict"}, op.Failed, "ValidationError"},
		{nil, op.Failed, transactionCanceled},
	} {
		err := &types.TransactionCanceledException{}
		for _, r := range c.reasons {
			err.CancellationReasons = append(err.CancellationReasons, types.CancellationReason{Code: aws.String(r)})
		}
		if class, reason := classifyAnswer(fmt.Errorf("wrapped: %w", err), http.StatusBadRequest, nil); class != c.class || reason != c.reason {
			t.Errorf("%v: %v, %s; want %v, %s", c.reasons, class, reason, c.class, c.reason)
		}
	}
	if class, reason := classifyAnswer(&types.TransactionConflictException{}, http.StatusBadRequest, nil); class != op.Overload || reason != reasonConflict {
		t.Errorf("a conflict with a transaction is %v, %s", class, reason)
	}
}

// Each transaction has a token of its own, in all sessions, and all attempts of one have the same.
func TestTokensOfTransactions(t *testing.T) { eachClient(t, "tokens", testTokens) }

func testTokens(t *testing.T, client string) {
	withCredentials(t)
	sc := scenario(t, "{items: 20, size: 300B}", "  operations: {transact_write: 100%}\n  transact_write: {items: 2}")
	f := start(t, sc, quick+client)
	var tokens []string
	f.onCall("TransactWriteItems", func(w http.ResponseWriter, r *http.Request, n int) bool {
		var in struct{ ClientRequestToken string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || len(in.ClientRequestToken) == 0 || len(in.ClientRequestToken) > 36 {
			t.Errorf("token %q, %v", in.ClientRequestToken, err)
		}
		tokens = append(tokens, in.ClientRequestToken)
		if n%2 == 1 {
			return replyJSON(w, http.StatusInternalServerError, `{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"again"}`)
		}
		return replyJSON(w, http.StatusOK, `{}`)
	})
	for i := range uint64(4) {
		if _, out := f.do(t, i); out.Class != op.OK || len(out.Attempts) != 2 || out.Items != 2 { // on a session of its own
			t.Fatalf("%v of %d items in %d attempts (%v)", out.Class, out.Items, len(out.Attempts), out.Err)
		}
	}
	for i := 0; i < len(tokens); i += 2 {
		if tokens[i] != tokens[i+1] {
			t.Errorf("two attempts of one transaction have the tokens %s and %s", tokens[i], tokens[i+1])
		}
		if slices.Contains(tokens[i+2:], tokens[i]) {
			t.Errorf("two transactions have the token %s", tokens[i])
		}
	}
}
