package dynamodb

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"crossover/driver/clock"
)

// A rawClient writes requests to one connection and reads little of the answers, so that a
// benchmark measures the server rather than its client.
type rawClient struct {
	conn net.Conn
	in   *bufio.Reader
	out  []byte
	body []byte
}

func newRawClient(conn net.Conn) *rawClient {
	return &rawClient{conn: conn, in: bufio.NewReader(conn)}
}

func (c *rawClient) do(operation string, body []byte) (code int, answer []byte, err error) {
	c.out = fmt.Appendf(c.out[:0], "POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: %s%s\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n", targetPrefix, operation, len(body))
	if _, err := c.conn.Write(append(c.out, body...)); err != nil {
		return 0, nil, err
	}
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return 0, nil, err
	}
	if _, err := fmt.Sscanf(string(line), "HTTP/1.1 %d", &code); err != nil {
		return 0, nil, err
	}
	length := 0
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, nil, err
		}
		if len(line) <= 2 {
			break
		}
		if n, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if _, err := fmt.Sscanf(string(n), "%d", &length); err != nil {
				return 0, nil, err
			}
		}
	}
	if cap(c.body) < length {
		c.body = make([]byte, length)
	}
	c.body = c.body[:length]
	_, err = io.ReadFull(c.in, c.body)
	return code, c.body, err
}

// FuzzRequest sends anything as the body of each operation: the server answers, never panics,
// and its answers are JSON with the right checksum.
func FuzzRequest(f *testing.F) {
	names := keysOf(operations)
	for i, body := range []string{
		`{"RequestItems":{"Table":{"Keys":[{"id":{"S":"a"},"at":{"N":"1"}}]}}}`,
		`{"RequestItems":{"Table":[{"PutRequest":{"Item":{"id":{"S":"a"},"at":{"N":"1"}}}}]}}`,
		createTable,
		`{"TableName":"Table","Key":{"id":{"S":"a"},"at":{"N":"1"}},"ReturnValues":"ALL_OLD"}`,
		`{"TableName":"Table"}`,
		`{"TableName":"Table"}`,
		`{"TableName":"Table","Key":{"id":{"S":"a"},"at":{"N":"1"}},"ProjectionExpression":"a.b[1]"}`,
		`{"Limit":5}`,
		`{"ResourceArn":"arn:aws:dynamodb:us-east-1:000000000000:table/Table"}`,
		`{"TableName":"Table","Item":{"id":{"S":"a"},"at":{"N":"1"},"l":{"L":[{"M":{}}]}},"ConditionExpression":"size(l) > :n","ExpressionAttributeValues":{":n":{"N":"0"}}}`,
		`{"TableName":"Table","KeyConditionExpression":"id = :a AND #at > :n","ExpressionAttributeNames":{"#at":"at"},"ExpressionAttributeValues":{":a":{"S":"a"},":n":{"N":"0"}}}`,
		`{"TableName":"Table","Segment":1,"TotalSegments":3,"ExclusiveStartKey":{"id":{"S":"a"},"at":{"N":"1"}}}`,
		`{"ResourceArn":"arn:aws:dynamodb:us-east-1:000000000000:table/Table","Tags":[{"Key":"a","Value":"b"}]}`,
		`{"ResourceArn":"arn:aws:dynamodb:us-east-1:000000000000:table/Table","TagKeys":["a"]}`,
		`{"TableName":"Table","Key":{"id":{"S":"a"},"at":{"N":"1"}},"UpdateExpression":"SET n = if_not_exists(n, :n) ADD c :n REMOVE l[0]","ExpressionAttributeValues":{":n":{"N":"1"}}}`,
		`{"TableName":"Table","ProvisionedThroughput":{"ReadCapacityUnits":5,"WriteCapacityUnits":5},"BillingMode":"PROVISIONED"}`,
	} {
		f.Add(uint8(i), []byte(body))
	}
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		h := newHost(t, Options{})
		h.newTable(true)
		h.must("PutItem", `{"TableName":"Table","Item":{"id":{"S":"a"},"at":{"N":"1"},"l":{"L":[{"N":"1"}]}}}`, nil)
		name := names[int(which)%len(names)]
		w := h.send(targetPrefix+name, string(body))
		if w.Code == http.StatusInternalServerError || h.server.panics.Load() != 0 {
			events, _ := h.server.log.since("", 0)
			t.Fatalf("%s %q: %d %s %v", name, body, w.Code, w.Body, events)
		}
		if w.Body.Len() > 0 && !json.Valid(w.Body.Bytes()) {
			t.Fatalf("%s %q answered %s", name, body, w.Body)
		}
	})
}

