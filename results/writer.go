package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A Writer writes a run directory. Whatever a call has written is in the kernel's hands when
// the call returns, in whole lines: a writer killed at any moment loses what it had not been
// given, and a reader finds at worst one torn line. It is safe for concurrent use.
type Writer struct {
	mu         sync.Mutex
	dir        string
	started    time.Time
	files      map[string]*os.File
	histograms hlogEncoder
	buf        bytes.Buffer // one call's lines, written at once
}

// Create makes dir, which must not hold a run yet, and writes the manifest, as Running, and
// the scenario's text. m.Started is the zero of every time in the directory.
func Create(dir string, m Manifest, scenario []byte) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("creating the run directory: %w", err)
	}
	if _, err := os.Lstat(filepath.Join(dir, ManifestFile)); err == nil {
		return nil, fmt.Errorf("%s holds a run already (%s): expected a new or empty directory",
			dir, ManifestFile)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("creating the run directory: %w", err)
	}
	w := &Writer{dir: dir, started: m.Started, files: map[string]*os.File{}}
	for _, name := range appended {
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o644)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("creating the run directory: %w", err), w.Close())
		}
		w.files[name] = f
	}
	if err := w.begin(m, scenario); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// Append opens a run directory again, to write on from where it was cut off or ended: a torn
// last line goes, and the manifest says Running. m.Started stays the zero of every time.
func Append(dir string, m Manifest) (*Writer, error) {
	if _, err := os.Lstat(filepath.Join(dir, ManifestFile)); err != nil {
		return nil, fmt.Errorf("continuing the run: %w", err)
	}
	w := &Writer{dir: dir, started: m.Started, files: map[string]*os.File{}}
	for _, name := range appended {
		path := filepath.Join(dir, name)
		err := untear(path)
		var f *os.File
		if err == nil {
			f, err = os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("continuing the run: %w", err), w.Close())
		}
		w.files[name] = f
	}
	m.Status = Running
	if err := w.Manifest(m); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// untear cuts off a last line that a dying writer left without its end.
func untear(path string) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if whole := bytes.LastIndexByte(text, '\n') + 1; whole < len(text) {
		return os.Truncate(path, int64(whole))
	}
	return nil
}

// appended are the files that only grow while a run goes on.
var appended = []string{IntervalsFile, LatencyFile, HeatFile, ServerFile, EventsFile, SlowestFile}

func (w *Writer) begin(m Manifest, scenario []byte) error {
	if err := os.WriteFile(filepath.Join(w.dir, ScenarioFile), scenario, 0o644); err != nil {
		return fmt.Errorf("writing the scenario: %w", err)
	}
	log := hdrhistogram.NewHistogramLogWriter(&w.buf)
	err := errors.Join(
		log.OutputComment("[Logged by crossover, nanoseconds, maxima in milliseconds]"),
		log.OutputLogFormatVersion(),
		log.OutputStartTime(w.started.UnixMilli()),
		log.OutputLegend(),
		w.flush(LatencyFile),
	)
	if err != nil {
		return fmt.Errorf("writing %s: %w", LatencyFile, err)
	}
	m.Status = Running
	return w.Manifest(m)
}

// Dir returns the run directory.
func (w *Writer) Dir() string { return w.dir }

// Manifest replaces the manifest, by rename: a reader sees the old one or the new one.
func (w *Writer) Manifest(m Manifest) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	m.Format = [2]int{FormatMajor, FormatMinor}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the manifest: %w", err)
	}
	to := filepath.Join(w.dir, ManifestFile)
	from := to + ".new"
	if err := os.WriteFile(from, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("writing the manifest: %w", err)
	}
	if err := os.Rename(from, to); err != nil {
		return fmt.Errorf("writing the manifest: %w", err)
	}
	return nil
}

// Intervals appends to intervals.jsonl.
func (w *Writer) Intervals(lines []Interval) error { return appendLines(w, IntervalsFile, lines) }

// Heat appends to heat.jsonl.
func (w *Writer) Heat(lines []Heat) error { return appendLines(w, HeatFile, lines) }

// Server appends to server.jsonl.
func (w *Writer) Server(line Server) error { return appendLines(w, ServerFile, []Server{line}) }

// Slowest appends to slowest.jsonl.
func (w *Writer) Slowest(lines []Slow) error { return appendLines(w, SlowestFile, lines) }

// Event appends to events.jsonl, without what looks like a credential in its detail.
func (w *Writer) Event(e Event) error {
	e.Detail = Scrub(e.Detail)
	return appendLines(w, EventsFile, []Event{e})
}

func appendLines[T any](w *Writer, name string, lines []T) error {
	if len(lines) == 0 {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buf.Reset()
	enc := json.NewEncoder(&w.buf)
	for i := range lines {
		if err := enc.Encode(&lines[i]); err != nil {
			w.buf.Reset()
			return fmt.Errorf("encoding a line of %s: %w", name, err)
		}
	}
	return w.flush(name)
}

// Latency appends one tagged histogram to latency.hlog: what was recorded from start, since
// the run's start, for length. An empty one is left out.
func (w *Writer) Latency(start, length time.Duration, tag string, m *Merged) error {
	if m.Total() == 0 {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buf.Reset()
	line, err := w.histograms.appendLine(w.buf.AvailableBuffer(), tag, start, start+length, m)
	if err != nil {
		return fmt.Errorf("encoding a line of %s: %w", LatencyFile, err)
	}
	w.buf.Write(line)
	return w.flush(LatencyFile)
}

// flush writes the buffer to a file in one call, so that lines are torn only by the kernel.
func (w *Writer) flush(name string) error {
	defer w.buf.Reset()
	if _, err := w.files[name].Write(w.buf.Bytes()); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// Close closes the files. It does not touch the manifest: the caller has written how the run
// ended, or a reader will find it cut off.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var errs []error
	for name, f := range w.files {
		errs = append(errs, f.Close())
		delete(w.files, name)
	}
	return errors.Join(errs...)
}
