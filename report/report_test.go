package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crossover/costmodel/tco"
	"crossover/results"
	"crossover/results/figure"
)

// render returns both forms of a document.
func render(t *testing.T, d Doc) (page, markdown string) {
	t.Helper()
	var h, m bytes.Buffer
	check(t, HTML(&h, d))
	check(t, Markdown(&m, d))
	return h.String(), m.String()
}

// wellFormed parses a page as strictly as XML, which the template keeps to.
func wellFormed(t *testing.T, page string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	d.Entity = xml.HTMLEntity
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("the page is not well formed: %v", err)
		}
	}
}

// small is a short run, for tests that need many.
func small(x trial, name string) trial {
	x.target.Name, x.warm, x.seconds, x.reads, x.updates = name, 1, 2, 60, 40
	x.refused, x.failing = nil, nil
	return x
}

// Everything that a reader was promised stands in both forms.
func TestNothingIsMissing(t *testing.T) {
	page, markdown := render(t, goldenDoc(t, "complete"))
	for form, text := range map[string]string{"HTML": page, "Markdown": markdown} {
		for _, want := range []string{
			"Stay on DynamoDB: over 36 months", "modelled and assumed: no run on a real target", // verdict, basis
			"crossover embedded DynamoDB (modelled)", "aerospike-client-go v7.10.2", "open poisson, 256 sessions", "Linux 6.1", // set-up
			"DynamoDB requests", "GetItem, then PutItem", "Aerospike requests", // mapping
			"Read: response time by percentile", "Read: service time by percentile", "Update: response time by percentile", // latency
			"not enough samples", "needs 100,000, about 3 min at this rate", "failures, from their send",
			"Offered and answered", "Attempts refused, by reason", "TableWriteKeyRangeThroughputExceeded", // over time
			"Write units per second by partition", "most write units/s", "hottest items", // heat
			"operations offered", "given up after throttling", "no answer yet at the end", "attempts per operation sent", // sums
			"read p99", "missed", "met", // objectives
			"Write request units", "reserved for 1 year", "USD, once", "without people", "all lines, first month", // bills
			"Node count", "loss of a node at the peak", "binds", // nodes
			"Monthly cost of each system", "3,400 operations/s", "the cheaper system changes", // crossover
			"aerospike.cpu_per_op", "--what-if", "Prices used", "AWS price list, us-east-1", "medium", // assumptions, prices
			"excluded", "no public list price of the licence", // offers left out
			"open loop", "6 kept, 0 not kept, 2 not applicable", // fairness
			"healthy: it kept to its schedule", "187 µs", // generator
			"crossover tco DIR", "sha256:5f0c7a3e9d41b628", "sha256:1122334455667788", // how to reproduce, digests
		} {
			if !strings.Contains(text, want) && !strings.Contains(strings.ReplaceAll(text, "&#39;", "'"), want) {
				t.Errorf("%s: %q is missing", form, want)
			}
		}
	}
}

// A target's name never stands in a heading, a legend or a table's header without its kind,
// and what an embedded server showed is never called measured.
func TestKindsStandBesideNames(t *testing.T) {
	d := goldenDoc(t, "complete")
	doc, err := build(d)
	check(t, err)
	var heads []string
	walk(doc, func(b block) {
		switch {
		case b.Table != nil:
			heads = append(append(heads, b.Table.Head...), b.Table.Caption)
		case b.Pictures != nil:
			for _, p := range b.Pictures {
				for _, k := range p.Keys {
					heads = append(heads, k.Text)
				}
			}
		}
	})
	for _, s := range doc.Sections[:6] { // those about runs
		for _, b := range s.Blocks {
			heads = append(heads, b.Heading)
		}
	}
	named := 0
	for _, h := range heads {
		if strings.Contains(h, "embedded") {
			named++
			if !strings.Contains(h, "(embedded, modelled)") {
				t.Errorf("%q", h)
			}
		}
	}
	if named < 20 {
		t.Errorf("only %d headings name a target with its kind", named)
	}
	for _, s := range doc.Sections {
		if s.ID == "cost" || s.ID == "bills" || s.ID == "answer" {
			continue
		}
		for _, b := range s.Blocks {
			if b.Table == nil {
				continue
			}
			for _, row := range b.Table.Rows {
				for _, c := range row {
					if c.Basis == figure.Measured {
						t.Errorf("%s: %q is called measured", b.Table.Caption, c.Text)
					}
				}
			}
		}
	}
}

