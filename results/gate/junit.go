package gate

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// The elements of a JUnit report, in the shape that Jenkins, GitLab and GitHub's actions read
// (the xUnit plug-in's junit-10.xsd).
type (
	suites struct {
		XMLName  xml.Name `xml:"testsuites"`
		Name     string   `xml:"name,attr"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Suites   []suite  `xml:"testsuite"`
	}
	suite struct {
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Errors   int        `xml:"errors,attr"`
		Skipped  int        `xml:"skipped,attr"`
		Cases    []testCase `xml:"testcase"`
	}
	testCase struct {
		Name      string   `xml:"name,attr"`
		ClassName string   `xml:"classname,attr"`
		Skipped   *message `xml:"skipped,omitempty"`
		Failure   *message `xml:"failure,omitempty"`
		SystemOut string   `xml:"system-out,omitempty"`
	}
	message struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes the findings as a test report: a suite for each target, a case for each gate. A
// gate that is undecided, and does not fail for it, is a skipped case.
func JUnit(w io.Writer, scenario string, findings []Finding) error {
	all := suites{Name: "crossover: " + plain(scenario)}
	at := map[string]int{}
	for _, f := range findings {
		n, ok := at[f.Target]
		if !ok {
			n = len(all.Suites)
			at[f.Target] = n
			all.Suites = append(all.Suites, suite{Name: plain(f.Target)})
		}
		s := &all.Suites[n]
		c := testCase{Name: plain(f.Name), ClassName: "crossover." + plain(f.Target)}
		s.Tests++
		all.Tests++
		switch {
		case f.Fails:
			s.Failures++
			all.Failures++
			c.Failure = &message{Message: plain(f.Reason), Type: string(f.Outcome), Text: plain(f.Reason)}
		case f.Outcome == Undecided:
			s.Skipped++
			c.Skipped = &message{Message: plain(f.Reason)}
		default:
			c.SystemOut = plain(f.Reason)
		}
		s.Cases = append(s.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return fmt.Errorf("encoding the JUnit report: %w", err)
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// plain takes out what XML cannot hold.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' || r == utf8.RuneError || r == 0xFFFE || r == 0xFFFF {
			return -1
		}
		return r
	}, s)
}
