package report

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"crossover/results"
)

// sideBySide makes a table with a column a run and a row a property.
type sideBySide struct {
	runs  []*results.Run
	table *tableBlock
}

func newSideBySide(runs []*results.Run, caption, first string) *sideBySide {
	t := &tableBlock{Caption: caption, Head: []string{first}}
	for _, r := range runs {
		t.Head = append(t.Head, runTitle(r))
	}
	return &sideBySide{runs, t}
}

// row adds a property; a row in which no run has a value is left out.
func (s *sideBySide) row(name string, value func(*results.Run) cell) {
	cells := []cell{plain(name)}
	some := false
	for _, r := range s.runs {
		c := value(r)
		if c.Text == "" {
			c = cell{Text: missing, Number: c.Number}
		} else {
			some = true
		}
		cells = append(cells, c)
	}
	if some {
		s.table.Rows = append(s.table.Rows, cells)
	}
}

// setup shows what was run, side by side.
func setup(d Doc) ([]section, error) {
	if len(d.Runs) == 0 {
		return nil, nil
	}
	s := section{ID: "setup", Title: "What was run"}
	s.Blocks = append(s.Blocks, block{Table: runsTable(d.Runs)})
	if t := settingsTable(d.Runs); len(t.Rows) > 0 {
		s.Blocks = append(s.Blocks, block{Fold: &fold{Summary: "Every setting, side by side", Blocks: []block{{Table: t}}}})
	}
	s.Blocks = append(s.Blocks, mappingBlocks(d.Runs)...)
	s.Blocks = append(s.Blocks, heading("The load generator"), block{Table: healthTable(d.Runs)})
	return []section{s}, nil
}

func runsTable(runs []*results.Run) *tableBlock {
	s := newSideBySide(runs, "The runs side by side", "set-up")
	text := func(name string, value func(results.Manifest) string) {
		s.row(name, func(r *results.Run) cell { return plain(value(r.Manifest)) })
	}
	text("target", func(m results.Manifest) string { return m.Target.Identity })
	text("kind of target", func(m results.Manifest) string { return kindSentence(m.Target.Kind) })
	text("client library", func(m results.Manifest) string { return m.Target.Client })
	s.row("how it ended", func(r *results.Run) cell { return plain(statusWords(r)) })
	text("scenario", func(m results.Manifest) string { return m.Scenario })
	text("stream of operations", func(m results.Manifest) string { return short(m.StreamDigest) })
	text("seed", func(m results.Manifest) string { return fmt.Sprint(m.Seed) })
	text("shard", func(m results.Manifest) string {
		if m.Shard == "1/1" {
			return ""
		}
		return m.Shard
	})
	text("arrival", func(m results.Manifest) string { return m.Arrival })
	text("planned to last", func(m results.Manifest) string {
		if m.Planned <= 0 {
			return ""
		}
		return lasting(m.Planned)
	})
	text("as its scenario, but", adaptedWords)
	s.row("paused", func(r *results.Run) cell { return plain(pausedWords(r)) })
	s.row("in parts", func(r *results.Run) cell { return plain(partWords(r)) })
	text("data set", datasetWords)
	text("started", func(m results.Manifest) string { return m.Started.UTC().Format("2006-01-02 15:04:05 UTC") })
	text("ended", func(m results.Manifest) string {
		if m.Ended.IsZero() {
			return ""
		}
		return m.Ended.UTC().Format("2006-01-02 15:04:05 UTC")
	})
	text("run by", func(m results.Manifest) string { return strings.TrimSpace("crossover " + m.Tool) })
	s.row("spent of the budget", spentCell)
	text("repetition", func(m results.Manifest) string {
		if m.Repetition == "" {
			return ""
		}
		return m.Repetition + ", " + m.Order
	})
	for _, k := range keysOf(runs, func(m results.Manifest) map[string]string { return m.Host }) {
		text("generator's host: "+k, func(m results.Manifest) string { return m.Host[k] })
	}
	return s.table
}

// settingsTable shows every setting that the drivers told of their targets, side by side.
func settingsTable(runs []*results.Run) *tableBlock {
	s := newSideBySide(runs, "Settings of the targets", "setting")
	for _, k := range keysOf(runs, func(m results.Manifest) map[string]string { return m.Target.Settings }) {
		s.row(k, func(r *results.Run) cell { return plain(r.Manifest.Target.Settings[k]) })
	}
	return s.table
}

func statusWords(r *results.Run) string {
	if r.CutOff() {
		return "cut off: its writer ended before the run did"
	}
	if r.Manifest.Reason != "" {
		return string(r.Manifest.Status) + ": " + r.Manifest.Reason
	}
	return string(r.Manifest.Status)
}