// FuzzHTTP sends anything as the target and query of the paths that are not the API's.
func FuzzHTTP(f *testing.F) {
	f.Add("DynamoDB_20120810.GetItem", "table=Table&since=1")
	f.Fuzz(func(t *testing.T, target, query string) {
		h := newHost(t, Options{})
		h.send(target, "{}")
		r := httptest.NewRequest(http.MethodGet, "/crossover/status", nil)
		r.URL.RawQuery = query
		w := httptest.NewRecorder()
		h.server.ServeHTTP(w, r)
		if w.Code != http.StatusOK && w.Code != http.StatusBadRequest {
			t.Fatalf("%q: %d", query, w.Code)
		}
	})
}

// bench sends one operation over loopback connections, one for each parallel worker.
func bench(b *testing.B, operation string, body func(i uint64) []byte) {
	url, server := listen(b, Options{Clock: clock.Real()})
	c := client(b)
	// So much that nothing is throttled.
	mustPost(b, c, url, "CreateTable", strings.Replace(createTable, `"PAY_PER_REQUEST"`,
		`"PROVISIONED","ProvisionedThroughput":{"ReadCapacityUnits":300000,"WriteCapacityUnits":100000}`, 1))
	for i := range uint64(1000) {
		mustPost(b, c, url, "PutItem", string(putBody(i)))
	}
	var next atomic.Uint64
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		conn, err := (&net.Dialer{}).DialContext(b.Context(), "tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			b.Error(err)
			return
		}
		defer func() { _ = conn.Close() }()
		raw := newRawClient(conn)
		for pb.Next() {
			if code, text, err := raw.do(operation, body(next.Add(1)%1000)); err != nil || code != http.StatusOK {
				b.Errorf("%d %s, %v", code, text, err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
	if n := server.status("Table", 0).Counters["ThrottledRequests"]; n > 0 {
		b.Errorf("%v requests were throttled", n)
	}
}

var (
	benchText  = strings.Repeat("x", 90)
	benchItem  = fmt.Sprintf(`"a0":{"S":"%s"},"a1":{"S":"%s"},"a2":{"S":"%s"},"a3":{"S":"%s"},"a4":{"S":"%s"},"a5":{"S":"%s"},"a6":{"S":"%s"},"a7":{"S":"%s"},"a8":{"S":"%s"},"a9":{"N":"12345"}`, benchText, benchText, benchText, benchText, benchText, benchText, benchText, benchText, benchText)
	benchQuery = `{"TableName":"Table","KeyConditionExpression":"id = :id","ExpressionAttributeValues":{":id":{"S":"user#%012d"}}}`
)

func putBody(i uint64) []byte {
	return fmt.Appendf(nil, `{"TableName":"Table","Item":{"id":{"S":"user#%012d"},%s}}`, i, benchItem)
}

// The items are of about 900 bytes, in eleven attributes.
func BenchmarkGetItem(b *testing.B) {
	bench(b, "GetItem", func(i uint64) []byte {
		return fmt.Appendf(nil, `{"TableName":"Table","Key":{"id":{"S":"user#%012d"}}}`, i)
	})
}

func BenchmarkPutItem(b *testing.B) { bench(b, "PutItem", putBody) }

func BenchmarkUpdateItem(b *testing.B) {
	bench(b, "UpdateItem", func(i uint64) []byte {
		return fmt.Appendf(nil, `{"TableName":"Table","Key":{"id":{"S":"user#%012d"}},"UpdateExpression":"SET a9 = a9 + :n","ExpressionAttributeValues":{":n":{"N":"1"}}}`, i)
	})
}

func BenchmarkQuery(b *testing.B) {
	bench(b, "Query", func(i uint64) []byte { return fmt.Appendf(nil, benchQuery, i) })
}
