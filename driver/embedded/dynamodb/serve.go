package dynamodb

import (
	"bytes"
	"context"
	"errors"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"crossover/driver/embedded/dynamodb/http1"
	"crossover/driver/embedded/dynamodb/wire"
)

// An operation is one of the API's.
type operation struct {
	about subject
	do    func(*call) error
	name  string // as in the table of operations
}

// A subject is what an operation is about. Capacity, faults and metrics belong to items;
// the partition is told of one partition key's.
type subject uint8

const (
	tableSubject subject = iota
	itemsSubject
	onePartitionSubject
)

var operations = map[string]operation{
	"BatchGetItem":                {about: itemsSubject, do: (*call).batchGetItem},
	"BatchWriteItem":              {about: itemsSubject, do: (*call).batchWriteItem},
	"CreateTable":                 {about: tableSubject, do: (*call).createTable},
	"DeleteItem":                  {about: onePartitionSubject, do: (*call).deleteItem},
	"DeleteTable":                 {about: tableSubject, do: (*call).deleteTable},
	"DescribeEndpoints":           {about: tableSubject, do: (*call).describeEndpoints},
	"DescribeLimits":              {about: tableSubject, do: (*call).describeLimits},
	"DescribeTable":               {about: tableSubject, do: (*call).describeTable},
	"GetItem":                     {about: onePartitionSubject, do: (*call).getItem},
	"ListTables":                  {about: tableSubject, do: (*call).listTables},
	"ListTagsOfResource":          {about: tableSubject, do: (*call).listTagsOfResource},
	"PutItem":                     {about: onePartitionSubject, do: (*call).putItem},
	"Query":                       {about: onePartitionSubject, do: (*call).query},
	"Scan":                        {about: itemsSubject, do: (*call).scan},
	"TransactGetItems":            {about: itemsSubject, do: (*call).transactGetItems},
	"TransactWriteItems":          {about: itemsSubject, do: (*call).transactWriteItems},
	"DescribeTimeToLive":          {about: tableSubject, do: (*call).describeTimeToLive},
	"UpdateTimeToLive":            {about: tableSubject, do: (*call).updateTimeToLive},
	"BatchExecuteStatement":       {about: itemsSubject, do: (*call).batchExecuteStatement},
	"ExecuteStatement":            {about: itemsSubject, do: (*call).executeStatement},
	"ExecuteTransaction":          {about: itemsSubject, do: (*call).executeTransaction},
	"TagResource":                 {about: tableSubject, do: (*call).tagResource},
	"UntagResource":               {about: tableSubject, do: (*call).untagResource},
	"UpdateItem":                  {about: onePartitionSubject, do: (*call).updateItem},
	"DescribeContributorInsights": {about: tableSubject, do: (*call).describeContributorInsights},
	"ListContributorInsights":     {about: tableSubject, do: (*call).listContributorInsights},
	"DescribeContinuousBackups":   {about: tableSubject, do: (*call).describeContinuousBackups},
	"DescribeExport":              {about: tableSubject, do: (*call).describeExport},
	"ExportTableToPointInTime":    {about: tableSubject, do: (*call).exportTable},
	"ListExports":                 {about: tableSubject, do: (*call).listExports},
	"UpdateContinuousBackups":     {about: tableSubject, do: (*call).updateContinuousBackups},
	"UpdateContributorInsights":   {about: tableSubject, do: (*call).updateContributorInsights},
	"UpdateTable":                 {about: tableSubject, do: (*call).updateTable},
}

// streamOperations are those of the streams' own API.
var streamOperations = map[string]operation{
	"DescribeStream":   {about: tableSubject, do: (*call).describeStream},
	"GetRecords":       {about: tableSubject, do: (*call).getRecords},
	"GetShardIterator": {about: tableSubject, do: (*call).getShardIterator},
	"ListStreams":      {about: tableSubject, do: (*call).listStreams},
}

// targetPrefix is the API's version in the header X-Amz-Target.
const targetPrefix = "DynamoDB_20120810."

// A scratch is what requests use one after the other.
type scratch struct {
	body, head, out []byte
	pcg             rand.PCG
	rng             *rand.Rand
	call            call
}

// keepScratch bounds what is kept of a large request or answer.
const keepScratch = 1 << 20

func newScratch() any {
	x := &scratch{}
	x.rng = rand.New(&x.pcg)
	return x
}

// begin returns what a request is served with, until end.
func (s *Server) begin() *scratch {
	x := s.calls.Get().(*scratch)
	x.pcg.Seed(s.options.Seed, s.requests.Add(1))
	c := &x.call
	*c = call{
		s: s, now: s.options.Clock.Now(), rng: x.rng, out: x.out[:0], partition: -1, tallies: c.tallies[:0],
		indexTallies: c.indexTallies[:0], req: request{fields: c.req.fields[:0]}, keys: c.keys,
	}
	return x
}

func (s *Server) end(x *scratch) {
	x.out = x.call.out
	if cap(x.body) <= keepScratch && cap(x.out) <= keepScratch {
		s.calls.Put(x)
	}
}