// walk visits every block, folded ones too.
func walk(doc *document, visit func(block)) {
	var blocks func([]block)
	blocks = func(list []block) {
		for _, b := range list {
			visit(b)
			if b.Fold != nil {
				blocks(b.Fold.Blocks)
			}
		}
	}
	for _, s := range doc.Sections {
		blocks(s.Blocks)
	}
}

func TestTargetKinds(t *testing.T) {
	for _, c := range []struct {
		name, driver, kind string
		title              string
		mark               string
	}{
		{"dynamodb", "dynamodb", "embedded", "DynamoDB (embedded, modelled)", "modelled"},
		{"small-device", "aerospike", "simulated", "small-device, Aerospike (simulated, modelled)", "modelled"},
		{"Aerospike eu", "aerospike", "real", "Aerospike eu (real, measured)", "measured"},
		{"dynamodb", "dynamodb", "other", "DynamoDB (target unidentified)", "measured, target unidentified"},
		{"dynamodb", "dynamodb", "", "DynamoDB (target unidentified)", "measured, target unidentified"},
		{"null", "null", "mirror", "null (mirror, target unidentified)", "measured, target unidentified"},
	} {
		r := &results.Run{Manifest: results.Manifest{Target: results.TargetInfo{Name: c.name, Driver: c.driver, Kind: c.kind}}}
		got := seen(r, "1")
		if runTitle(r) != c.title || got.Mark() != c.mark || got.Soft() != (c.kind != "real") {
			t.Errorf("%+v: title %q, mark %q, soft %v", c, runTitle(r), got.Mark(), got.Soft())
		}
	}
}

// Any number of targets: a column each, a line each.
func TestNumberOfTargets(t *testing.T) {
	for n := range 4 {
		d := Doc{Title: "t", Tool: "v", Cost: stay(figure.Modelled)}
		for i := range n {
			d.Runs = append(d.Runs, small(steadyNodes("embedded"), fmt.Sprintf("aerospike-%d", i)).open(t))
		}
		page, markdown := render(t, d)
		wellFormed(t, page)
		for i := range 3 {
			title := fmt.Sprintf("aerospike-%d (embedded, modelled)", i)
			if has := strings.Contains(page, title) && strings.Contains(markdown, title); has != (i < n) {
				t.Errorf("%d targets: %s there: %v", n, title, has)
			}
		}
		if n > 0 && strings.Count(page, `class="l0"`) == 0 {
			t.Errorf("%d targets: no legend", n)
		}
	}
}

// Any number of offers: the best few are shown, the others folded, none lost without a word,
// and the file stays small.
func TestNumberOfOffers(t *testing.T) {
	for _, n := range []int{0, 1, 30} {
		c := manyOffers(n)
		d := Doc{Title: "t", Tool: "v", Cost: c}
		doc, err := build(d)
		check(t, err)
		shown, folded := 0, 0
		walk(doc, func(b block) {
			if b.Table != nil && strings.HasSuffix(b.Table.Caption, "cheapest first") {
				shown += len(b.Table.Rows)
			}
			if b.Table != nil && strings.HasSuffix(b.Table.Caption, "dearer offers") {
				folded += len(b.Table.Rows)
			}
		})
		if want := 2 * min(n, shownOffers); shown != want || folded != 2*n-want {
			t.Errorf("%d offers a system: %d shown and %d folded", n, shown, folded)
		}
		page, markdown := render(t, d)
		wellFormed(t, page)
		if n == 0 && !strings.Contains(markdown, "No offer was priced") {
			t.Error("nothing says that no offer was priced")
		}
		if n == 30 && !strings.Contains(markdown, "the bills of 22 dearer offers are in tco.json") {
			t.Error("nothing says where the other bills are")
		}
		if len(page) > 400_000 {
			t.Errorf("%d offers a system: %d bytes", n, len(page))
		}
	}
}

