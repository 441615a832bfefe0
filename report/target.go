package report

import (
	"fmt"
	"strings"

	"crossover/results"
	"crossover/results/figure"
)

// runBasis returns what kind of knowledge a run's figures are: measured only on a target
// that is a real one; on an embedded or simulated one they are the model's. Of a target that
// did not say what it is, doubtOf says so beside the figure.
func runBasis(r *results.Run) figure.Basis {
	switch r.Manifest.Target.Kind {
	case "embedded", "simulated":
		return figure.Modelled
	}
	return figure.Measured
}

func runDoubt(r *results.Run) string {
	if runBasis(r) == figure.Measured && r.Manifest.Target.Kind != "real" {
		return "target unidentified"
	}
	return ""
}

// seen shows something that a run showed, with the run's basis.
func seen(r *results.Run, text string) cell {
	return cell{Text: text, Number: true, Basis: runBasis(r), Doubt: runDoubt(r), Title: r.Manifest.Target.Identity}
}

// runTitle names a run in headings and legends, never without what kind its target was.
func runTitle(r *results.Run) string {
	t := r.Manifest.Target
	name := t.Name
	switch system := systemTitle(t.Driver); {
	case name == "" || strings.EqualFold(name, system):
		name = system
	case t.Driver != "" && !strings.Contains(strings.ToLower(name), strings.ToLower(t.Driver)):
		name += ", " + system
	}
	return name + " (" + kindWords(r) + ")"
}

// kindWords are a target's kind and its figures' basis.
func kindWords(r *results.Run) string {
	switch kind := r.Manifest.Target.Kind; kind {
	case "embedded", "simulated":
		return kind + ", modelled"
	case "real":
		return "real, measured"
	case "", "other":
		return "target unidentified"
	default:
		return kind + ", target unidentified"
	}
}

func kindSentence(kind string) string {
	switch kind {
	case "embedded":
		return "embedded: crossover's own server, which speaks the database's protocol; what it shows is " +
			"modelled, not the vendor's product"
	case "simulated":
		return "simulated in virtual time; what it shows is modelled, not the vendor's product"
	case "real":
		return "real"
	}
	return "other: it did not identify itself as a vendor's service or as embedded"
}

// runsBasis says in a sentence or two what kind of knowledge the runs are.
func runsBasis(runs []*results.Run) string {
	if len(runs) == 0 {
		return "No run is part of this report."
	}
	var modelled, measured, unknown []string
	for _, r := range runs {
		title := runTitle(r)
		switch {
		case runBasis(r) == figure.Modelled:
			modelled = append(modelled, title)
		case runDoubt(r) != "":
			unknown = append(unknown, title)
		default:
			measured = append(measured, title)
		}
	}
	var out []string
	if len(measured) > 0 {
		out = append(out, fmt.Sprintf("Measured on a real target: %s.", sentenceList(measured)))
	}
	if len(modelled) > 0 {
		out = append(out, fmt.Sprintf("Run on crossover's own stand-ins: %s. Latencies, throughput and "+
			"refusals there are what crossover's model of published limits and of hardware says; they are "+
			"not measurements of a vendor's product.",
			sentenceList(modelled)))
	}
	if len(unknown) > 0 {
		out = append(out, fmt.Sprintf("Measured on a target that did not say what it is: %s.", sentenceList(unknown)))
	}
	return strings.Join(out, " ")
}

// sentenceList joins names as a sentence does.
func sentenceList(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// systemTitle is a system's or a driver's name as its vendor writes it.
func systemTitle(system string) string {
	switch system {
	case "dynamodb":
		return "DynamoDB"
	case "aerospike":
		return "Aerospike"
	}
	return system
}

// placeWord is what a target's load is spread over.
func placeWord(r *results.Run) string {
	switch r.Manifest.Target.Driver {
	case "dynamodb":
		return "partition"
	case "aerospike":
		return "node"
	}
	return "part"
}

// unitWords says what a target's heat is counted in: DynamoDB's own units where it reports
// them, else operations.
func unitWords(r *results.Run) (read, write string) {
	for _, h := range r.Heat() {
		if h.ReadUnits > 0 || h.WriteUnits > 0 {
			return "read units", "write units"
		}
	}
	return "reads", "writes"
}