// Plain answers a request of the API, as http1 reads them.
func (s *Server) Plain(ctx context.Context, r *http1.Request) bool {
	x := s.begin()
	defer s.end(x)
	code := s.serve(ctx, &x.call, r.Target, r.Body)
	switch code {
	case wasReset:
		resetConn(r.Conn)
		return false
	case wasLeft:
		return false
	}
	x.head = s.appendHead(x.head[:0], &x.call, code)
	return r.Answer(x.head, x.call.out) == nil
}

var _ http1.Handler = (*Server)(nil)

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header()["Server"] = serverName
	if r.Method == http.MethodGet {
		s.answerGet(w, r)
		return
	}
	if r.Method == http.MethodPost && r.URL.Path == eventPath {
		s.answerEvent(w, r)
		return
	}
	if r.Method != http.MethodPost {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	x := s.begin()
	defer s.end(x)
	var err error
	if x.body, err = readBody(x.body[:0], http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		}
		return
	}
	if strings.HasPrefix(r.URL.Path, cborPath) {
		s.answerCBOR(w, r, x.body)
		return
	}
	switch code := s.serve(r.Context(), &x.call, []byte(r.Header.Get("X-Amz-Target")), x.body); code {
	case wasReset:
		reset(w)
	case wasLeft:
	default:
		answer(w, &x.call, code)
	}
}

// readBody reads all of a body into a buffer that is used again.
func readBody(dst []byte, body io.Reader) ([]byte, error) {
	for {
		if len(dst) == cap(dst) {
			dst = append(dst, make([]byte, max(1024, cap(dst)))...)[:len(dst)]
		}
		n, err := body.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		if err == io.EOF {
			return dst, nil
		}
		if err != nil {
			return dst, err
		}
	}
}

// What serve returns in the place of a status code.
const (
	wasLeft  = 0  // the client has gone, or the server ends: there is nobody to answer
	wasReset = -1 // the connection is to be reset
)

// serve decides what becomes of a request, waits as long as that takes, and returns the status
// code of the answer, which is in c.out.
func (s *Server) serve(ctx context.Context, c *call, target, body []byte) int {
	name, op, known := operationOf(target)
	c.operation = name
	var err error
	hold := time.Duration(0)
	s.scale(c.now)
	if err = c.read(body); err != nil {
		err = asAPI(err)
	} else if !known {
		err = unknownOperation()
	} else {
		s.expireBefore(c, op)
		if op.about != tableSubject {
			c.fault, hold = s.options.Faults.draw(c.rng)
			hold += s.drill.draw(c)
			if c.fault != noFault || hold > 0 {
				s.injected.note(c, hold > 0)
			}
		}
		switch c.fault {
		case resetFault:
			return wasReset
		case errorFault:
			_, _ = c.openNamed() // so that the table's own metrics count it
			err = internal()
		default:
			err = s.do(c, op, body)
		}
	}
	var api *apiError
	code := http.StatusOK
	if err != nil {
		api = asAPI(err)
		code = api.status
		c.out = api.body(c.out[:0])
	}
	until := c.now + hold + s.slow(c) + s.drill.slowness(c)
	if c.took > 0 {
		until += c.took
	} else if s.options.Latency {
		until += s.options.Model.draw(c.rng, name, c.effort, err != nil && c.effort == effort{})
	}
	if s.sleepers.until(ctx, until) != nil {
		return wasLeft
	}
	s.count(c, op.about != tableSubject, api)
	if op.about != onePartitionSubject {
		c.partition = -1
	}
	return code
}

// read takes a request's body over, which must not change while it is served.
func (c *call) read(body []byte) (err error) {
	c.body = body
	c.req.fields, err = wire.AppendRequest(c.req.fields, body)
	return err
}

// operationOf returns the operation that the header X-Amz-Target names.
func operationOf(target []byte) (name string, op operation, known bool) {
	rest, ours := bytes.CutPrefix(target, []byte(targetPrefix))
	if !ours {
		if rest, ours = bytes.CutPrefix(target, []byte(streamPrefix)); ours {
			op, known = streamOperations[string(rest)]
			return op.name, op, known
		}
		if rest, ours = bytes.CutPrefix(target, []byte(scalingPrefix)); ours {
			op, known = scalingOperations[string(rest)]
			return op.name, op, known
		}
		if rest, ours = bytes.CutPrefix(target, []byte(metricsPrefix)); ours {
			op, known = metricOperations[string(rest)]
			return op.name, op, known
		}
		return "", operation{}, false
	}
	if op, known = operations[string(rest)]; known {
		return op.name, op, true
	}
	return string(rest), operation{}, false
}

func init() {
	for _, all := range []map[string]operation{operations, streamOperations, scalingOperations, metricOperations} {
		for name, op := range all {
			op.name = name
			all[name] = op
		}
	}
}

// attempt does what an operation asks for. A panic is this server's fault: it is counted, and
// answered as DynamoDB answers its own.
func (c *call) attempt(op operation) (err error) {
	defer func() {
		if p := recover(); p != nil {
			c.s.panics.Add(1)
			c.s.event("", "panic", panicText(p))
			err = internal()
		}
	}()
	return op.do(c)
}

