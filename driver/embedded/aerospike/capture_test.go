package aerospike

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crossover/driver/clock"
	"crossover/driver/embedded/aerospike/wire"
)

// An exchange is one request to a real server, and what it answered.
type exchange struct {
	name              string
	request, response []byte
	then              string
}

func readProbes(t testing.TB) []exchange {
	t.Helper()
	text, err := os.ReadFile("testdata/raw-probes.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []exchange
	for l := range strings.Lines(string(text)) {
		l = strings.TrimRight(l, "\n")
		var data []byte
		if fields := strings.Fields(l); len(fields) > 0 {
			data, _ = hex.DecodeString(fields[len(fields)-1]) // not every line ends with bytes
		}
		switch {
		case strings.HasPrefix(l, "PROBE "):
			all = append(all, exchange{name: strings.TrimPrefix(l, "PROBE ")})
		case strings.HasPrefix(l, "  req "):
			all[len(all)-1].request = data
		case strings.HasPrefix(l, "  rsp "):
			all[len(all)-1].response = data
		case strings.HasPrefix(l, "  then "):
			all[len(all)-1].then = strings.TrimPrefix(l, "  then ")
		}
	}
	return all
}

func probe(t testing.TB, name string) exchange {
	t.Helper()
	all := readProbes(t)
	i := slices.IndexFunc(all, func(e exchange) bool { return e.name == name })
	if i < 0 {
		t.Fatalf("no probe %q", name)
	}
	return all[i]
}

// cut are the probes whose request the capture does not have whole.
var cut = map[string]bool{
	"write bin b = 1 MiB + (over max-record-size)": true, "two GETs pipelined on one conn": true,
}

// TestProbesAreAnsweredAsByARealServer sends a real server's requests, in their order, and
// expects its answers, byte by byte, and the same end of the connection.
func TestProbesAreAnsweredAsByARealServer(t *testing.T) {
	// The capture's record that lives 100 s has a void time of 533,151,907.
	c := start(t, Options{Nodes: 1, Clock: clock.NewVirtual(epoch.Add((533151907 - 100) * time.Second))})
	probes := readProbes(t)
	if len(probes) < 30 {
		t.Fatalf("%d probes", len(probes))
	}
	for _, p := range probes {
		t.Run(p.name, func(t *testing.T) {
			conn := dial(t, c.Seed())
			request, want := p.request, p.response
			if cut[p.name] {
				request, want = completed(t, p)
			}
			if _, err := conn.Write(request); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(p.then, "open") {
				// The connection must live on: a request that is answered follows.
				if _, err := conn.Write([]byte("\x02\x01\x00\x00\x00\x00\x00\x05node\n")); err != nil {
					t.Fatal(err)
				}
				want = append(slices.Clone(want), "\x02\x01\x00\x00\x00\x00\x00\x15node\tBB9020000000001\n"...)
				got := make([]byte, len(want))
				if _, err := io.ReadFull(conn, got); err != nil {
					t.Fatalf("%v after % x", err, got)
				}
				if !bytes.Equal(got, want) {
					t.Errorf("answered %x,\nwant %x", got, want)
				}
				return
			}
			got, err := io.ReadAll(conn)
			if len(got) != 0 {
				t.Errorf("answered %x", got)
			}
			if reset := strings.Contains(p.then, "reset"); reset != errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("the connection ended with %v, a real server's with %q", err, p.then)
			}
		})
	}
}

// completed makes whole what the capture cuts, from what it says of it.
func completed(t *testing.T, p exchange) (request, response []byte) {
	t.Helper()
	if p.name == "two GETs pipelined on one conn" {
		get := probe(t, "get all (info1 READ|GET_ALL)").request
		return slices.Concat(get, get), p.response
	}
	size := int(p.request[5])<<16 | int(p.request[6])<<8 | int(p.request[7])
	return append(slices.Clone(p.request), make([]byte, 8+size-len(p.request))...), p.response
}

