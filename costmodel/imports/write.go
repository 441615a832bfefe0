package imports

import (
	"bytes"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"crossover/results/figure"
	"crossover/workload"
	"crossover/workload/op"
)

// quoted writes text from outside as a YAML string: Go's ASCII quoting uses only escapes that
// YAML's double-quoted strings have too.
func quoted(text string) string {
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	return strconv.QuoteToASCII(text)
}

// comment writes text into a comment, which it cannot leave: control characters become spaces.
func comment(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 || r == 0xfeff || !strconv.IsPrint(r) && r != ' ' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
}

// commentWidth is where comments are broken.
const commentWidth = 100

// wrapped writes text as comment lines, those after the first indented by more.
func wrapped(b *bytes.Buffer, text, more string) {
	line := "#"
	for _, word := range strings.Fields(comment(text)) {
		if len(line)+1+len(word) > commentWidth && len(line) > 1+len(more) {
			b.WriteString(line + "\n")
			line = "#" + more
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
}

// ScenarioName returns what a table's scenario is called: its name, as far as names of
// scenarios go.
func ScenarioName(table string) string {
	name := strings.Map(func(r rune) rune {
		if r < 0x80 && (r == '-' || r == '.' || r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z') {
			return r
		}
		return '-'
	}, table)
	name = strings.TrimLeft(name, "-._")
	if name = name[:min(len(name), workload.MaxNameLen)]; name == "" {
		return "table"
	}
	return name
}

// Scenario writes the draft as a scenario file.
func (d *Draft) Scenario() []byte {
	var b bytes.Buffer
	d.head(&b)
	name := ScenarioName(d.Table)
	fmt.Fprintf(&b, "version: 1\nname: %s\ndescription: %s\nseed: 1\n", quoted(name), quoted("imported from the DynamoDB table "+d.Table))
	d.writeDataset(&b)
	d.writeWorkload(&b)
	fmt.Fprintf(&b, "targets:\n  - {name: dynamodb, driver: dynamodb, at: embedded, capacity: %s}\n", d.capacity)
	b.WriteString("  - {name: aerospike, driver: aerospike, at: embedded, nodes: 3, replication: 2, device: i4i.xlarge}\n")
	shape := "flat"
	if d.ratio > 1 {
		shape = fmt.Sprintf(`"diurnal(peak_to_mean: %s)"`, number(d.ratio, 4))
	}
	fmt.Fprintf(&b, "cost:\n  regions: [%s]\n  horizon: 36 months\n  demand: {mean: %s/s, shape: %s}\n  items: %d\n",
		d.region, number(d.mean, 6), shape, d.items)
	if len(d.dynamodb) > 0 {
		fmt.Fprintf(&b, "  dynamodb: {%s}\n", strings.Join(d.dynamodb, ", "))
	}
	b.WriteString("sources:\n")
	origins := append([]Origin(nil), d.Origins...)
	origins = append(origins, Origin{"targets.aerospike", figure.Assumed, "three nodes, two copies, i4i.xlarge: what to compare with is in no file"},
		Origin{"cost.horizon", figure.Assumed, "36 months"})
	sort.SliceStable(origins, func(i, j int) bool { return origins[i].Path < origins[j].Path })
	for _, o := range origins {
		fmt.Fprintf(&b, "  %s: {basis: %s, source: %s}\n", o.Path, o.Basis, quoted(o.Source))
	}
	return b.Bytes()
}

// head writes what the file is, what is missing, and what sources disagree on.
func (d *Draft) head(b *bytes.Buffer) {
	wrapped(b, "Imported from the DynamoDB table "+d.Table+" by crossover import. Where each value came from is in the sources section below; what follows is what the files did not tell.", "")
	b.WriteString("#\n# Missing, and what was done instead (how much it matters):\n")
	for _, m := range d.sortedMissing() {
		wrapped(b, fmt.Sprintf("- (%s) %s: %s", m.Weight, m.What, m.Instead), "  ")
	}
	if len(d.Checks) > 0 {
		b.WriteString("#\n# What two sources say of one thing:\n")
	}
	for _, c := range d.Checks {
		wrapped(b, "- "+c.String(), "  ")
	}
	if len(d.Notes) > 0 {
		b.WriteString("#\n# Notes:\n")
	}
	for _, n := range d.Notes {
		wrapped(b, "- "+n, "  ")
	}
	if len(d.HotKeys) > 0 {
		b.WriteString("#\n# Hot keys, in the order of workload.hot:\n")
	}
	for _, k := range d.HotKeys {
		wrapped(b, fmt.Sprintf("- %s: %.2f%%", k.Name, 100*k.Share), "  ")
	}
}

// sortedMissing returns what is missing, the weightiest first.
func (d *Draft) sortedMissing() []Missing {
	rank := map[Weight]int{High: 0, Medium: 1, Low: 2}
	list := append([]Missing(nil), d.Missing...)
	sort.SliceStable(list, func(i, j int) bool { return rank[list[i].Weight] < rank[list[j].Weight] })
	return list
}

func (c Check) String() string {
	verdict := "agree"
	if c.Differ {
		verdict = "DIFFER"
	}
	return fmt.Sprintf("%s: %s (%s, %s) and %s (%s, %s) %s", c.What, c.One, c.One.Basis, c.One.Source, c.Other, c.Other.Basis, c.Other.Source, verdict)
}

// Report writes what is missing and what differs, for people.
func (d *Draft) Report() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: missing, and what was done instead:\n", comment(d.Table))
	for _, m := range d.sortedMissing() {
		fmt.Fprintf(&b, "  %-6s  %s: %s\n", m.Weight, comment(m.What), comment(m.Instead))
	}
	for _, c := range d.Checks {
		fmt.Fprintf(&b, "  check   %s\n", comment(c.String()))
	}
	for _, n := range d.Notes {
		fmt.Fprintf(&b, "  note    %s\n", comment(n))
	}
	return b.String()
}

func (d *Draft) writeDataset(b *bytes.Buffer) {
	ds := &d.sc.Dataset
	fmt.Fprintf(b, "dataset:\n  items: %d\n", ds.Items)
	key := "partition: " + quoted(ds.Key.Partition)
	if d.sc.HasSort() {
		key += fmt.Sprintf(", sort: {prefix: %s, per_partition: %d}", quoted(ds.Key.Sort.Prefix), ds.Key.Sort.PerPartition)
	}
	fmt.Fprintf(b, "  key: {%s}\n", key)
	if h := ds.Size.Histogram; len(h) > 0 {
		b.WriteString("  size:\n    histogram:\n")
		for _, x := range h {
			fmt.Fprintf(b, "      - {to: %dB, share: %s%%}\n", x.To, number(100*x.Share, 12))
		}
	} else if l := ds.Size.Lognormal; l != nil {
		fmt.Fprintf(b, "  size: {lognormal: {median: %dB, p99: %dB, max: %dB}}\n", l.Median, l.P99, l.Max)
	} else {
		fmt.Fprintf(b, "  size: %dB\n", ds.Size.Fixed)
	}
	fmt.Fprintf(b, "  attributes: %d\n", ds.Attributes)
}

func (d *Draft) writeWorkload(b *bytes.Buffer) {
	w := &d.sc.Workload
	b.WriteString("workload:\n")
	if z := w.Keys.Zipfian; z != nil {
		fmt.Fprintf(b, "  keys: {zipfian: {theta: %s, scrambled: true}}\n", number(z.Theta, 4))
	} else {
		b.WriteString("  keys: uniform\n")
	}
	if len(w.Hot) > 0 {
		b.WriteString("  hot:\n")
		for i, h := range w.Hot {
			fmt.Fprintf(b, "    - {key: %d, share: %s%%} # %s\n", h.Key, number(100*h.Share, 4), comment(d.HotKeys[i].Name))
		}
	}
	fmt.Fprintf(b, "  operations: %s\n", shareText(w.Operations))
	if w.Read.Consistency != "" {
		fmt.Fprintf(b, "  read: {consistency: %s}\n", w.Read.Consistency)
	}
	if w.Write.TTL > 0 && d.hasWrites() {
		fmt.Fprintf(b, "  write: {ttl: %ds}\n", w.Write.TTL/time.Second)
	}
	if w.Operations[op.Query] > 0 {
		fmt.Fprintf(b, "  query: {limit: %d}\n", w.Query.Limit)
	}
	if w.Operations[op.ScanPage] > 0 {
		fmt.Fprintf(b, "  scan: {limit: %d}\n", w.Scan.Limit)
	}
	b.WriteString("  arrival: {open: {process: poisson}}\n  phases:\n")
	for _, p := range w.Phases {
		record := ""
		if !p.Record {
			record = ", record: false"
		}
		fmt.Fprintf(b, "    - {name: %s, for: %v, rate: %s/s%s}\n", p.Name, p.For, number(p.Rate.From, 4), record)
	}
}
