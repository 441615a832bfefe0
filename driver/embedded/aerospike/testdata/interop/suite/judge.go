// Command judge compares a report of the v7 Go client's test suite with the specs that are
// expected to fail: judge REPORT EXCEPTIONS. It fails when another one fails, when one of them
// passes, and when the suite did not run as a whole.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

type spec struct {
	LeafNodeType     string
	LeafNodeText     string
	LeafNodeLocation struct {
		FileName string
	}
	State   string
	Failure struct {
		Message string
	}
}

func main() {
	if len(os.Args) != 3 {
		fail("usage: judge REPORT EXCEPTIONS")
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		fail(err)
	}
	var suites []struct{ SpecReports []spec }
	if err := json.Unmarshal(text, &suites); err != nil {
		fail(err)
	}
	expected := exceptions(os.Args[2])
	counts := map[string]int{}
	var wrong []string
	failed, known := 0, 0
	met := map[string]bool{}
	for _, suite := range suites {
		for _, s := range suite.SpecReports {
			if s.LeafNodeType != "It" {
				continue
			}
			counts[s.State]++
			name := filepath.Base(s.LeafNodeLocation.FileName) + ": " + s.LeafNodeText
			_, excepted := expected[name]
			switch s.State {
			case "passed":
			case "skipped", "pending":
			default:
				failed++
				if excepted {
					known++
					met[name] = true
				} else {
					wrong = append(wrong, name+": "+strings.Join(strings.Fields(s.Failure.Message), " "))
				}
			}
		}
	}
	total := 0
	for _, n := range counts {
		total += n
	}
	fmt.Printf("suite of the v7 Go client: of %d specs %d pass, %d are skipped, %d fail, of which %d are known exceptions\n",
		total, counts["passed"], counts["skipped"], failed, known)
	for name := range expected {
		if !met[name] {
			wrong = append(wrong, "no longer fails, although an exception: "+name)
		}
	}
	sort.Strings(wrong)
	for _, w := range wrong {
		fmt.Println("  " + w)
	}
	if len(wrong) > 0 || counts["passed"] < least {
		os.Exit(1)
	}
}

// least is how many specs a run that was not cut short passes.
const least = 480

// exceptions reads "file: spec # reason" lines.
func exceptions(path string) map[string]string {
	text, err := os.ReadFile(path)
	if err != nil {
		fail(err)
	}
	list := map[string]string{}
	for l := range strings.Lines(string(text)) {
		l = strings.TrimSpace(l)
		if l == "" || strings.HasPrefix(l, "#") {
			continue
		}
		name, reason, ok := strings.Cut(l, " # ")
		if !ok || reason == "" {
			fail("no reason: " + l)
		}
		list[strings.TrimSpace(name)] = reason
	}
	return list
}

func fail(why any) {
	fmt.Fprintln(os.Stderr, "judge:", why)
	os.Exit(1)
}