// ask sends one info request and returns the whole answer.
func ask(t testing.TB, c *Cluster, node int, request string) string {
	t.Helper()
	conn := dial(t, c.nodes[node].address())
	out, at := wire.Begin(nil)
	out = append(out, request...)
	wire.End(out, at, wire.TypeInfo)
	if _, err := conn.Write(out); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	head := make([]byte, wire.ProtoSize)
	if _, err := io.ReadFull(r, head); err != nil {
		t.Fatal(err)
	}
	p, err := wire.ParseProto(head)
	if err != nil || p.Type != wire.TypeInfo {
		t.Fatalf("answer's header %x: %v", head, err)
	}
	body, err := wire.ReadBody(r, p.Size, nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// answersOf returns a section's requests and answers.
func answersOf(t *testing.T, section string) [][2]string {
	t.Helper()
	text, err := os.ReadFile("testdata/info.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "\n## "+section)
	if !ok {
		t.Fatalf("no section %s", section)
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	var all [][2]string
	for l := range strings.Lines(rest) {
		l = strings.TrimRight(l, "\n")
		if q, ok := strings.CutPrefix(l, "REQ "); ok {
			text, err := strconv.Unquote(q)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, [2]string{strings.ReplaceAll(text, `\n`, "\n")})
		} else if i := strings.Index(l, `err=<nil> "`); i >= 0 && strings.HasPrefix(l, "RSP ") && len(all) > 0 {
			if text, err := strconv.Unquote(l[i+len("err=<nil> "):]); err == nil { // a cut answer does not end
				all[len(all)-1][1] = text
			}
		}
	}
	return all
}

// notAsCaptured are the commands whose answers differ, with the reason. All others in the
// capture are compared whole.
var notAsCaptured = map[string]string{
	"admin-clear-std":                   "no administration port here",
	"cluster-name":                      "the capture's cluster had a name",
	"cluster-stable":                    "a hash of the nodes",
	"cluster-stable:":                   "a hash of the nodes",
	"release":                           "names the build, which this is not",
	"build_os":                          "names the build, which this is not",
	"build_arch":                        "names the build, which this is not",
	"build_sha":                         "names the build, which this is not",
	"build_time":                        "names the build, which this is not",
	"sets":                              "the capture's sets had been written to; TestSets compares its form",
	"sets/test":                         "as sets",
	"endpoints":                         "a table of ports that no client asks for: unrecognized here",
	"mesh":                              "heartbeats are not modelled: unrecognized here",
	"logs":                              "no log here: unrecognized",
	"log/0":                             "no log here: unrecognized",
	"best-practices":                    "of the machine, which is modelled",
	"query-show":                        "the capture's server remembers its queries",
	"rebalance-generation":              "compared in the cluster's test",
	"latencies":                         "empty until there is load; TestLatencies compares its form",
	"latencies:":                        "as latencies",
	"latencies:hist={test}-read":        "as latencies",
	"":                                  "the default list, compared by name below",
	"histogram:namespace=test;type=ttl": "not modelled: unrecognized here",
	"histogram:namespace=test;type=object-size-linear": "not modelled: unrecognized here",
	"histogram:namespace=test;type=object-size":        "not modelled: unrecognized here",
}

// TestInfoAnswersAsARealServer compares each answer in the capture.
func TestInfoAnswersAsARealServer(t *testing.T) {
	c := start(t, Options{Nodes: 1})
	all := answersOf(t, "A.")
	if len(all) < 60 {
		t.Fatalf("the capture has %d requests", len(all))
	}
	for _, e := range all {
		request, want := e[0], e[1]
		if _, differs := notAsCaptured[strings.TrimSuffix(request, "\n")]; differs {
			continue
		}
		if strings.Contains(want, "<...") {
			want = want[:strings.Index(want, "<...")] // the bitmap of all partitions, cut
		}
		want = strings.ReplaceAll(want, "\tA1\n", "\t"+c.nodes[0].name()+"\n")
		want = strings.ReplaceAll(want, "127.0.0.1:3000", c.Seed())
		got := ask(t, c, 0, request)
		if cutShort := len(want) < len(e[1]); cutShort && !strings.HasPrefix(got, want) || !cutShort && got != want && !strings.Contains(e[1], "<...") {
			t.Errorf("%q is answered %q, by a real server %q", request, got, want)
		}
	}
	var names []string
	for l := range strings.Lines(ask(t, c, 0, "")) {
		name, _, _ := strings.Cut(l, "\t")
		names = append(names, name)
	}
	want := all[slices.IndexFunc(all, func(e [2]string) bool { return e[0] == "" })][1]
	var wantNames []string
	for l := range strings.Lines(want) {
		name, _, _ := strings.Cut(l, "\t")
		wantNames = append(wantNames, name)
	}
	if len(wantNames) == 0 {
		wantNames = defaultCommands // the capture's answer is cut
	}
	if diff := cmp.Diff(wantNames, names); diff != "" {
		t.Errorf("an empty request is answered with (-real +here)\n%s", diff)
	}
}

// namesOf returns the names of a k=v;k=v answer.
func namesOf(answer string) []string {
	_, answer, _ = strings.Cut(strings.TrimRight(answer, "\n"), "\t")
	var names []string
	for p := range strings.SplitSeq(answer, ";") {
		if name, _, ok := strings.Cut(p, "="); ok {
			names = append(names, name)
		}
	}
	return names
}

// capturedNames returns the names of one of the capture's long answers.
func capturedNames(t *testing.T, command string) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/info.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), `### REQ "`+command+`\\n"`+"\n")
	if !ok {
		t.Fatalf("the capture does not have %s", command)
	}
	_, rest, _ = strings.Cut(rest, "\n") // its header
	rest, _, _ = strings.Cut(rest, "\n\n")
	rest, _, _ = strings.Cut(rest, "\n###")
	return namesOf(strings.ReplaceAll(strings.ReplaceAll(rest, "\n   ", ""), "\n", ""))
}