func panicText(p any) string {
	text := ""
	switch p := p.(type) {
	case error:
		text = p.Error()
	case string:
		text = p
	}
	return text + "\n" + string(debug.Stack())
}

// reset closes the request's connection with a TCP reset.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // no connection of our own: end it without an answer
	}
	resetConn(conn)
}

// resetConn closes a connection with a TCP reset, where it is TCP's. It may have gone already.
func resetConn(conn net.Conn) {
	if tcp, ok := conn.(interface{ SetLinger(seconds int) error }); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// count adds a request to the meters of the tables that it was about, and to the account's.
func (s *Server) count(c *call, items bool, api *apiError) {
	end := s.options.Clock.Now()
	at, took := s.options.Clock.Wall(end), end-c.now
	if api != nil {
		took = -1
	}
	if api != nil && api.status == http.StatusBadRequest && !api.throttle() && api.name != conditionFailed {
		// What else is a client's fault is a metric of the account.
		var t tally
		t.sums[userErrors] = 1
		s.account.add(at, "", &t, -1, 0, 0)
	}
	if len(c.tallies) == 0 && api != nil && api.status >= http.StatusInternalServerError {
		var t tally
		t.sums[systemErrors] = 1
		s.account.add(at, "", &t, -1, 0, 0)
	}
	if !items {
		return
	}
	c.countIndexes(at, took)
	for i := range c.tallies {
		t := &c.tallies[i]
		switch {
		case api != nil && api.throttle():
			t.sums[throttledRequests] = 1
		case api != nil && api.status >= http.StatusInternalServerError:
			t.sums[systemErrors] = 1
		}
		var provRead, provWrite float64
		if m := t.table.mode(); m.provisioned {
			provRead, provWrite = float64(m.read), float64(m.write)
		}
		t.table.meter.add(at, c.operation, &t.tally, took, provRead, provWrite)
	}
}

// The headers that are the same in every answer.
var (
	serverName  = []string{"crossover-embedded-dynamodb"}
	contentType = []string{"application/x-amz-json-1.0"}
)

// idDigits are what request identifiers are made of.
const idDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// appendID appends a request's identifier: 52 digits, 12 of each number drawn, of which 36^12
// fit 62 bits.
func (c *call) appendID(dst []byte) []byte {
	n := uint64(0)
	for i := range 52 {
		if i%12 == 0 {
			n = c.rng.Uint64()
		}
		dst = append(dst, idDigits[n%uint64(len(idDigits))])
		n /= uint64(len(idDigits))
	}
	return dst
}

// answer writes what the call has put together.
func answer(w http.ResponseWriter, c *call, code int) {
	h := w.Header()
	values := make([]string, 0, 4) // one allocation for the headers that change
	set := func(name, value string) {
		values = append(values, value)
		h[name] = values[len(values)-1:]
	}
	h["Content-Type"] = contentType
	set("x-amzn-RequestId", string(c.appendID(nil)))
	set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(c.out)), 10))
	set("Content-Length", strconv.Itoa(len(c.out)))
	if c.partition >= 0 {
		set("X-Crossover-Partition", strconv.Itoa(c.partition))
	}
	w.WriteHeader(code)
	// A client that has gone can't be told.
	_, _ = w.Write(c.out)
}

// The parts of a plain answer's head that are the same in every one.
var (
	statusOK  = []byte("HTTP/1.1 200 OK\r\n")
	headFixed = []byte("Server: " + serverName[0] + "\r\nContent-Type: " + contentType[0] + "\r\nx-amzn-RequestId: ")
)

// appendHead appends the head of a plain answer: the same fields as answer sets, and Date.
func (s *Server) appendHead(dst []byte, c *call, code int) []byte {
	if code == http.StatusOK {
		dst = append(dst, statusOK...)
	} else {
		dst = strconv.AppendInt(append(dst, "HTTP/1.1 "...), int64(code), 10)
		dst = append(append(append(dst, ' '), http.StatusText(code)...), "\r\n"...)
	}
	dst = c.appendID(append(dst, headFixed...))
	dst = strconv.AppendUint(append(dst, "\r\nX-Amz-Crc32: "...), uint64(crc32.ChecksumIEEE(c.out)), 10)
	dst = strconv.AppendInt(append(dst, "\r\nContent-Length: "...), int64(len(c.out)), 10)
	if c.partition >= 0 {
		dst = strconv.AppendInt(append(dst, "\r\nX-Crossover-Partition: "...), int64(c.partition), 10)
	}
	dst = append(append(dst, "\r\nDate: "...), s.date.at(s.options.Clock.Wall(c.now))...)
	return append(dst, "\r\n\r\n"...)
}

// A date is a Date header's value, formatted once a second.
type date struct{ last atomic.Pointer[dated] }

type dated struct {
	second int64
	text   []byte
}

// at returns the value for a time.
func (d *date) at(t time.Time) []byte {
	if last := d.last.Load(); last != nil && last.second == t.Unix() {
		return last.text
	}
	next := &dated{t.Unix(), t.UTC().AppendFormat(nil, http.TimeFormat)}
	d.last.Store(next)
	return next.text
}
