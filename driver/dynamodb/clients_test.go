package dynamodb

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/document"
	"github.com/aws/smithy-go/middleware"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"crossover/driver/clock"
	"crossover/workload/op"
)

// bothClients are the values of a target's `client`.
var bothClients = []string{clientSDK, clientLean}

// A sent is what a server saw of a request, as far as two clients must agree on it.
type sent struct {
	Method, Path, Proto, Host string
	Header                    map[string][]string
	Signed                    string // the headers under the signature
	Scope                     string // of the credential, but for the day
	Body                      any
}

var (
	day       = regexp.MustCompile(`/20\d{6}/`)
	timestamp = regexp.MustCompile(`^20\d{6}T\d{6}Z$`)
	anyUUID   = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
)

// seen describes a request. What is random or the time is checked for its shape and replaced.
func seen(t testing.TB, r *http.Request, body []byte) sent {
	s := sent{Method: r.Method, Path: r.URL.RequestURI(), Proto: r.Proto, Host: r.Host, Header: map[string][]string{}}
	for name, value := range r.Header {
		switch name {
		case "User-Agent": // not under the signature, and each says what it is
			continue
		case "Authorization":
			parts := strings.Split(value[0], ", ")
			s.Scope, s.Signed = day.ReplaceAllString(parts[0], "/DAY/"), parts[1]
			continue
		case "Amz-Sdk-Invocation-Id":
			if !anyUUID.MatchString(value[0]) {
				t.Errorf("invocation %q", value[0])
			}
			value = []string{"UUID"}
		case "X-Amz-Date":
			if !timestamp.MatchString(value[0]) {
				t.Errorf("date %q", value[0])
			}
			value = []string{"DATE"}
		}
		s.Header[name] = value
	}
	// The length may differ with the order of members; that it is the body's net/http has checked.
	s.Header["Content-Length"] = []string{strconv.FormatBool(r.ContentLength == int64(len(body)))}
	if err := json.Unmarshal(body, &s.Body); err != nil {
		t.Errorf("body %q: %v", body, err)
	}
	if m, ok := s.Body.(map[string]any); ok {
		if token, ok := m["ClientRequestToken"].(string); ok && anyUUID.MatchString(token) {
			m["ClientRequestToken"] = "UUID"
		}
	}
	return s
}

// record lets a standin write down what is sent for operations on items, and then has hook
// answer.
func record(t testing.TB, s *standin, hook func(w http.ResponseWriter, r *http.Request, name string, n int) bool) *[]sent {
	list, mu := new([]sent), new(sync.Mutex)
	counts := map[string]int{}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = func(w http.ResponseWriter, r *http.Request, name string, _ int) bool {
		if !isData(name) {
			return false
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return true // the client has gone
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		mu.Lock()
		*list = append(*list, seen(t, r, body))
		counts[name]++
		n := counts[name]
		mu.Unlock()
		return hook != nil && hook(w, r, name, n)
	}
	return list
}

// outcomeOf is an outcome without what two runs of the same must differ in.
func outcomeOf(out *op.Outcome) op.Outcome {
	o := *out
	o.Attempts = slices.Clone(out.Attempts)
	for i := range o.Attempts {
		o.Attempts[i].Start, o.Attempts[i].Latency = 0, 0
	}
	o.Err = nil
	return o
}

// A dialogue is how a server treats requests; n counts those of one operation from 1.
type dialogue struct {
	name string
	hook func(w http.ResponseWriter, r *http.Request, name string, n int) bool
	// The clients may differ in this dialogue, as the test says.
	differ bool
}

// first has the first request treated in a way, and all others as usual.
func first(do func(w http.ResponseWriter, r *http.Request)) func(http.ResponseWriter, *http.Request, string, int) bool {
	return func(w http.ResponseWriter, r *http.Request, _ string, n int) bool {
		if n == 1 {
			do(w, r)
		}
		return n == 1
	}
}

// rawly answers with bytes, and closes the connection.
func rawly(text string) func(w http.ResponseWriter, r *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		io.WriteString(conn, text)
		conn.Close()
	}
}

