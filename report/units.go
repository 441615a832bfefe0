package report

import (
	"fmt"

	"crossover/results"
)

// unitBlocks show, for each run on a target that counts capacity units, those that it reported
// beside those that the published rules make of its items.
func unitBlocks(runs []*results.Run) ([]block, error) {
	var out []block
	for _, r := range runs {
		check, err := r.Units()
		if err != nil {
			return nil, err
		}
		if check == nil || len(check.Rows) == 0 {
			continue
		}
		if out == nil {
			out = append(out, heading("Capacity units, reported and computed"))
		}
		t := &tableBlock{
			Caption: fmt.Sprintf("%s: units that the target reported, beside those that DynamoDB's published rules make of the items met", runTitle(r)),
			Head:    []string{"operation", "units", "reported", "computed", "off by", "allowed", "verdict", "note"},
		}
		for _, row := range check.Rows {
			t.Rows = append(t.Rows, unitRow(row))
		}
		out = append(out, block{Table: t}, say(unitNote(check)))
	}
	return out, nil
}

func unitRow(row results.UnitsRow) []cell {
	verdict := plain(row.Verdict)
	verdict.Strong = row.Verdict == results.UnitsDiffer
	computed, off, allowed := num(missing), num(missing), num(missing)
	if row.Verdict != results.UnitsNotComputed {
		computed = num(quantity(row.Least))
		if row.Least != row.Most {
			computed = num(quantity(row.Least) + " to " + quantity(row.Most))
		}
		off, allowed = num(significant(100*row.Off, 3)+" %"), num(significant(100*row.Allowed, 3)+" %")
	}
	return []cell{code(row.Operation), plain(row.Units), num(quantity(row.Seen)), computed, off, allowed, verdict, plain(row.Note)}
}

// unitNote says what the comparison rests on.
func unitNote(check *results.UnitsCheck) string {
	text := "On the table itself, warm-up included. Units of secondary indexes, of writes whose condition failed and of attempts whose answer never came are on neither side."
	if check.Sampled < check.Of {
		text += fmt.Sprintf(" Computed from %s of %s operations of the stream; \u201callowed\u201d has room for that.", count(check.Sampled), count(check.Of))
	}
	if check.Note != "" {
		text += " " + check.Note + "."
	}
	return text
}