// TestLongAnswersHaveARealServersNames compares the names of statistics and settings, in order.
func TestLongAnswersHaveARealServersNames(t *testing.T) {
	c := start(t, Options{Nodes: 1})
	// The capture's namespace is in memory: what belongs to its storage differs.
	storage := func(name string) bool { return strings.HasPrefix(name, "storage-engine") || name == "cache_read_pct" }
	for _, command := range []string{"statistics", "namespace/test", "get-config:context=service", "get-config:context=network", "get-config:context=namespace;id=test"} {
		want := slices.DeleteFunc(capturedNames(t, command), storage)
		got := slices.DeleteFunc(namesOf(ask(t, c, 0, command+"\n")), storage)
		if len(want) < 40 {
			t.Fatalf("%s: the capture has %d names", command, len(want))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-real +here)\n%s", command, diff)
		}
	}
	// What a namespace on a device has of its storage, as the capture's section E names it for a file.
	text, err := os.ReadFile("testdata/info.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## E.")
	section, _, _ = strings.Cut(section, "\n## ")
	var want []string
	for l := range strings.Lines(section) {
		name, _, _ := strings.Cut(strings.TrimSpace(l), "=")
		if strings.HasPrefix(name, "storage-engine") {
			want = append(want, strings.ReplaceAll(name, "file[0]", "device[0]"))
		}
	}
	got := slices.DeleteFunc(namesOf(ask(t, c, 0, "namespace/test\n")), func(name string) bool { return !strings.HasPrefix(name, "storage-engine") })
	if diff := cmp.Diff(want, got); diff != "" || len(want) < 30 {
		t.Errorf("storage (-real +here)\n%s", diff)
	}
}

// TestTemplatesAreFilled holds that every name that this server is to compute has a value, and
// that no value is computed for a name that a server does not have.
func TestTemplatesAreFilled(t *testing.T) {
	c := start(t, Options{Nodes: 2})
	for command, template := range map[string]template{
		"statistics": statisticsTemplate, "namespace/test": namespaceTemplate,
		"get-config:context=service": serviceTemplate, "get-config:context=network": networkTemplate,
	} {
		names := map[string]bool{}
		for _, name := range namesOf(ask(t, c, 0, command+"\n")) {
			names[name] = true
		}
		for _, l := range template {
			if l.value == computed && !names[l.name] {
				t.Errorf("%s: nothing computes %s", command, l.name)
			}
		}
	}
	own := c.nodes[0].namespaceSettings()
	c.nodes[0].counters.values(own)
	for name := range own {
		if !slices.ContainsFunc(namespaceTemplate, func(l line) bool { return l.name == name && (l.value == computed || l.value == "") }) {
			t.Errorf("%s is computed for a namespace, whose answer does not have it", name)
		}
	}
}

// TestClusterAnswersAsARealServer compares with the capture of two nodes.
func TestClusterAnswersAsARealServer(t *testing.T) {
	c := start(t, Options{Nodes: 2, Replication: 2})
	name, other := c.nodes[1].name(), c.nodes[1].address()
	for request, want := range map[string]string{
		"peers-clear-std":       "1,3000,[[" + name + ",,[" + other + "]]]",
		"alumni-clear-std":      "1,3000,[[" + name + ",,[" + other + "]]]",
		"service-clear-std":     c.Seed(),
		"services":              other,
		"cluster-stable:size=2": c.key(),
		"cluster-stable:size=3": "ERROR:7:cluster not specified size",
	} {
		if got := ask(t, c, 0, request+"\n"); got != request+"\t"+want+"\n" {
			t.Errorf("%s: %q, want %q", request, got, want)
		}
	}
	// The bitmaps are as long as the capture's, and between them the nodes have each copy once.
	for _, e := range answersOf(t, "F.") {
		if e[0] != "replicas\n" {
			continue
		}
		var maps [2][]string
		for i := range maps {
			got := ask(t, c, i, "replicas\n")
			if len(got) != len(e[1]) || !strings.HasPrefix(got, "replicas\ttest:0,2,") {
				t.Fatalf("%d bytes %q…, captured %d", len(got), got[:20], len(e[1]))
			}
			maps[i] = strings.Split(strings.TrimSuffix(got, "\n"), ",")[2:]
		}
		if maps[0][0] != maps[1][1] || maps[0][1] != maps[1][0] || maps[0][0] == maps[0][1] {
			t.Error("of two nodes, one must be the copy of what the other is the master of")
		}
		return
	}
	t.Fatal("the capture has no replicas")
}
