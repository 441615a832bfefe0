package dynamodb

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crossover/driver/clock"
)

var update = flag.Bool("update", false, "write the dialogues' answers anew; read the difference before you commit it")

// start is the wall-clock time at which virtual clocks begin.
var start = time.Date(2026, 3, 1, 12, 0, 30, 0, time.UTC)

// A host is a server on a virtual clock, asked in process.
type host struct {
	t      testing.TB
	clock  *clock.Virtual
	server *Server
}

func newHost(t testing.TB, o Options) *host {
	t.Helper()
	h := &host{t: t, clock: clock.NewVirtual(start)}
	o.Clock = h.clock
	var err error
	if h.server, err = New(o); err != nil {
		t.Fatal(err)
	}
	return h
}

// send sends one request and returns its answer, whose checksum and headers it checks.
func (h *host) send(target, body string) *httptest.ResponseRecorder {
	h.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", target)
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	w := httptest.NewRecorder()
	h.server.ServeHTTP(w, r)
	if got, want := w.Header()["X-Amz-Crc32"], fmt.Sprint(crc32.ChecksumIEEE(w.Body.Bytes())); len(got) != 1 || got[0] != want {
		h.t.Errorf("%s: checksum %v, want %s", target, got, want)
	}
	ids := 0
	for name, id := range w.Header() {
		if strings.EqualFold(name, "x-amzn-RequestId") && len(id) == 1 && len(id[0]) == 52 {
			ids++
		}
	}
	if ids != 1 {
		h.t.Errorf("%s: no request id in %v", target, w.Header())
	}
	if w.Header().Get("Server") != "crossover-embedded-dynamodb" || w.Header().Get("Content-Type") != "application/x-amz-json-1.0" {
		h.t.Errorf("%s: headers %v", target, w.Header())
	}
	return w
}

// do sends an operation and returns its status and answer.
func (h *host) do(operation, body string) (int, string) {
	h.t.Helper()
	w := h.send(targetPrefix+operation, body)
	return w.Code, w.Body.String()
}

// must sends an operation that has to succeed, and decodes its answer into out unless that is nil.
func (h *host) must(operation, body string, out any) {
	h.t.Helper()
	code, text := h.do(operation, body)
	if code != http.StatusOK {
		h.t.Fatalf("%s %.200s: %d %s", operation, body, code, text)
	}
	if out != nil {
		if err := json.Unmarshal([]byte(text), out); err != nil {
			h.t.Fatalf("%s answered %s: %v", operation, text, err)
		}
	}
}

// TestDialogues plays testdata's dialogues: blocks of a command, ----, and what it prints. The
// answers follow AWS's API Reference and Developer Guide.
func TestDialogues(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d dialogues, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(string(text), got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

// play runs a dialogue and returns it with the answers that came.
func play(t *testing.T, text string) string {
	h := newHost(t, Options{})
	var out strings.Builder
	for i, block := range strings.Split(strings.TrimSpace(text), "\n\n") {
		command, _, _ := strings.Cut(block, "\n----")
		if i > 0 {
			out.WriteString("\n")
		}
		out.WriteString(command + "\n")
		var lines []string
		for _, line := range strings.Split(command, "\n") {
			if !strings.HasPrefix(line, "#") {
				lines = append(lines, line)
			}
		}
		if len(lines) == 0 {
			continue // a comment by itself
		}
		out.WriteString("----\n" + strings.TrimSpace(h.run(strings.Join(lines, "\n"))) + "\n")
	}
	return out.String()
}

// run runs one command.
func (h *host) run(command string) string {
	name, rest, _ := strings.Cut(command, " ")
	switch name {
	case "server":
		return h.restart(rest)
	case "advance":
		d, err := time.ParseDuration(rest)
		if err != nil {
			h.t.Fatal(err)
		}
		h.clock.Advance(d)
		return h.clock.Wall(h.clock.Now()).Format(time.RFC3339Nano)
	case "get":
		w := httptest.NewRecorder()
		h.server.ServeHTTP(w, httptest.NewRequest(http.MethodGet, rest, nil))
		return fmt.Sprintf("%d\n%s", w.Code, indent(w.Body.Bytes()))
	case "raw":
		target, body, _ := strings.Cut(rest, " ")
		return show(h.send(target, body))
	case "repeat":
		return h.repeat(rest)
	}
	return show(h.send(targetPrefix+name, rest))
}

// restart begins a new server, as the words say: latency, fault=..., region=....
func (h *host) restart(words string) string {
	var o Options
	for _, word := range strings.Fields(words) {
		key, value, _ := strings.Cut(word, "=")
		var err error
		switch key {
		case "latency":
			o.Latency = true
		case "ttl":
			o.TTLWithin, err = time.ParseDuration(value)
		case "region":
			o.Region = value
		case "fault":
			o.Faults, err = ParseFaults(value)
		default:
			h.t.Fatalf("server: unknown word %s", word)
		}
		if err != nil {
			h.t.Fatal(err)
		}
	}
	*h = *newHost(h.t, o)
	return "ready"
}

// repeat sends one operation many times, {i} in its body counting up, and says how often each
// answer came.
func (h *host) repeat(rest string) string {
	times, rest, _ := strings.Cut(rest, " ")
	operation, body, _ := strings.Cut(rest, " ")
	n, err := strconv.Atoi(times)
	if err != nil {
		h.t.Fatal(err)
	}
	count := map[string]int{}
	for i := range n {
		code, text := h.do(operation, strings.ReplaceAll(body, "{i}", strconv.Itoa(i)))
		if code == http.StatusOK {
			text = ""
		}
		count[fmt.Sprintf("%d %s", code, text)]++
	}
	var lines []string
	for answer, n := range count {
		lines = append(lines, fmt.Sprintf("%d times %s", n, answer))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func show(w *httptest.ResponseRecorder) string {
	first := strconv.Itoa(w.Code)
	if p := w.Header().Get("X-Crossover-Partition"); p != "" {
		first += " partition " + p
	}
	return first + "\n" + indent(w.Body.Bytes())
}

// indent lays JSON out, and cuts what is very long.
func indent(text []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, text, "", "  ") != nil {
		return string(text)
	}
	if b.Len() > 40_000 {
		return b.String()[:40_000] + "..."
	}
	return b.String()
}
