package compare

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"crossover/results"
)

// BaselineFormat is the version of a baseline file.
const BaselineFormat = 1

// baselineName marks a baseline file, so that another JSON file is not mistaken for one.
const baselineName = "crossover baseline"

// baselineMax bounds a baseline file, in bytes.
const baselineMax = 64 << 20

type baseline struct {
	File        string        `json:"file"`
	Format      int           `json:"format"`
	Repetitions []*Repetition `json:"repetitions"`
}

// WriteBaseline writes what a comparison needs of the repetitions, as JSON.
func WriteBaseline(w io.Writer, reps []*Repetition) error {
	text, err := json.MarshalIndent(baseline{baselineName, BaselineFormat, reps}, "", " ")
	if err != nil {
		return fmt.Errorf("encoding a baseline: %w", err)
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// ReadBaseline reads what WriteBaseline wrote; name is for messages. It refuses a newer format,
// and anything that a comparison could not compute with.
func ReadBaseline(name string, text []byte) ([]*Repetition, error) {
	if len(text) > baselineMax {
		return nil, fmt.Errorf("%s: found %d bytes, expected a baseline of %d at most", name, len(text), baselineMax)
	}
	var head struct {
		File   string `json:"file"`
		Format int    `json:"format"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if head.File != baselineName {
		return nil, fmt.Errorf("%s: found file %q, expected %q (crossover compare --save-baseline writes one)", name, head.File, baselineName)
	}
	if head.Format < 1 || head.Format > BaselineFormat {
		return nil, fmt.Errorf("%s: found format %d, this crossover reads 1 to %d", name, head.Format, BaselineFormat)
	}
	var b baseline
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&b); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(b.Repetitions) == 0 {
		return nil, fmt.Errorf("%s: found no repetitions, expected at least one", name)
	}
	for i, r := range b.Repetitions {
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("%s: repetition %d: %w", name, i+1, err)
		}
	}
	return b.Repetitions, nil
}

// check returns an error when a figure is one that no run can have.
func (r *Repetition) check() error {
	if r == nil || r.Target.Name == "" {
		return fmt.Errorf("found no target, expected its name")
	}
	c := &r.Counts
	numbers := map[string]float64{
		"seconds": c.Seconds, "ended": c.Ended, "answered": c.Answered, "successes": c.Successes, "errors": c.Errors,
		"read_units": c.ReadUnits, "write_units": c.WriteUnits,
	}
	for k, v := range c.Throttles {
		numbers["throttles."+k] = v
	}
	for k, v := range c.Within {
		numbers["within."+k] = v
	}
	for _, l := range r.Latencies {
		for k, v := range l.Within {
			numbers[l.Kind+"."+l.Measure+".within."+k] = v
		}
	}
	for k, v := range numbers {
		if v < 0 || v > 1e18 || math.IsNaN(v) {
			return fmt.Errorf("found %s %g, expected 0 to 1e18", k, v)
		}
	}
	return nil
}

// Load reads a side: a run directory, a directory with run directories directly in it, or a
// baseline file. Where a directory holds a target once and also in repetitions, all count.
func Load(path string) ([]*Repetition, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		return ReadBaseline(path, text)
	}
	dirs := []string{path}
	if _, err := os.Stat(filepath.Join(path, results.ManifestFile)); err != nil {
		found, err := filepath.Glob(filepath.Join(path, "*", results.ManifestFile))
		if err != nil {
			return nil, err
		}
		dirs = dirs[:0]
		for _, m := range found { // sorted by name
			dirs = append(dirs, filepath.Dir(m))
		}
	}
	if len(dirs) == 0 {
		return nil, fmt.Errorf("%s holds no run: expected a directory with %s in it or directly below it, or a baseline file",
			path, results.ManifestFile)
	}
	var reps []*Repetition
	for _, dir := range dirs {
		run, err := results.Open(dir)
		if err != nil {
			return nil, err
		}
		rep, err := Summarise(run)
		if err != nil {
			return nil, err
		}
		reps = append(reps, rep)
	}
	return reps, nil
}
