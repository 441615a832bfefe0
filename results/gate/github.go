package gate

import (
	"fmt"
	"io"
	"strings"

	"crossover/results/compare"
)

// Summarise writes the findings and the comparison as the Markdown of a job's summary
// (GitHub Docs, "Workflow commands for GitHub Actions", GITHUB_STEP_SUMMARY).
func Summarise(w io.Writer, r *compare.Result, findings []Finding) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## crossover: %s\n\n", cell(r.Scenario))
	if len(findings) > 0 {
		b.WriteString("| gate | target | outcome | why |\n|---|---|---|---|\n")
		for _, f := range findings {
			outcome := string(f.Outcome)
			if f.Fails {
				outcome = "**" + outcome + "**"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", cell(f.Name), cell(f.Target), outcome, cell(f.Reason))
		}
		b.WriteString("\n")
	}
	if err := r.Markdown(&b); err != nil {
		return err
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// cell keeps text from ending a table's cell or row.
func cell(s string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ", "\r", " ").Replace(s)
}

// Annotate writes a workflow command for each gate that failed, and a warning for each that is
// undecided; file is where the gates are written, for the annotation's place.
func Annotate(w io.Writer, file string, findings []Finding) error {
	for _, f := range findings {
		level := "error"
		switch {
		case f.Fails:
		case f.Outcome == Undecided:
			level = "warning"
		default:
			continue
		}
		_, err := fmt.Fprintf(w, "::%s file=%s,title=%s::%s\n", level, property(file),
			property("crossover: "+f.Target+": "+f.Name), data(f.Reason))
		if err != nil {
			return err
		}
	}
	return nil
}

// data escapes a workflow command's message.
func data(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// property escapes a workflow command's property.
func property(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(data(s))
}