// A report is small, well formed, the same each time, and needs nothing from elsewhere.
func TestSelfContained(t *testing.T) {
	remote := regexp.MustCompile(`(?i)(src|href|url|action)\s*[=(]\s*["']?\s*(https?:)?//|@import|<script|<iframe|<link[^>]*stylesheet`)
	for name := range goldens {
		d := goldenDoc(t, name)
		page, markdown := render(t, d)
		wellFormed(t, page)
		if found := remote.FindString(page); found != "" {
			t.Errorf("%s refers to the network: %q", name, found)
		}
		if len(page) > 400_000 {
			t.Errorf("%s has %d bytes", name, len(page))
		}
		if m := odd.FindString(stripStyle(page)); m != "" {
			t.Errorf("%s: odd number %q", name, m)
		}
		if m := regexp.MustCompile(`NaN|\bInf\b|%!`).FindString(markdown); m != "" {
			t.Errorf("%s.md: odd number %q", name, m)
		}
		again, _ := render(t, d)
		if diff := cmp.Diff(page, again); diff != "" {
			t.Errorf("%s differs the second time:\n%s", name, diff)
		}
	}
}

var styleText = regexp.MustCompile(`(?s)<style>.*?</style>|<path[^>]*>|<code>[^<]*</code>|sha256:[0-9a-f]+`)

// stripStyle leaves what a person reads.
func stripStyle(page string) string { return styleText.ReplaceAllString(page, "") }

// Names that try to become markup are shown as they are spelled.
func TestHostileNames(t *testing.T) {
	const evil = `<script>alert("x")</script> | *b* [l](javascript:x) ` + "`c`\n## h"
	x := small(throttled("embedded"), evil)
	x.refused = map[string]int{`<img src=x onerror=y>|`: 3}
	x.target.Name = "t" // a directory's name; the target's own is set below
	r := x.open(t)
	m := &r.Manifest
	m.Target.Name, m.Scenario, m.Target.Identity, m.Run = evil, evil, evil, evil
	m.Target.Settings = map[string]string{evil: evil}
	m.Warnings, m.Reason = []string{evil}, evil
	m.Objectives = []results.ObjectiveResult{{Name: evil, Unit: "ns", Result: evil}}
	m.Fairness = []results.Check{{Rule: 1, Name: evil, Result: "fail", Detail: evil}}
	c := stay(figure.Modelled)
	c.Offers[0].Title, c.Verdict.Sentence, c.Assumptions[0].Name, c.Demand[0].Title = evil, evil, evil, evil
	page, markdown := render(t, Doc{Title: evil, Tool: evil, Runs: []*results.Run{r}, Cost: c, Reproduce: []string{evil}})
	wellFormed(t, page)
	if strings.Contains(page, "<script>alert") || strings.Contains(page, "<img") {
		t.Error("a name became an element of the page")
	}
	if !strings.Contains(page, "&lt;script&gt;alert") {
		t.Error("the name is not shown")
	}
	code := regexp.MustCompile("(?s)```.*?```|`[^`]*`") // code is shown, not interpreted
	for i, line := range strings.Split(code.ReplaceAllString(markdown, ""), "\n") {
		if strings.Contains(line, "<script") || strings.Contains(line, "<img") || strings.Contains(line, "[l](") || strings.HasPrefix(line, "## h") {
			t.Errorf("line %d: %s", i+1, line)
		}
	}
	columns := 0
	for i, line := range strings.Split(markdown, "\n") {
		bars := strings.Count(line, "|") - strings.Count(line, `\|`)
		switch {
		case !strings.HasPrefix(line, "|"):
			columns = 0
		case columns == 0:
			columns = bars
		case bars != columns:
			t.Errorf("line %d has %d cells, its table %d: %s", i+1, bars-1, columns-1, line)
		}
	}
}

