package results

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// UnitsFile holds what costmodel/reconcile found: the capacity units that a target reported
// beside those that the published rules make of the items. A run on a target that reports no
// units has none.
const UnitsFile = "units.json"

// A UnitsCheck is the content of UnitsFile.
type UnitsCheck struct {
	Kind      string     `json:"kind"`      // of the target
	Tolerance float64    `json:"tolerance"` // share by which units may differ without being reported
	Sampled   uint64     `json:"sampled"`   // operations of the stream whose items were looked at
	Of        uint64     `json:"of"`        // operations of the stream that fell due
	Rows      []UnitsRow `json:"rows"`
	Note      string     `json:"note,omitempty"`
}

// A UnitsRow compares the read or the write units of one kind of operation, on the table itself.
type UnitsRow struct {
	Operation string  `json:"operation"`
	Units     string  `json:"units"` // "read" or "write"
	Answered  uint64  `json:"answered"`
	Seen      float64 `json:"seen"`
	Least     float64 `json:"least"` // computed; Least and Most differ where what an operation met is not on record
	Most      float64 `json:"most"`
	Allowed   float64 `json:"allowed"` // share: the tolerance, and what a sample leaves open
	Off       float64 `json:"off"`     // share of the nearer bound by which Seen lies outside; 0 within
	Verdict   string  `json:"verdict"` // see the Units constants
	Note      string  `json:"note,omitempty"`
}

// Verdicts of a UnitsRow.
const (
	UnitsAgree       = "agree"
	UnitsDiffer      = "differ"
	UnitsNotComputed = "not computed"
)

// Differing returns the rows that differ.
func (u *UnitsCheck) Differing() (rows []UnitsRow) {
	if u == nil {
		return nil
	}
	for _, r := range u.Rows {
		if r.Verdict == UnitsDiffer {
			rows = append(rows, r)
		}
	}
	return rows
}

// String says what a row found.
func (r UnitsRow) String() string {
	return fmt.Sprintf("%s: %.6g %s units reported, %s computed from its items by the published rules: %.2g%% off, of which %.2g%% would be within tolerance",
		r.Operation, r.Seen, r.Units, r.Computed(), 100*r.Off, 100*r.Allowed)
}

// Computed prints the computed units: one number, or two bounds.
func (r UnitsRow) Computed() string {
	if r.Least == r.Most {
		return fmt.Sprintf("%.6g", r.Least)
	}
	return fmt.Sprintf("%.6g to %.6g", r.Least, r.Most)
}

// WriteUnits writes a run directory's UnitsFile.
func WriteUnits(dir string, u *UnitsCheck) error {
	text, err := json.MarshalIndent(u, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding %s: %w", UnitsFile, err)
	}
	return replaceFile(filepath.Join(dir, UnitsFile), append(text, '\n'))
}

// Units reads the run's UnitsFile; it is nil where there is none.
func (r *Run) Units() (*UnitsCheck, error) {
	text, err := r.read(UnitsFile)
	if err != nil || len(text) == 0 {
		return nil, err
	}
	u := new(UnitsCheck)
	if err := json.Unmarshal(text, u); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(r.Dir, UnitsFile), err)
	}
	return u, nil
}

// Amend replaces the manifest of a run that has ended, for what is found out from the whole of
// its directory.
func Amend(dir string, m Manifest) error {
	m.Format = [2]int{FormatMajor, FormatMinor}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the manifest: %w", err)
	}
	return replaceFile(filepath.Join(dir, ManifestFile), append(text, '\n'))
}

// replaceFile writes a file by rename: a reader sees the old one or the new one.
func replaceFile(path string, text []byte) error {
	if err := os.WriteFile(path+".new", text, 0o644); err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(path), err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(path), err)
	}
	return nil
}
