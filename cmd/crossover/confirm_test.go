package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"crossover/driver/runner"
	"crossover/workload"
)

// somebody answers questions.
func somebody(t *testing.T) {
	t.Helper()
	before := asks
	asks = func(streams) bool { return true }
	t.Cleanup(func() { asks = before })
}

// A billed run is shown what it costs, loading by itself and by an import from S3, and is begun
// only when a person or --yes says so. Nothing is connected before.
func TestBilledRunIsConfirmed(t *testing.T) {
	path := write(t, "s.yaml", oneTarget("endpoint: 'http://127.0.0.1:1', kind: real, region: us-east-1"))
	for _, c := range []struct {
		name, answer string
		person       bool
		args         []string
		want         string
	}{
		{"nobody to ask", "", false, nil, "nobody to ask: give --yes"},
		{"no", "n\n", true, nil, "not confirmed: nothing was begun"},
		{"nothing said", "", true, nil, "not confirmed"},
		{"something else", "sure\n", true, nil, "not confirmed"},
		{"yes", "y\n", true, nil, "127.0.0.1:1"}, // where nobody listens
		{"--yes", "", false, []string{"--yes"}, "127.0.0.1:1"},
		{"no budget", "y\n", true, []string{"--budget", ""}, "127.0.0.1:1"}, // refused when it is known who answers
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.person {
				somebody(t)
			}
			out := filepath.Join(t.TempDir(), "out")
			var said bytes.Buffer
			args := append([]string{"run", path, "--out", out, "--budget", "5USD"}, c.args...)
			code := execute(t.Context(), streams{in: strings.NewReader(c.answer), out: &said, err: &said}, args)
			if code == exitOK || !strings.Contains(said.String(), c.want) {
				t.Errorf("exit code %d, %q is not in:\n%s", code, c.want, said.String())
			}
			for _, want := range []string{"is billed: about $0.0005 on demand", "$0.0003 to load 500 items (500 write units)", "an import from S3 instead: about $0.0000", "a GB", "price book", "confidence"} {
				if !strings.Contains(said.String(), want) {
					t.Errorf("%q is not in:\n%s", want, said.String())
				}
			}
			if _, err := os.Stat(out); !os.IsNotExist(err) {
				t.Errorf("it wrote %s (%v)", out, err)
			}
		})
	}
}

// The cheaper way to load is named: writing for large items costs more than an import, for small
// ones less.
func TestCheaperWayToLoad(t *testing.T) {
	for size, want := range map[string]string{"250B": "the import is cheaper", "100KiB": "the import is cheaper"} {
		sc, err := loadScenario(write(t, "s.yaml", fmt.Sprintf(`version: 1
name: s
dataset: {items: 10_000_000, size: %s, attributes: 2}
workload: {operations: {read: 100%%}, arrival: {closed: {}}, phases: [{name: a, operations: 1}]}
targets: [{name: d, driver: dynamodb, at: aws}]
`, size)))
		if err != nil {
			t.Fatal(err)
		}
		s := &session{sc: sc}
		if err := s.money(); err != nil {
			t.Fatal(err)
		}
		e := s.estimate()
		text := s.costText(sc.Targets[0], e)
		if !strings.Contains(text, want) {
			t.Errorf("%s: %q is not in %s", size, want, text)
		}
		dear := e
		dear.loadUSD = 0.001
		if text := s.costText(sc.Targets[0], dear); !strings.Contains(text, "writing them is cheaper") {
			t.Errorf("%s, were writing almost free: %s", size, text)
		}
	}
}

// By hand: 10 million items of 1 KiB are 10 million write units, $6.25 at $0.625 a million.
func TestEstimateByHand(t *testing.T) {
	sc, err := loadScenario(write(t, "s.yaml", `version: 1
name: s
dataset: {items: 10_000_000, size: 1KiB, attributes: 8}
workload: {operations: {read: 50%, update: 50%}, arrival: {closed: {}}, phases: [{name: a, operations: 2000000}]}
targets: [{name: d, driver: dynamodb, at: aws}]
`))
	if err != nil {
		t.Fatal(err)
	}
	s := &session{sc: sc}
	if err := s.money(); err != nil {
		t.Fatal(err)
	}
	e := s.estimate()
	// A million eventual reads are 0.5 million units at $0.125 a million; a million writes $0.625.
	if fmt.Sprintf("%.4f %.4f %.0f", e.loadUSD, e.runUSD, e.loadUnits) != "6.2500 0.6875 10000000" {
		t.Errorf("%+v", e)
	}
	// 1,024 bytes and twelve characters for each of ten attributes and the item.
	if e.importBytes != 10e6*(1024+12*11) {
		t.Errorf("%.0f bytes", e.importBytes)
	}
	if text := s.costText(withRegion(t, sc, "mars-1"), e); !strings.Contains(text, "the book has none of mars-1") || !strings.Contains(text, "is not priced") {
		t.Errorf("of a region that the book lacks: %s", text)
	}
	s.options.noLoad = true
	if e := s.estimate(); e.loadUSD != 0 || e.usd() != e.runUSD {
		t.Errorf("without loading %+v", e)
	}
}

// withRegion is a scenario's target elsewhere.
func withRegion(t *testing.T, sc *workload.Scenario, region string) workload.Target {
	t.Helper()
	target := sc.Targets[0]
	node := *target.Node
	node.Content = append(node.Content[:len(node.Content):len(node.Content)], &yaml.Node{Kind: yaml.ScalarNode, Value: "region"}, &yaml.Node{Kind: yaml.ScalarNode, Value: region})
	target.Node = &node
	return target
}

func TestTimeLeft(t *testing.T) {
	for _, c := range []struct {
		p    runner.Progress
		want string
	}{
		{runner.Progress{Stage: "loading", Done: 250, Total: 1000, Rate: 10, At: time.Second}, "loaded 250 of 1000 items, 10/s, about 1m15s left"},
		{runner.Progress{Stage: "loading", Done: 1000, Total: 1000, Rate: 10}, "loaded 1000 of 1000 items, 10/s"},
		{runner.Progress{Stage: "loading", Total: 1000}, "loaded 0 of 1000 items, 0/s"},
	} {
		if got := line(c.p); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
