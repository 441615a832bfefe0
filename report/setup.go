package report

import (
	"encoding/json"
	"fmt"
	"slices"

	"crossover/results"
	"crossover/results/figure"
	"crossover/workload/op"
)

// runBasis returns what kind of knowledge a run's latencies are: measured only on a target
// that is real; on an embedded or simulated one they are the model's.
func runBasis(r *results.Run) figure.Basis {
	switch r.Manifest.Target.Kind {
	case "embedded", "simulated":
		return figure.Modelled
	}
	return figure.Measured
}

// runTitle names a run in tables and legends, with its kind.
func runTitle(r *results.Run) string {
	return fmt.Sprintf("%s (%s)", r.Manifest.Target.Name, r.Manifest.Target.Kind)
}

// setup shows what was run, side by side.
func setup(d Doc) ([]section, error) {
	if len(d.Runs) == 0 {
		return nil, nil
	}
	s := section{ID: "setup", Title: "What was run"}
	head := []string{""}
	for _, r := range d.Runs {
		head = append(head, runTitle(r))
	}
	t := &tableBlock{Caption: "The runs side by side", Head: head}
	row := func(name string, value func(*results.Run) cell) {
		cells := []cell{plain(name)}
		for _, r := range d.Runs {
			cells = append(cells, value(r))
		}
		t.Rows = append(t.Rows, cells)
	}
	row("target", func(r *results.Run) cell { return plain(r.Manifest.Target.Identity) })
	row("kind of target", func(r *results.Run) cell { return plain(kindSentence(r.Manifest.Target.Kind)) })
	row("client", func(r *results.Run) cell { return plain(r.Manifest.Target.Client) })
	row("status", func(r *results.Run) cell {
		if r.CutOff() {
			return plain("cut off: its writer ended before the run did")
		}
		return plain(string(r.Manifest.Status))
	})
	row("stream of operations", func(r *results.Run) cell { return plain(short(r.Manifest.StreamDigest)) })
	row("seed", func(r *results.Run) cell { return plain(fmt.Sprint(r.Manifest.Seed)) })
	row("arrival", func(r *results.Run) cell { return plain(r.Manifest.Arrival) })
	row("data set", func(r *results.Run) cell {
		return plain(fmt.Sprintf("%s; %s items loaded", r.Manifest.Dataset, count(r.Manifest.Loaded)))
	})
	row("started", func(r *results.Run) cell { return plain(r.Manifest.Started.UTC().Format("2006-01-02 15:04:05 UTC")) })
	row("generator", func(r *results.Run) cell { return plain(healthSentence(r.Manifest.Health)) })
	for _, key := range settingKeys(d.Runs) {
		row(key, func(r *results.Run) cell { return plain(r.Manifest.Target.Settings[key]) })
	}
	s.Blocks = append(s.Blocks, block{Table: t}, block{Table: outcomes(d.Runs)})
	if table := objectives(d.Runs); table != nil {
		s.Blocks = append(s.Blocks, block{Table: table})
	}
	if b := mappingFold(d.Runs); b != nil {
		s.Blocks = append(s.Blocks, *b)
	}
	return []section{s}, nil
}

func kindSentence(kind string) string {
	switch kind {
	case "embedded":
		return "embedded: crossover's own stand-in; its latencies are modelled, not the vendor's"
	case "simulated":
		return "simulated in virtual time; its latencies are modelled, not the vendor's"
	case "real":
		return "real"
	}
	return "other: it did not say what it is"
}

func healthSentence(h results.Health) string {
	s := fmt.Sprintf("sends late by p50 %s, p99 %s, at most %s; CPU %s, peak %s",
		nanos(h.LatenessP50Ns), nanos(h.LatenessP99Ns), nanos(h.LatenessMaxNs), percent(h.CPUShare), percent(h.CPUPeak))
	if h.Limited {
		return "LIMITED the run. " + s
	}
	return "fit. " + s
}

