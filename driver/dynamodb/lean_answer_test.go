package dynamodb

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// post is the request that answers are read for.
var post = &http.Request{Method: http.MethodPost}

func TestAnswer(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	type want struct {
		Status    int
		Body      string
		Last      bool
		Partition int
		ErrorType string
	}
	for _, c := range []struct {
		name, text string
		want       want
	}{
		{"a length", ok + "Content-Length: 2\r\n\r\n{}", want{Status: 200, Body: "{}", Partition: -1}},
		{"no body", ok + "Content-Length: 0\r\n\r\n", want{Status: 200, Partition: -1}},
		{"chunks", ok + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0000A;x=y\r\n0123456789\r\n0\r\nX: y\r\n\r\n", want{Status: 200, Body: "{0123456789", Partition: -1}},
		{"to the end", ok + "\r\n{}", want{Status: 200, Body: "{}", Last: true, Partition: -1}},
		{"closes", ok + "connection: Keep-Alive, Close\r\nCONTENT-LENGTH:2 \r\n\r\n{}", want{Status: 200, Body: "{}", Last: true, Partition: -1}},
		{"1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", want{Status: 200, Body: "{}", Last: true, Partition: -1}},
		{"no reason", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", want{Status: 200, Partition: -1}},
		{"an error", "HTTP/1.1 400 Bad\r\nContent-Length: 1\r\nx-amzn-errortype: E:u\r\n\r\n!", want{Status: 400, Body: "!", Partition: -1, ErrorType: "E:u"}},
		{"interim answers", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nX-Crossover-Partition: 9\r\n\r\n" + ok + "Content-Length: 2\r\n\r\n{}", want{Status: 200, Body: "{}", Partition: -1}},
		{"a partition", ok + "X-Crossover-Partition: 41\r\nContent-Length: 0\r\n\r\n", want{Status: 200, Partition: 41}},
		{"what nobody asked for", ok + "Content-Length: 2\r\n\r\n{}HTTP", want{Status: 200, Body: "{}", Last: true, Partition: -1}},
		{"nothing may follow", "HTTP/1.1 204 No\r\n\r\n", want{Status: 204, Partition: -1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := new(httpAnswer)
			for _, r := range []io.Reader{strings.NewReader(c.text), iotest.OneByteReader(strings.NewReader(c.text))} {
				if err := a.read(r); err != nil {
					t.Fatal(err)
				}
				got := want{a.status, string(a.body), a.last, a.partition, a.errorType}
				if c.name == "what nobody asked for" {
					got.Last = true // byte by byte it has not come yet
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("want (-) and got (+):\n%s", diff)
				}
			}
		})
	}
}

func TestAnswerRefused(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	for _, text := range []string{
		"220 mail\r\n\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 101 Switching\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n",
		ok + "Content-Length: -1\r\n\r\n", ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", ok + "Content-Length: 1x\r\n\r\n{}",
		ok + "Content-Length: 99999999999999999999\r\n\r\n", ok + "Content-Length: 999999999999\r\n\r\n",
		ok + "Transfer-Encoding: gzip\r\n\r\n", ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		ok + "Transfer-Encoding: chunked\r\n\r\nx\r\n", ok + "Transfer-Encoding: chunked\r\n\r\n\r\n", ok + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}x\r\n0\r\n\r\n",
		"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ok + " folded\r\n\r\n", ok + "No colon\r\n\r\n", ok + ": empty\r\n\r\n", ok + "A: b\x00c\r\n\r\n", ok + "A b: c\r\n\r\n",
		ok + "X-Amz-Crc32: x\r\n\r\n", ok + "X-Amz-Crc32: 4294967296\r\n\r\n",
		strings.Repeat("x", maxAnswerHead+readAtLeast*2), ok + strings.Repeat("A: b\r\n", maxAnswerHead/4),
		ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + strings.Repeat("A: b\r\n", maxAnswerHead/4),
	} {
		if err := new(httpAnswer).read(strings.NewReader(text)); !errors.Is(err, errAnswer) {
			t.Errorf("%.60q: %v", text, err)
		}
	}
	for text, want := range map[string]error{
		"": io.EOF, "HTTP/1.1": io.ErrUnexpectedEOF, ok: io.ErrUnexpectedEOF, ok + "Content-Length: 2\r\n\r\n{": io.ErrUnexpectedEOF,
		ok + "Transfer-Encoding: chunked\r\n\r\n1\r\n{": io.ErrUnexpectedEOF, ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n": io.ErrUnexpectedEOF,
		"HTTP/1.1 100 Continue\r\n\r\n": io.ErrUnexpectedEOF,
	} {
		if err := new(httpAnswer).read(strings.NewReader(text)); err != want {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
}

// A reader is used for one answer after the other: nothing of one is left in the next.
func TestAnswerIsReused(t *testing.T) {
	a := new(httpAnswer)
	for i := range 5 {
		body := strings.Repeat("x", i*9000)
		text := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		if i%2 == 0 {
			text = fmt.Sprintf("HTTP/1.1 400 No\r\nX-Amzn-ErrorType: E\r\nX-Amz-Crc32: 1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", max(len(body), 1), body+strings.Repeat("y", max(0, 1-len(body))))
		}
		if err := a.read(strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		if odd := i%2 == 1; odd && (a.last || a.errorType != "" || a.crc.given || string(a.body) != body) || a.intact() != odd {
			t.Errorf("answer %d: last %v, error type %q, checksum %v, %d bytes", i, a.last, a.errorType, a.crc, len(a.body))
		}
	}
}

// What is taken for an answer net/http takes for the same one, and however it comes in pieces it
// stays the same.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
		"HTTP/1.1 400 Bad Request\r\nX-Amzn-ErrorType: x\r\nConnection: close\r\nX-Amz-Crc32: 12\r\n\r\nall", "HTTP/1.0 200 OK\n\nx",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nDate: Mon, 02 Jan 2006 15:04:05 GMT\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n!",
	} {
		f.Add([]byte(seed))
	}
	for _, found := range []string{ // by earlier runs
		"HTTP/1.0 200 \r\nTrAnsfer-EnCoding:Chunked\r\n\r\n0\r\n\r\n000", "HTTP/1.1 200 \nTrAnsfer-EnCoding:Chunked\n\n0\n\n",
		"HTTP/1.1 200 \r\nTrAnsfer-EnCoding:Chunked\r\n\r\n0\r\n0\r\n\r\n",
	} {
		f.Add([]byte(found))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		a, pieces := new(httpAnswer), new(httpAnswer)
		err := a.read(bytes.NewReader(text))
		if other := pieces.read(iotest.OneByteReader(bytes.NewReader(text))); (err == nil) != (other == nil) || err == nil && (a.status != pieces.status || !bytes.Equal(a.body, pieces.body)) {
			t.Fatalf("at once: %v, status %d, %q; in pieces: %v, status %d, %q", err, a.status, a.body, other, pieces.status, pieces.body)
		}
		if err != nil {
			return
		}
		r := bufio.NewReader(bytes.NewReader(text))
		theirs, httpErr := http.ReadResponse(r, post)
		for httpErr == nil && theirs.StatusCode < 200 {
			theirs, httpErr = http.ReadResponse(r, post)
		}
		if httpErr != nil {
			t.Fatalf("status %d with %q; net/http refuses it: %v", a.status, a.body, httpErr)
		}
		body, httpErr := io.ReadAll(theirs.Body)
		if httpErr != nil || theirs.StatusCode != a.status || !bytes.Equal(body, a.body) {
			t.Fatalf("status %d with %q; net/http reads %d with %q, %v", a.status, a.body, theirs.StatusCode, body, httpErr)
		}
		if theirs.Close && !a.last {
			t.Fatal("net/http says that the connection ends")
		}
	})
}
