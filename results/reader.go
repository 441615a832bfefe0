package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A Run is a run directory as read.
type Run struct {
	Dir      string
	Manifest Manifest
	Scenario []byte   // scenario.yaml as run
	Warnings []string // what could not be read in full: a torn line, for one

	intervals []Interval
	heat      []Heat
	server    []Server
	events    []Event
	slowest   []Slow
	latency   map[string]*hdrhistogram.Histogram // merged over the run, by tag
}

// Open reads a run directory at any moment of its life. It refuses a newer major format and
// tolerates a last line that a dying writer left torn.
func Open(dir string) (*Run, error) {
	r := &Run{Dir: dir}
	if err := r.readManifest(); err != nil {
		return nil, err
	}
	var err error
	if r.Scenario, err = r.read(ScenarioFile); err != nil {
		return nil, err
	}
	if r.intervals, err = readLines[Interval](r, IntervalsFile); err != nil {
		return nil, err
	}
	if r.heat, err = readLines[Heat](r, HeatFile); err != nil {
		return nil, err
	}
	if r.server, err = readLines[Server](r, ServerFile); err != nil {
		return nil, err
	}
	if r.events, err = readLines[Event](r, EventsFile); err != nil {
		return nil, err
	}
	if r.slowest, err = readLines[Slow](r, SlowestFile); err != nil {
		return nil, err
	}
	if err := r.readLatency(); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Run) readManifest() error {
	path := filepath.Join(r.Dir, ManifestFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is no run directory: it has no %s", r.Dir, ManifestFile)
	}
	if err != nil {
		return fmt.Errorf("reading the run: %w", err)
	}
	// The version is read on its own first: a newer format may not fit the struct.
	var version struct {
		Format []int `json:"format"`
	}
	if err := json.Unmarshal(text, &version); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if len(version.Format) != 2 || version.Format[0] < 1 {
		return fmt.Errorf("%s: found format %v, expected [major, minor] from [1, 0]", path, version.Format)
	}
	if major := version.Format[0]; major > FormatMajor {
		return fmt.Errorf("%s: found format %d.%d, this crossover reads up to %d: use a newer crossover",
			path, major, version.Format[1], FormatMajor)
	}
	if err := json.Unmarshal(text, &r.Manifest); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// read returns a file's bytes; a file that a writer had no time to create is empty.
func (r *Run) read(name string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(r.Dir, name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the run: %w", err)
	}
	return text, nil
}

// whole returns a file's complete lines, and warns of a torn last one.
func (r *Run) whole(name string) ([]byte, error) {
	text, err := r.read(name)
	if err != nil {
		return nil, err
	}
	end := bytes.LastIndexByte(text, '\n') + 1
	if end < len(text) {
		r.Warnings = append(r.Warnings,
			fmt.Sprintf("%s: its last line is torn and was left out (%d bytes)", name, len(text)-end))
	}
	return text[:end], nil
}

func readLines[T any](r *Run, name string) ([]T, error) {
	text, err := r.whole(name)
	if err != nil {
		return nil, err
	}
	var lines []T
	number := 0
	for line := range bytes.Lines(text) {
		number++
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var v T
		if err := json.Unmarshal(line, &v); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", filepath.Join(r.Dir, name), number, err)
		}
		lines = append(lines, v)
	}
	return lines, nil
}

func (r *Run) readLatency() error {
	text, err := r.whole(LatencyFile)
	if err != nil {
		return err
	}
	r.latency = map[string]*hdrhistogram.Histogram{}
	reader := hdrhistogram.NewHistogramLogReader(bytes.NewReader(text))
	for n := 1; ; n++ {
		h, err := reader.NextIntervalHistogram()
		if err != nil {
			return fmt.Errorf("%s: histogram %d: %w", filepath.Join(r.Dir, LatencyFile), n, err)
		}
		if h == nil {
			return nil
		}
		tag := h.Tag()
		if r.latency[tag] == nil {
			r.latency[tag] = NewHistogram()
		}
		if dropped := r.latency[tag].Merge(h); dropped > 0 {
			return fmt.Errorf("%s: histogram %d: %d values beyond %v", filepath.Join(r.Dir, LatencyFile),
				n, dropped, LatencyMax)
		}
	}
}

// CutOff reports whether the run's writer died before it could say how the run ended. A run
// still going on looks the same.
func (r *Run) CutOff() bool { return r.Manifest.Status == Running }

// Intervals returns the lines of intervals.jsonl, in order.
func (r *Run) Intervals() []Interval { return r.intervals }

// Heat returns the lines of heat.jsonl, in order.
func (r *Run) Heat() []Heat { return r.heat }

// Server returns the lines of server.jsonl, in order.
func (r *Run) Server() []Server { return r.server }

// Events returns the lines of events.jsonl, in order.
func (r *Run) Events() []Event { return r.events }

// Slowest returns the lines of slowest.jsonl, in order; none in a format before 1.1.
func (r *Run) Slowest() []Slow { return r.slowest }

// Histogram returns a kind's latencies over the run, in nanoseconds, merged from its
// intervals: measure is Response, Service, Failure, Attempt or AttemptFailure; an empty kind means all kinds;
// recordedOnly leaves out warm-up phases. It is empty, never nil, when there are none, and
// the caller's own.
func (r *Run) Histogram(kind, measure string, recordedOnly bool) *hdrhistogram.Histogram {
	sum := NewHistogram()
	for tag, h := range r.latency {
		k, m, recorded := splitTag(tag)
		if (kind == "" || kind == k) && m == measure && (recorded || !recordedOnly) {
			sum.Merge(h)
		}
	}
	return sum
}

// Kinds returns the operation kinds that the run has intervals of, in the order in which
// they first appear.
func (r *Run) Kinds() []string {
	var kinds []string
	seen := map[string]bool{}
	for i := range r.intervals {
		if k := r.intervals[i].Kind; !seen[k] {
			seen[k] = true
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// Totals returns the sums over the recorded part of the run: the manifest's where the run's
// writer wrote them, else (cut off) recomputed from the intervals.
func (r *Run) Totals() Totals {
	if !r.CutOff() {
		return r.Manifest.Totals
	}
	return SumParts(r.intervals, r.Manifest.Parts)
}

// Problems returns the manifest's warnings, the reader's own, and what became of a run that
// did not complete, for a report's front page.
func (r *Run) Problems() []string {
	var out []string
	switch {
	case r.CutOff():
		out = append(out, "the run was cut off: what is shown is what was recorded until then")
	case r.Manifest.Status != Complete:
		out = append(out, strings.TrimSuffix(fmt.Sprintf("the run is %s: %s", r.Manifest.Status, r.Manifest.Reason), ": "))
	}
	if r.Manifest.Health.Limited {
		out = append(out, "generator-limited: "+strings.Join(r.Manifest.Health.Reasons, "; "))
	}
	out = append(out, r.joins()...)
	return append(append(out, r.Manifest.Warnings...), r.Warnings...)
}