func settingKeys(runs []*results.Run) []string {
	seen := map[string]bool{}
	for _, r := range runs {
		for k := range r.Manifest.Target.Settings {
			seen[k] = true
		}
	}
	keys := make([]string, 0, len(seen))
	for k := range seen {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// outcomes shows the sums that close: offered, sent, each class, attempts and throttles.
func outcomes(runs []*results.Run) *tableBlock {
	head := []string{"operations"}
	totals := make([]results.Totals, len(runs))
	reasons := map[string]bool{}
	for i, r := range runs {
		head = append(head, runTitle(r))
		totals[i] = r.Totals()
		for reason := range totals[i].Throttles {
			reasons[reason] = true
		}
	}
	t := &tableBlock{Caption: "What became of the operations (warm-up left out)", Head: head}
	row := func(name string, value func(results.Totals) string) {
		cells := []cell{plain(name)}
		for i := range runs {
			cells = append(cells, num(value(totals[i])))
		}
		t.Rows = append(t.Rows, cells)
	}
	row("offered", func(x results.Totals) string { return count(x.Offered) })
	row("sent", func(x results.Totals) string { return count(x.Sent) })
	for c := range op.ClassCount {
		name := c.String()
		if slices.ContainsFunc(totals, func(x results.Totals) bool { return x.ByClass[name] > 0 }) {
			row("— "+classTitle(c), func(x results.Totals) string { return count(x.ByClass[name]) })
		}
	}
	row("attempts (requests, retries included)", func(x results.Totals) string { return count(x.Attempts) })
	for _, reason := range sortedKeys(reasons) {
		row("attempts refused: "+reason, func(x results.Totals) string { return count(x.Throttles[reason]) })
	}
	row("read units as the service counted", func(x results.Totals) string { return quantity(x.ReadUnits) })
	row("write units as the service counted", func(x results.Totals) string { return quantity(x.WriteUnits) })
	return t
}

func classTitle(c op.Class) string {
	switch c {
	case op.OK:
		return "succeeded"
	case op.NotFound:
		return "answered: no such item"
	case op.ConditionFailed:
		return "answered: condition did not hold"
	case op.Throttled:
		return "given up after throttling"
	case op.Overload:
		return "given up: server overloaded or key busy"
	case op.Timeout:
		return "timed out"
	case op.Dropped:
		return "dropped, never sent: too late"
	}
	return "failed otherwise"
}

func objectives(runs []*results.Run) *tableBlock {
	t := &tableBlock{Caption: "Objectives (of response time)", Head: []string{"target", "objective", "limit", "seen", "result"}}
	for _, r := range runs {
		for _, o := range r.Manifest.Objectives {
			seen := cell{Text: objectiveValue(o.Seen, o.Unit), Number: true, Basis: runBasis(r)}
			if o.Result == "not enough samples" {
				seen = num("–")
			}
			t.Rows = append(t.Rows, []cell{plain(r.Manifest.Target.Name), plain(o.Name), num(objectiveValue(o.Limit, o.Unit)), seen, plain(o.Result)})
		}
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return t
}

// mappingFold prints how one logical operation maps to each database.
func mappingFold(runs []*results.Run) *block {
	var m struct {
		Rows []map[string]any `json:"rows"`
	}
	for _, r := range runs {
		if len(r.Manifest.Mapping) > 0 && json.Unmarshal(r.Manifest.Mapping, &m) == nil && len(m.Rows) > 0 {
			break
		}
	}
	if len(m.Rows) == 0 {
		return nil
	}
	var head []string
	for k := range m.Rows[0] {
		head = append(head, k)
	}
	slices.Sort(head)
	t := &tableBlock{Caption: "How each operation maps to both databases", Head: head}
	for _, r := range m.Rows {
		var cells []cell
		for _, k := range head {
			cells = append(cells, plain(fmt.Sprint(r[k])))
		}
		t.Rows = append(t.Rows, cells)
	}
	return &block{Fold: &fold{Summary: "How each operation maps to both databases", Blocks: []block{{Table: t}}}}
}

func short(digest string) string {
	if len(digest) > 20 {
		return digest[:20] + "…"
	}
	return digest
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
