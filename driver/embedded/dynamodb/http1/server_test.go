package http1

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// An echo answers with what it was asked: how it came, its target and its body.
type echo struct {
	plains, others atomic.Int64
}

func (e *echo) Plain(_ context.Context, r *Request) bool {
	e.plains.Add(1)
	body := fmt.Appendf(nil, "plain %s %s", r.Target, r.Body)
	if string(r.Target) == "close" {
		_ = r.Conn.Close()
		return false
	}
	return r.Answer(fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", len(body)), body) == nil
}

func (e *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.others.Add(1)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	fmt.Fprintf(w, "other %s %s %s", r.Method, r.Header.Get("X-Amz-Target"), body)
}

// start serves until the test ends.
func start(t testing.TB, h Handler, edit func(*Server)) string {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Handler: h, MaxHead: 8192, MaxBody: 1 << 20, HeadWithin: time.Minute, ReadWithin: time.Minute}
	if edit != nil {
		edit(s)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- s.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return ln.Addr().String()
}

func dial(t testing.TB, address string) net.Conn {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func post(target, body string, more ...string) string {
	return "POST / HTTP/1.1\r\nHost: a\r\nX-Amz-Target: " + target + "\r\n" + strings.Join(more, "") +
		fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
}

// answers reads n answers.
func answers(t *testing.T, c net.Conn, n int) (out []string) {
	t.Helper()
	in := bufio.NewReader(c)
	for range n {
		r, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatalf("after %q: %v", out, err)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%d %s", r.StatusCode, body))
	}
	return out
}

// TestConversations sends bytes and reads the answers to them; how many requests were plain
// says who served them.
func TestConversations(t *testing.T) {
	large := strings.Repeat("x", 600_000)
	for _, c := range []struct {
		name, send string
		want       []string
		plains     int64
	}{
		{"one", post("A", "body"), []string{"200 plain A body"}, 1},
		{"no body", post("A", ""), []string{"200 plain A "}, 1},
		{"no target", "POST / HTTP/1.1\r\nhost:a\r\ncontent-length:2 \r\n\r\nab", []string{"200 plain  ab"}, 1},
		{"sent ahead", post("A", "1") + post("B", "22") + post("C", ""), []string{"200 plain A 1", "200 plain B 22", "200 plain C "}, 3},
		{"large", post("A", large) + post("B", "b"), []string{"200 plain A " + large, "200 plain B b"}, 2},
		{"kept alive by name", post("A", "1", "Connection: Keep-Alive\r\n") + post("B", "2"), []string{"200 plain A 1", "200 plain B 2"}, 2},
		{
			"handed over, and stays there", post("A", "1") + "GET /page HTTP/1.1\r\nHost: a\r\n\r\n" + post("B", "2"),
			[]string{"200 plain A 1", "200 other GET  ", "200 other POST B 2"},
			1,
		},
		{
			"chunked", "POST / HTTP/1.1\r\nHost: a\r\nX-Amz-Target: A\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n" + post("B", "2"),
			[]string{"200 other POST A abc", "200 other POST B 2"},
			0,
		},
		{"other path", "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nz", []string{"200 other POST  z"}, 0},
		{"HTTP/1.0", "POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\nz", []string{"200 other POST  z"}, 0},
		{"to be closed", post("A", "1", "Connection: close\r\n"), []string{"200 other POST A 1"}, 0},
		{"two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nzz", []string{"400 400 Bad Request"}, 0},
		{"length and chunks", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", []string{"200 other POST  "}, 0},
		{"no host", "POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nz", []string{"400 400 Bad Request: missing required Host header"}, 0},
		{"a length that is none", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nz", []string{"400 400 Bad Request"}, 0},
		{"a name with a space", "POST / HTTP/1.1\r\nHost: a\r\nX : y\r\nContent-Length: 1\r\n\r\nz", []string{"400 400 Bad Request: invalid header name"}, 0},
		{"two targets", post("A", "1", "X-Amz-Target: B\r\n"), []string{"200 other POST A 1"}, 0},
		{"a continued line", "POST / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\nContent-Length: 1\r\n\r\nz", []string{"200 other POST  z"}, 0},
		{"no HTTP", "hello\r\n\r\n", []string{"400 400 Bad Request"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, split := range []bool{false, true} {
				h := &echo{}
				conn := dial(t, start(t, h, nil))
				text := io.Reader(strings.NewReader(c.send))
				if split && len(c.send) < 1000 {
					text = iotest.OneByteReader(text)
				}
				var sent sync.WaitGroup
				sent.Go(func() { _, _ = io.Copy(struct{ io.Writer }{conn}, text) })
				if d := cmp.Diff(c.want, answers(t, conn, len(c.want))); d != "" {
					t.Error(d)
				}
				_ = conn.Close()
				sent.Wait()
				if n := h.plains.Load(); n != c.plains {
					t.Errorf("split %v: %d requests were plain, want %d", split, n, c.plains)
				}
			}
		})
	}
}

// TestVerdicts says of bytes what they are so far, where no answer would tell.
func TestVerdicts(t *testing.T) {
	for text, want := range map[string]verdict{
		"": partial, "POST / HTTP/1": partial, "POST / HTTP/1.1\r\nHost: a\r\nX: y": partial, "POST /": partial,
		"G": other, "POST / HTTP/1.1\n": other, "POST / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("y", 100): other,
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 51\r\n\r\n": other, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n": plain,
	} {
		if _, v := parse([]byte(text), 80, 50); v != want {
			t.Errorf("%q: %d, want %d", text, v, want)
		}
	}
}

// TestExpectContinue has a body that is sent only when it is asked for.
func TestExpectContinue(t *testing.T) {
	conn := dial(t, start(t, &echo{}, nil))
	if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n"))
	if _, err := io.ReadFull(conn, line); err != nil || !bytes.Contains(line, []byte("100 Continue")) {
		t.Fatalf("%q %v", line, err)
	}
	if _, err := io.WriteString(conn, "ab"); err != nil {
		t.Fatal(err)
	}
	if got := answers(t, conn, 1); got[0] != "200 other POST  ab" {
		t.Error(got)
	}
}

// TestAnswerInParts writes an answer that is too large to be copied.
func TestAnswerInParts(t *testing.T) {
	body := strings.Repeat("0123456789", oneWrite/5)
	conn := dial(t, start(t, &echo{}, nil))
	var sent sync.WaitGroup
	sent.Go(func() { _, _ = io.WriteString(conn, post("A", body)+post("B", body)) })
	want := []string{"200 plain A " + body, "200 plain B " + body}
	if d := cmp.Diff(want, answers(t, conn, 2)); d != "" {
		t.Error("the answers differ from what was sent")
	}
	sent.Wait()
}

// TestHandlerCloses has a handler that ends the connection.
func TestHandlerCloses(t *testing.T) {
	conn := dial(t, start(t, &echo{}, nil))
	if _, err := io.WriteString(conn, post("close", "")); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(conn); len(rest) > 0 || err != nil && !errors.Is(err, net.ErrClosed) {
		t.Errorf("%q %v", rest, err)
	}
}

// TestSlowClients are cut off: one that never ends its head, one that never ends its body, and
// one that says nothing.
func TestSlowClients(t *testing.T) {
	address := start(t, &echo{}, func(s *Server) { s.HeadWithin, s.ReadWithin = 20*time.Millisecond, 20*time.Millisecond })
	for _, text := range []string{"POST / HTTP/1.1\r\nHost: a\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc", "", post("A", "1")} {
		conn := dial(t, address)
		if _, err := io.WriteString(conn, text); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(conn); err != nil {
			t.Errorf("after %q: %v", text, err)
		}
	}
}

// TestTracked sees each connection begin and end once, as the listener's own, whoever serves it.
func TestTracked(t *testing.T) {
	var mu sync.Mutex
	seen := map[net.Conn][]http.ConnState{}
	closed := make(chan struct{}, 8)
	address := start(t, &echo{}, func(s *Server) {
		s.Track = func(c net.Conn, state http.ConnState) {
			mu.Lock()
			defer mu.Unlock()
			if _, ok := c.(*net.TCPConn); !ok {
				t.Errorf("a connection of type %T", c)
			}
			seen[c] = append(seen[c], state)
			if state == http.StateClosed {
				closed <- struct{}{}
			}
		}
		s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
			if _, ok := c.(*net.TCPConn); !ok {
				t.Errorf("a context for a connection of type %T", c)
			}
			return ctx
		}
	})
	for _, text := range []string{post("A", "1"), "GET / HTTP/1.1\r\nHost: a\r\n\r\n"} {
		conn := dial(t, address)
		if _, err := io.WriteString(conn, text); err != nil {
			t.Fatal(err)
		}
		answers(t, conn, 1)
		_ = conn.Close()
		<-closed
	}
	mu.Lock()
	defer mu.Unlock()
	for c, states := range seen {
		if d := cmp.Diff([]http.ConnState{http.StateNew, http.StateClosed}, states); d != "" {
			t.Errorf("%v: %s", c.RemoteAddr(), d)
		}
	}
	if len(seen) != 2 {
		t.Errorf("%d connections", len(seen))
	}
}

// TestEndClosesAll ends a server with connections of each kind open: clients see the end, and
// Serve returns (start's cleanup waits for it).
func TestEndClosesAll(t *testing.T) {
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		done <- (&Server{Handler: &echo{}, MaxHead: 8192, MaxBody: 100, HeadWithin: time.Minute, ReadWithin: time.Minute}).Serve(ctx, ln)
	}()
	var conns []net.Conn
	for _, text := range []string{post("A", "1"), "GET / HTTP/1.1\r\nHost: a\r\n\r\n"} {
		c := dial(t, ln.Addr().String())
		if _, err := io.WriteString(c, text); err != nil {
			t.Fatal(err)
		}
		answers(t, c, 1)
		conns = append(conns, c)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	for _, c := range conns {
		if _, err := io.ReadAll(c); errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	}
	if _, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", ln.Addr().String()); err == nil {
		t.Error("the listener is still open")
	}
}

// FuzzHead holds the parser to net/http's: what it takes for a plain request, net/http reads as
// the same one, with the same end.
func FuzzHead(f *testing.F) {
	for _, s := range []string{
		post("A", "body"), post("A", "") + post("B", "x"), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\nContent-Length: 1\r\n\r\nz", "POST / HTTP/1.1\r\nHost:a\r\ncontent-length: 01\r\n\r\nz",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nX:\x00\r\n\r\nz", "POST / HTTP/1.1\r\nHost: a b\r\nContent-Length: 1\n\r\nz",
		"POST / HTTP/1.1\r\nHost: a\r\nX: \xff\r\nContent-Length: 3\r\n\r\nabc",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		h, v := parse(text, 4096, 1<<20)
		if v != plain {
			return
		}
		in := bufio.NewReader(bytes.NewReader(text))
		r, err := http.ReadRequest(in)
		if err != nil {
			if strings.Contains(err.Error(), "Host") || strings.Contains(err.Error(), "host") {
				return // a host's form is of no consequence to what is served
			}
			t.Fatalf("plain: %q, net/http: %v", text, err)
		}
		if r.Method != http.MethodPost || r.URL.Path != "/" || r.ContentLength != int64(h.length) || r.Close || len(r.TransferEncoding) > 0 {
			t.Fatalf("%q: %d bytes, net/http has %s %s, %d bytes, %v, close %v", text, h.length, r.Method, r.URL, r.ContentLength, r.TransferEncoding, r.Close)
		}
		if got := string(text[h.from:h.to]); got != r.Header.Get("X-Amz-Target") {
			t.Fatalf("%q: target %q, net/http has %q", text, got, r.Header.Get("X-Amz-Target"))
		}
		if d := cmp.Diff(r.Header, header(text[:h.size])); d != "" {
			t.Fatalf("%q: -net/http +plain\n%s", text, d)
		}
		rest := text[h.size:min(len(text), h.size+h.length)]
		if body, _ := io.ReadAll(r.Body); !bytes.Equal(body, rest) {
			t.Fatalf("%q: body %q, net/http has %q", text, rest, body)
		}
	})
}

// BenchmarkPlain is a request and its answer over a loopback connection.
func BenchmarkPlain(b *testing.B) {
	for _, c := range []struct {
		name    string
		address func() string
	}{
		{"http1", func() string { return start(b, &echo{}, nil) }},
		{"nethttp", func() string {
			s := httptest.NewServer(&echo{})
			b.Cleanup(s.Close)
			return s.Listener.Addr().String()
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			conn := dial(b, c.address())
			text, room := []byte(post("A", strings.Repeat("x", 1024))), make([]byte, 16*1024)
			for b.Loop() {
				if _, err := conn.Write(text); err != nil {
					b.Fatal(err)
				}
				for n := 0; n < 1024; {
					m, err := conn.Read(room)
					if err != nil {
						b.Fatal(err)
					}
					n += m
				}
			}
		})
	}
}
