package dynamodb

import (
	"errors"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"crossover/driver/embedded/dynamodb/wire"
)

// An operation is one of the API's.
type operation struct {
	about subject
	do    func(*call) error
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
	"BatchGetItem":       {itemsSubject, (*call).batchGetItem},
	"BatchWriteItem":     {itemsSubject, (*call).batchWriteItem},
	"CreateTable":        {tableSubject, (*call).createTable},
	"DeleteItem":         {onePartitionSubject, (*call).deleteItem},
	"DeleteTable":        {tableSubject, (*call).deleteTable},
	"DescribeTable":      {tableSubject, (*call).describeTable},
	"GetItem":            {onePartitionSubject, (*call).getItem},
	"ListTables":         {tableSubject, (*call).listTables},
	"ListTagsOfResource": {tableSubject, (*call).listTagsOfResource},
	"PutItem":            {onePartitionSubject, (*call).putItem},
	"Query":              {onePartitionSubject, (*call).query},
	"Scan":               {itemsSubject, (*call).scan},
	"TagResource":        {tableSubject, (*call).tagResource},
	"UntagResource":      {tableSubject, (*call).untagResource},
	"UpdateItem":         {onePartitionSubject, (*call).updateItem},
	"UpdateTable":        {tableSubject, (*call).updateTable},
}

// targetPrefix is the API's version in the header X-Amz-Target.
const targetPrefix = "DynamoDB_20120810."

// A scratch is what requests use one after the other.
type scratch struct {
	body, out []byte
	pcg       rand.PCG
	call      call
}

// keepScratch bounds what is kept of a large request or answer.
const keepScratch = 1 << 20

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header()["Server"] = serverName
	if r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/crossover/") {
		s.answerStatus(w, r)
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
	x := s.calls.Get().(*scratch)
	defer func() {
		if cap(x.body) <= keepScratch && cap(x.out) <= keepScratch {
			s.calls.Put(x)
		}
	}()
	x.pcg.Seed(s.options.Seed, s.requests.Add(1))
	c := &x.call
	*c = call{
		s: s, now: s.options.Clock.Now(), rng: rand.New(&x.pcg), out: x.out[:0], partition: -1, tallies: c.tallies[:0],
	}
	var err error
	if x.body, err = readBody(x.body[:0], http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		}
		return
	}
	s.serve(w, r, c, x.body)
	x.out = c.out
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

// serve decides what becomes of a request, waits as long as that takes, and answers.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, c *call, body []byte) {
	name, ours := strings.CutPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
	op, known := operations[name]
	c.operation = name
	var err error
	hold := time.Duration(0)
	if c.req.fields, err = wire.Request(body); err != nil {
		err = asAPI(err)
	} else if !ours || !known {
		err = unknownOperation()
	} else {
		if op.about != tableSubject {
			c.fault, hold = s.options.Faults.draw(c.rng)
			hold += s.drill.draw(c)
		}
		switch c.fault {
		case resetFault:
			reset(w)
			return
		case errorFault:
			_, _ = c.openNamed() // so that the table's own metrics count it
			err = internal()
		default:
			err = c.attempt(op)
		}
	}
	var api *apiError
	code := http.StatusOK
	if err != nil {
		api = asAPI(err)
		code = api.status
		c.out = api.body(c.out[:0])
	}
	until := c.now + hold
	if s.options.Latency {
		until += serviceTime(c.rng, name, c.effort, err != nil && c.effort == effort{})
	}
	if s.sleepers.until(r.Context(), until) != nil {
		return // the client has gone, or the server ends
	}
	s.count(c, op.about != tableSubject, api)
	if op.about != onePartitionSubject {
		c.partition = -1
	}
	answer(w, c, code)
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
	if tcp, ok := conn.(*net.TCPConn); ok {
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
	if api != nil && api.status == http.StatusBadRequest && api.reasons == nil && api.name != conditionFailed {
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
	for i := range c.tallies {
		t := &c.tallies[i]
		switch {
		case api != nil && api.reasons != nil:
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

// answer writes what the call has put together.
func answer(w http.ResponseWriter, c *call, code int) {
	var id [52]byte
	for i := range id {
		id[i] = idDigits[c.rng.IntN(len(idDigits))]
	}
	h := w.Header()
	values := make([]string, 0, 4) // one allocation for the headers that change
	set := func(name, value string) {
		values = append(values, value)
		h[name] = values[len(values)-1:]
	}
	h["Content-Type"] = contentType
	set("x-amzn-RequestId", string(id[:]))
	set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(c.out)), 10))
	set("Content-Length", strconv.Itoa(len(c.out)))
	if c.partition >= 0 {
		set("X-Crossover-Partition", strconv.Itoa(c.partition))
	}
	w.WriteHeader(code)
	// A client that has gone can't be told.
	_, _ = w.Write(c.out)
}