func datasetWords(m results.Manifest) string {
	if m.Loaded == 0 {
		return m.Dataset
	}
	return strings.TrimPrefix(fmt.Sprintf("%s, %s items", m.Dataset, count(m.Loaded)), ", ")
}

func spentCell(r *results.Run) cell {
	m := r.Manifest
	if m.BudgetUSD == 0 && m.SpentUSD == 0 {
		return plain("")
	}
	return plain(money(m.SpentUSD) + " of " + money(m.BudgetUSD) + ", from the units consumed at " +
		"on-demand prices")
}

func keysOf(runs []*results.Run, of func(results.Manifest) map[string]string) []string {
	all := map[string]bool{}
	for _, r := range runs {
		for k := range of(r.Manifest) {
			all[k] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// healthTable shows whether the generator, rather than a database, set the figures.
func healthTable(runs []*results.Run) *tableBlock {
	s := newSideBySide(runs, "The load generator's own health", "measure")
	// A run that was cut off has none in its manifest: zeros would look like perfection.
	health := func(name string, value func(results.Health) string) {
		s.row(name, func(r *results.Run) cell {
			if r.CutOff() {
				return plain("")
			}
			return plain(value(r.Manifest.Health))
		})
	}
	s.row("verdict", func(r *results.Run) cell {
		switch h := r.Manifest.Health; {
		case r.CutOff():
			return plain("not known: the run was cut off before it was written")
		case h.Limited:
			return cell{Text: "generator-limited: the generator, not the database, may have set the figures", Strong: true}
		default:
			return plain("healthy: it kept to its schedule")
		}
	})
	health("sends late while a session was free: p50, p99, most", func(h results.Health) string {
		return nanos(h.LatenessP50Ns) + ", " + nanos(h.LatenessP99Ns) + ", " + nanos(h.LatenessMaxNs)
	})
	health("CPU of its cores: mean, busiest interval", func(h results.Health) string {
		return percent(h.CPUShare) + ", " + percent(h.CPUPeak)
	})
	health("time that its threads waited for a core", func(h results.Health) string { return percent(h.RunQueueShare) })
	health("longest garbage-collection pause", func(h results.Health) string { return nanos(h.GCPauseMaxNs) })
	health("its timer woke late, before the run: p50, most", func(h results.Health) string {
		if h.TimerLateMaxNs == 0 { // a run by an older version, or one in virtual time
			return "not measured"
		}
		return nanos(h.TimerLateP50Ns) + ", " + nanos(h.TimerLateMaxNs)
	})
	health("attempts that a refused, lost or missing connection made fail", func(h results.Health) string {
		return connectionTrouble(h.ConnectionErrors)
	})
	health("TCP segments that its host sent again meanwhile", func(h results.Health) string {
		return count(h.TCPRetransmits)
	})
	health("recorded intervals marked generator-limited", func(h results.Health) string { return percent(h.LimitedShare) })
	health("why", func(h results.Health) string { return strings.Join(h.Reasons, "; ") })
	return s.table
}

// connectionTrouble returns how many attempts failed by each reason of the connection's.
func connectionTrouble(reasons map[string]uint64) string {
	var parts []string
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		parts = append(parts, reason+" "+count(reasons[reason]))
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// mappingBlocks print how one logical operation maps to each database, requests counted.
func mappingBlocks(runs []*results.Run) []block {
	var m struct {
		Item string           `json:"item"`
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
	head := mappingColumns(m.Rows)
	t := &tableBlock{Caption: "How each operation maps to requests, retries apart", Head: head}
	for _, row := range m.Rows {
		var cells []cell
		for _, k := range head {
			switch v := row[k].(type) {
			case float64:
				cells = append(cells, num(quantity(v)))
			case string:
				cells = append(cells, plain(v))
			default:
				cells = append(cells, plain(""))
			}
		}
		t.Rows = append(t.Rows, cells)
	}
	out := []block{heading("The same operations on each side")}
	if m.Item != "" {
		out = append(out, say("An item: "+m.Item+"."))
	}
	return append(out, block{Table: t})
}

// mappingColumns orders the columns: the operation, each system with its requests, notes
// last. Columns without any text are left out.
func mappingColumns(rows []map[string]any) []string {
	all := map[string]bool{}
	for _, r := range rows {
		for k, v := range r {
			if v != "" && v != nil {
				all[k] = true
			}
		}
	}
	place := func(k string) string {
		switch {
		case k == "operation":
			return "0"
		case strings.HasPrefix(k, "DynamoDB"): // what the reader has comes first
			return "1" + k
		case k == "note":
			return "3"
		}
		return "2" + k
	}
	return slices.SortedFunc(maps.Keys(all), func(a, b string) int { return strings.Compare(place(a), place(b)) })
}

func short(digest string) string {
	if len(digest) > 20 {
		return digest[:20] + "…"
	}
	return digest
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