// Runs without a single operation, and without any line at all, render and say so.
func TestEmptyRuns(t *testing.T) {
	idle := small(throttled("embedded"), "idle")
	idle.reads, idle.updates = 0, 0
	none := idle
	none.seconds, none.warm, none.places, none.torn = 0, 0, nil, true
	for _, runs := range [][]trial{{idle}, {none}, {idle, none}} {
		page, markdown := render(t, docOf(t, nil, runs...))
		wellFormed(t, page)
		for _, text := range []string{stripStyle(page), markdown} {
			if m := regexp.MustCompile(`NaN|\bInf\b|%!`).FindString(text); m != "" {
				t.Errorf("odd number %q", m)
			}
			for _, want := range []string{"No interval was recorded", "No operation was recorded", "no heat by partition or node"} {
				if runs[0].seconds == 0 && !strings.Contains(text, want) {
					t.Errorf("%q is missing", want)
				}
			}
		}
	}
	page, _ := render(t, Doc{Title: "t"})
	wellFormed(t, page)
}

// Figures that are no numbers are shown as missing and drawn nowhere.
func TestNotANumber(t *testing.T) {
	c := stay(figure.Modelled)
	for i := range c.Offers {
		c.Offers[i].Total.Value, c.Offers[i].Monthly.Value = math.NaN(), math.Inf(1)
	}
	c.Verdict.Saving.Value = math.NaN()
	c.Curve[3].Monthly["dynamodb"] = figure.New(math.NaN(), "USD/month", figure.Modelled, "x")
	c.Curve[4].Monthly["aerospike"] = figure.New(math.Inf(1), "USD/month", figure.Modelled, "x")
	c.Crossover.Points[0].Figure.Value = math.NaN()
	page, markdown := render(t, Doc{Title: "t", Cost: c})
	for form, text := range map[string]string{"HTML": page, "Markdown": markdown} {
		if m := regexp.MustCompile(`.{0,30}(NaN|\bInf\b).{0,30}`).FindString(text); m != "" {
			t.Errorf("%s: %q", form, m)
		}
	}
}

// What forbids a comparison, and what a run lacks, stands on the first page.
func TestProblems(t *testing.T) {
	a, b := small(throttled("embedded"), "a").open(t), small(steadyNodes("real"), "b").open(t)
	b.Manifest.StreamDigest = "sha256:other"
	b.Manifest.Totals.Offered += 7
	b.Manifest.Health.Limited, b.Manifest.Health.Reasons = true, []string{"own CPU use 97%"}
	c := undetermined()
	for i := range 12 {
		c.Warnings = append(c.Warnings, fmt.Sprintf("warning %d", i))
	}
	doc, err := build(Doc{Title: "t", Runs: []*results.Run{a, b}, Cost: c})
	check(t, err)
	first := doc.Sections[0]
	var shown, folded []string
	for _, blk := range first.Blocks {
		for _, l := range blk.List {
			if l.Warn {
				shown = append(shown, l.Text)
			}
		}
		if blk.Fold != nil && strings.HasSuffix(blk.Fold.Summary, " more") {
			for _, l := range blk.Fold.Blocks[0].List {
				folded = append(folded, l.Text)
			}
		}
	}
	all := strings.Join(append(shown, folded...), "\n")
	for _, want := range []string{
		"did not run the same stream of operations", "of different kinds (embedded and real)", "sums do not close",
		"generator-limited: own CPU use 97%", "warning 0", "warning 11",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is missing in:\n%s", want, all)
		}
	}
	if len(shown) != mostProblems || len(folded) == 0 {
		t.Errorf("%d shown, %d folded", len(shown), len(folded))
	}
	if v := first.Blocks[0].Verdict; v == nil || v.Decision != tco.Undetermined || v.Class != "open" {
		t.Errorf("verdict %+v", v)
	}
}

// A run that was cut off has no health, no objectives and no checks: none is made up for it.
func TestCutOffMakesNothingUp(t *testing.T) {
	x := small(steadyNodes("embedded"), "aerospike")
	x.torn = true
	_, markdown := render(t, docOf(t, nil, x))
	for _, want := range []string{
		"the run was cut off: what is shown is what was recorded until then", "its last line is torn",
		"not known: the run was cut off before it was written", "cut off before its objectives were judged",
		"No rule was checked", "| — waiting to be sent at the end | 4 |", "| — — no answer yet at the end | 6 |",
	} {
		if !strings.Contains(markdown, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Contains(markdown, "healthy: it kept") {
		t.Error("a run that was cut off is called healthy")
	}
}
