package workload

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"gopkg.in/yaml.v3"
)

// An Input is a file that a scenario names: a trace, or a histogram of popularity. Its content
// is part of what the stream is made of, so that the stream's digest covers it.
type Input struct {
	Name   string // as the scenario has it: relative to the scenario's directory
	Path   string // where it was read
	Digest string // "sha256:…" of its content
	Bytes  int64
}

// MaxInputBytes bounds a file that a scenario names.
const MaxInputBytes = 1 << 30

// runFiles are the names that a run directory has for itself: an input of such a name could not
// be kept beside the run's scenario.
var runFiles = []string{
	"manifest.json", "scenario.yaml", "intervals.jsonl", "latency.hlog", "heat.jsonl", "server.jsonl", "events.jsonl", "slowest.jsonl",
	"load.jsonl",
}

// input reads a file that the scenario names at n, and notes it. It reports problems by itself;
// ok is false then.
func (d *Decoder) input(n *yaml.Node, path, name string) (text []byte, digest string, ok bool) {
	if !filepath.IsLocal(name) || name == "." {
		d.Fail(n, path, "a file in the scenario's directory or below it", "")
		return nil, "", false
	}
	if slices.Contains(runFiles, filepath.Base(name)) {
		d.Fail(n, path, "another name: a run directory has a file of its own by that one", "")
		return nil, "", false
	}
	full := filepath.Join(filepath.Dir(d.File), name)
	info, err := os.Stat(full)
	if err == nil && info.Size() > MaxInputBytes {
		d.fail(n, path, fmt.Sprintf("a file of %d bytes", info.Size()), fmt.Sprintf("%d at most", MaxInputBytes), "")
		return nil, "", false
	}
	if err == nil {
		text, err = os.ReadFile(full)
	}
	if err != nil {
		d.fail(n, path, fmt.Sprintf("%q, which cannot be read", name), "a file beside the scenario", "")
		return nil, "", false
	}
	digest = digestOf(text)
	d.inputs = append(d.inputs, Input{Name: name, Path: full, Digest: digest, Bytes: int64(len(text))})
	return text, digest, true
}

// content returns what a file holds or, where none is named, what the scenario itself does.
func (d *Decoder) content(n *yaml.Node, path, file, inline, inlineKey string) (text []byte, digest string, ok bool) {
	switch {
	case (file == "") == (inline == ""):
		d.fail(n, path, "file and "+inlineKey+" both given or neither", "exactly one of file and "+inlineKey, "")
		return nil, "", false
	case file != "":
		at := n
		if c := child(n, "file"); c != nil {
			at = c
		}
		return d.input(at, Join(path, "file"), file)
	}
	return []byte(inline), digestOf([]byte(inline)), true
}

func digestOf(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// CopyTo copies the input's file beside a scenario in dir, and fails if its content has changed
// since the scenario was read.
func (in Input) CopyTo(dir string) error {
	text, err := os.ReadFile(in.Path)
	if err != nil {
		return fmt.Errorf("keeping the scenario's input: %w", err)
	}
	if got := digestOf(text); got != in.Digest {
		return fmt.Errorf("keeping the scenario's input: %s has changed since the scenario was read", in.Path)
	}
	to := filepath.Join(dir, in.Name)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return fmt.Errorf("keeping the scenario's input: %w", err)
	}
	if old, err := os.ReadFile(to); err == nil && bytes.Equal(old, text) {
		return nil // two sections may name one file
	}
	if err := os.WriteFile(to, text, 0o644); err != nil {
		return fmt.Errorf("keeping the scenario's input: %w", err)
	}
	return nil
}