// allReasons are the service's ThrottlingReasons (AWS DynamoDB API Reference, "ThrottlingReason").
func allReasons() (list []string) {
	for _, what := range []string{"Table", "Index"} {
		for _, way := range []string{"Read", "Write"} {
			for _, why := range []string{"ProvisionedThroughputExceeded", "KeyRangeThroughputExceeded", "MaxOnDemandThroughputExceeded", "AccountLimitExceeded"} {
				list = append(list, what+way+why)
			}
		}
	}
	return list
}

func dialogues() []dialogue {
	said := func(status int, code, more string) func(w http.ResponseWriter, r *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) { refuseWith(w, status, code, "a message", more) }
	}
	list := []dialogue{
		{name: "as usual"},
		{name: "always throttled", hook: func(w http.ResponseWriter, _ *http.Request, _ string, _ int) bool { throttle(w, keyRange); return true }},
		{name: "always unavailable", hook: func(w http.ResponseWriter, _ *http.Request, _ string, _ int) bool {
			http.Error(w, "<html>", http.StatusServiceUnavailable)
			return true
		}},
		{name: "a partition is named", hook: func(w http.ResponseWriter, _ *http.Request, _ string, _ int) bool {
			w.Header().Set(partitionHeader, "17")
			return false
		}},
		{name: "reset", hook: first(func(w http.ResponseWriter, _ *http.Request) { abort(w) })},
		{name: "closed", hook: first(rawly(""))},
		{name: "cut short", hook: first(rawly("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"Consumed"))},
		{name: "chunks cut short", hook: first(rawly("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"Con"))},
		{name: "an error cut short", hook: first(rawly("HTTP/1.1 500 No\r\nContent-Length: 1000\r\n\r\n{\"__type"))},
		{name: "no HTTP", hook: first(rawly("220 mail ready\r\n"))},
		{name: "a header that does not end", hook: first(rawly("HTTP/1.1 200 OK\r\nContent-Length: 2"))},
		{name: "until the connection ends", hook: first(rawly("HTTP/1.1 200 OK\r\n\r\n{}"))},
		{name: "no JSON", hook: first(rawly("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<ok>"))},
		{name: "other JSON", hook: first(rawly("HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n{\"ConsumedCapacity\":7}"))},
		{name: "nothing", hook: first(rawly("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))},
		{name: "an interim answer first", hook: first(rawly("HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"))},
		{name: "redirected", hook: first(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.WriteHeader(http.StatusFound)
		})},
		{name: "429", hook: first(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "slow", http.StatusTooManyRequests) })},
		{name: "an error without a body", hook: first(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })},
		{name: "the code in a header", hook: first(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Amzn-ErrorType", "ThrottlingException:http://internal.amazon.com/")
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"message":"slow"}`)
		})},
		{name: "a clock an hour off", hook: first(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", clock.Real().Wall(time.Hour).UTC().Format(http.TimeFormat))
			refuse(w, http.StatusBadRequest, "InvalidSignatureException", "Signature expired")
		})},
		{name: "a signature that is wrong", hook: first(func(w http.ResponseWriter, _ *http.Request) {
			refuse(w, http.StatusBadRequest, "InvalidSignatureException", "")
		})},
		{name: "asked to wait", hook: first(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Amz-Retry-After", "3")
			throttle(w, keyRange)
		})},
		{name: "the wrong checksum", hook: first(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Amz-Crc32", "1")
			io.WriteString(w, "{}")
		}), differ: true},
	}
	for _, code := range []string{
		"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded", "ThrottledException", "LimitExceededException",
		conditionFailed, "ItemCollectionSizeLimitExceededException", "TransactionConflictException", "TransactionInProgressException",
		"ReplicatedWriteConflictException", "ResourceNotFoundException", "ValidationException", "AccessDeniedException",
		"UnrecognizedClientException", "SerializationException", "InternalServerError", "ServiceUnavailable", "Unheard",
	} {
		for _, status := range []int{400, 500} {
			list = append(list, dialogue{name: fmt.Sprint(code, " ", status), hook: first(said(status, code, ""))})
		}
	}
	for _, reason := range allReasons() {
		list = append(list, dialogue{name: reason, hook: first(said(400, "ThrottlingException",
			`,"throttlingReasons":[{"reason":"`+reason+`","resource":"arn:aws:dynamodb:us-east-1:123456789012:table/t"}]`))})
	}
	return list
}

// Whatever a server does, the two clients send the same requests and report the same outcome.
func TestClientsAgree(t *testing.T) {
	withCredentials(t)
	sc := scenario(t, `{items: 40, key: {sort: {per_partition: 8}}, size: 600B, attributes: 3}`,
		"  operations: {read: 20%, update: 20%, insert: 10%, delete: 10%, read_modify_write: 20%, query: 10%, scan_page: 10%}\n  write: {condition: version}\n  query: {limit: 5}")
	for _, kind := range []op.Kind{op.Read, op.Update, op.Insert, op.Delete, op.ReadModifyWrite, op.Query, op.ScanPage} {
		for _, talk := range dialogues() {
			if kind != op.Update && kind != op.ReadModifyWrite && talk.hook != nil {
				continue // one request, and two in one operation, go through all of them
			}
			t.Run(kind.String()+"/"+talk.name, func(t *testing.T) {
				var requests [2][]sent
				var outcomes [2]op.Outcome
				var errs [2]error
				for i, client := range bothClients {
					f := start(t, sc, quick+", client: "+client)
					list := record(t, f.standin, talk.hook)
					var at uint64
					for o := new(op.Op); ; at++ {
						if f.stream.At(at, o); o.Kind == kind {
							break
						}
					}
					_, out := f.do(t, at)
					requests[i], outcomes[i], errs[i] = *list, outcomeOf(out), out.Err
				}
				for i := range requests {
					for k := range requests[i] {
						requests[i][k].Host = "" // each has a server of its own
					}
				}
				if talk.differ {
					if a := outcomes[1].Attempts; len(a) < 2 || a[0] != (op.Attempt{Class: op.Failed, Reason: reasonChecksum}) {
						t.Errorf("lean's attempts %v: a wrong checksum is a failed attempt", a)
					}
					return
				}
				if diff := cmp.Diff(requests[0], requests[1]); diff != "" {
					t.Errorf("requests, sdk (-) and lean (+):\n%s", diff)
				}
				if diff := cmp.Diff(outcomes[0], outcomes[1]); diff != "" {
					t.Errorf("outcomes, sdk (-) and lean (+):\n%serrors: %v\n%v", diff, errs[0], errs[1])
				}
				if (errs[0] == nil) != (errs[1] == nil) {
					t.Errorf("errors: sdk %v, lean %v", errs[0], errs[1])
				}
			})
		}
	}
}

// Each operation's input, whatever of it is set, becomes the same request, and what a service
// answers becomes the same output.
func TestClientsSerializeAlike(t *testing.T) {
	s := startStandin(t)
	var mu sync.Mutex
	var last sent
	answers := map[string]string{}
	s.hook = func(w http.ResponseWriter, r *http.Request, name string, _ int) bool {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(err)
		}
		mu.Lock()
		defer mu.Unlock()
		if text, ok := answers[name]; ok {
			last = seen(t, r, body)
			w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(text))), 10))
			if len(text)%2 == 0 {
				w.(http.Flusher).Flush() // in chunks
			}
			io.WriteString(w, text)
			return true
		}
		return false
	}
	sc := scenario(t, small, readsOf)
	var clients []dataPlane
	var sessions []*session
	for _, client := range bothClients {
		d := on(t, s, sc, ", client: "+client)
		if err := d.Provision(t.Context()); err != nil {
			t.Fatal(err)
		}
		se := newSession(d)
		clients, sessions = append(clients, se.client), append(sessions, se)
	}
	for name := range tenOperations {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(r *rapid.T) {
				in, text := tenOperations[name].input(), anAnswer(tenOperations[name].output()).Draw(r, "answer")
				fill(r, reflect.ValueOf(in).Elem(), name, 0)
				mu.Lock()
				answers = map[string]string{name: text}
				mu.Unlock()
				var requests [2]sent
				var outputs [2]any
				for i, c := range clients {
					sessions[i].out = new(op.Outcome)
					out, err := tenOperations[name].call(c, t.Context(), in)
					if err != nil {
						r.Fatalf("%s: %v", bothClients[i], err)
					}
					requests[i], outputs[i] = last, out
				}
				if diff := cmp.Diff(requests[0], requests[1]); diff != "" {
					r.Errorf("requests, sdk (-) and lean (+):\n%s", diff)
				}
				if diff := cmp.Diff(outputs[0], outputs[1], cmpopts.IgnoreTypes(middleware.Metadata{}, document.NoSerde{})); diff != "" {
					r.Errorf("outputs, sdk (-) and lean (+):\n%s", diff)
				}
			})
		})
	}
}

// An operationOf is one operation of a dataPlane by its types.
type operationOf struct {
	input, output func() any
	call          func(c dataPlane, ctx context.Context, in any) (any, error)
}

func operationBy[I, O any](call func(dataPlane, context.Context, *I, ...func(*dynamodb.Options)) (*O, error)) operationOf {
	return operationOf{
		func() any { return new(I) }, func() any { return new(O) },
		func(c dataPlane, ctx context.Context, in any) (any, error) { return call(c, ctx, in.(*I)) },
	}
}

var tenOperations = map[string]operationOf{
	"GetItem": operationBy(dataPlane.GetItem), "PutItem": operationBy(dataPlane.PutItem), "UpdateItem": operationBy(dataPlane.UpdateItem),
	"DeleteItem": operationBy(dataPlane.DeleteItem), "Query": operationBy(dataPlane.Query), "Scan": operationBy(dataPlane.Scan),
	"BatchGetItem": operationBy(dataPlane.BatchGetItem), "BatchWriteItem": operationBy(dataPlane.BatchWriteItem),
	"TransactGetItems": operationBy(dataPlane.TransactGetItems), "TransactWriteItems": operationBy(dataPlane.TransactWriteItems),
}

// words are what strings are drawn from: all that JSON has to escape, and what it may.
func words() *rapid.Generator[string] {
	return rapid.OneOf(rapid.StringMatching(`[a-z:#]{1,8}`), rapid.StringOfN(rapid.RuneFrom([]rune("a\"\\/<>&é\u2028\U0001F600\n\t\x01")), 1, 6, -1))
}

// fill gives every member of an input a value, or, where it may lack one, perhaps none.
func fill(r *rapid.T, v reflect.Value, label string, depth int) {
	if v.Type() == reflect.TypeFor[types.AttributeValue]() {
		v.Set(reflect.ValueOf(attributeValue(depth).Draw(r, label)))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(r, v.Elem(), label, depth)
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			// What the SDK requires is always there: it would send nothing else.
			if required := v.Field(i).Kind() != reflect.Interface; f.IsExported() && (required || rapid.Bool().Draw(r, f.Name)) && f.Type != reflect.TypeFor[middleware.Metadata]() {
				fill(r, v.Field(i), f.Name, depth+1)
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes(rapid.SliceOfN(rapid.Byte(), 1, 9).Draw(r, label))
			return
		}
		n := rapid.IntRange(1, 2).Draw(r, label)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(r, v.Index(i), label, depth+1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range rapid.IntRange(1, 2).Draw(r, label) {
			e := reflect.New(v.Type().Elem()).Elem()
			fill(r, e, label, depth+1)
			v.SetMapIndex(reflect.ValueOf(words().Draw(r, label)), e)
		}
	case reflect.String:
		v.SetString(words().Draw(r, label))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(r, label))
	case reflect.Int32, reflect.Int64:
		v.SetInt(int64(rapid.Int32().Draw(r, label)))
	case reflect.Float64:
		v.SetFloat(rapid.Float64Range(0, 1e6).Draw(r, label))
	default:
		r.Fatalf("%s: %v is not filled in", label, v.Type())
	}
}

// attributeValue draws a value of any type.
func attributeValue(depth int) *rapid.Generator[types.AttributeValue] {
	return rapid.Custom(func(r *rapid.T) types.AttributeValue {
		most := 10
		if depth > 5 {
			most = 8 // no lists and maps any more
		}
		list := rapid.SliceOfN(words(), 1, 3)
		switch rapid.IntRange(1, most).Draw(r, "type") {
		case 1:
			return &types.AttributeValueMemberS{Value: words().Draw(r, "S")}
		case 2:
			return &types.AttributeValueMemberN{Value: strconv.FormatFloat(rapid.Float64().Draw(r, "N"), 'g', -1, 64)}
		case 3:
			return &types.AttributeValueMemberB{Value: rapid.SliceOfN(rapid.Byte(), 0, 9).Draw(r, "B")}
		case 4:
			return &types.AttributeValueMemberBOOL{Value: rapid.Bool().Draw(r, "BOOL")}
		case 5:
			return &types.AttributeValueMemberNULL{Value: true}
		case 6:
			return &types.AttributeValueMemberSS{Value: list.Draw(r, "SS")}
		case 7:
			return &types.AttributeValueMemberNS{Value: list.Draw(r, "NS")}
		case 8:
			return &types.AttributeValueMemberBS{Value: rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 1, 4), 1, 3).Draw(r, "BS")}
		case 9:
			return &types.AttributeValueMemberL{Value: rapid.SliceOfN(attributeValue(depth+2), 0, 2).Draw(r, "L")}
		}
		return &types.AttributeValueMemberM{Value: rapid.MapOfN(words(), attributeValue(depth+2), 0, 2).Draw(r, "M")}
	})
}

// anAnswer draws an output and writes it as a service does.
func anAnswer(output any) *rapid.Generator[string] {
	return rapid.Custom(func(r *rapid.T) string {
		fill(r, reflect.ValueOf(output).Elem(), "output", 0)
		text, err := json.Marshal(plainly(reflect.ValueOf(output)))
		if err != nil {
			r.Fatal(err)
		}
		return string(text)
	})
}

// plainly makes of an output what encoding/json writes as the service would.
func plainly(v reflect.Value) any {
	if v.Type() == reflect.TypeFor[types.AttributeValue]() {
		if v.IsNil() {
			return nil
		}
		_, member, _ := strings.Cut(v.Elem().Type().Elem().Name(), "Member")
		return map[string]any{member: plainly(v.Elem().Elem().FieldByName("Value"))}
	}
	switch v.Kind() {
	case reflect.Pointer:
		return plainly(v.Elem())
	case reflect.Struct:
		m := map[string]any{"Unheard": []any{1, nil, map[string]any{"of": "x"}}} // a member of later days
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if f.IsExported() && f.Type != reflect.TypeFor[middleware.Metadata]() {
				m[f.Name] = plainly(v.Field(i))
			}
		}
		return m
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return v.Interface()
		}
		list := []any{}
		for i := range v.Len() {
			list = append(list, plainly(v.Index(i)))
		}
		return list
	case reflect.Map:
		m := map[string]any{}
		for _, k := range v.MapKeys() {
			m[k.String()] = plainly(v.MapIndex(k))
		}
		return m
	}
	return v.Interface()
}
