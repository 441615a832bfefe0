package report

import (
	"strings"
	"testing"
	"time"

	"crossover/results"
)

// Units as reported stand beside those computed, with what is open and what differs.
func TestUnitBlocks(t *testing.T) {
	dir := t.TempDir() + "/run"
	w, err := results.Create(dir, results.Manifest{Started: time.Unix(1_800_000_000, 0), Target: results.TargetInfo{Name: "ddb", Driver: "dynamodb", Kind: "real"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	run, err := results.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if blocks, err := unitBlocks([]*results.Run{run}); err != nil || blocks != nil {
		t.Errorf("without units: %v, %v", blocks, err)
	}
	check := &results.UnitsCheck{Kind: "real", Tolerance: 0.005, Sampled: 10, Of: 200, Note: "a note", Rows: []results.UnitsRow{
		{Operation: "read", Units: "read", Seen: 1200, Least: 1000, Most: 1000, Off: 0.2, Allowed: 0.005, Verdict: results.UnitsDiffer},
		{Operation: "delete", Units: "write", Seen: 50, Least: 10, Most: 80, Allowed: 0.005, Verdict: results.UnitsAgree, Note: "why"},
		{Operation: "append", Units: "write", Seen: 5, Verdict: results.UnitsNotComputed, Note: "they grow"},
	}}
	if err := results.WriteUnits(dir, check); err != nil {
		t.Fatal(err)
	}
	blocks, err := unitBlocks([]*results.Run{run})
	if err != nil || len(blocks) != 3 {
		t.Fatalf("%d blocks, %v", len(blocks), err)
	}
	var text []string
	for _, row := range blocks[1].Table.Rows {
		var cells []string
		for _, c := range row {
			cells = append(cells, c.Text)
		}
		text = append(text, strings.Join(cells, "|"))
	}
	want := []string{
		"read|read|1,200|1,000|20.0 %|0.500 %|differ|", "delete|write|50|10 to 80|0 %|0.500 %|agree|why", "append|write|5|" + missing + "|" + missing + "|" + missing + "|not computed|they grow",
	}
	for i := range want {
		if text[i] != want[i] {
			t.Errorf("row %d: %q, want %q", i, text[i], want[i])
		}
	}
	if !blocks[1].Table.Rows[0][6].Strong || blocks[1].Table.Rows[1][6].Strong {
		t.Error("what differs is to stand out, and nothing else")
	}
	if note := blocks[2].Paragraph.Text; !strings.Contains(note, "10 of 200 operations") || !strings.HasSuffix(note, "a note.") {
		t.Errorf("note %q", note)
	}
}
