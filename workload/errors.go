package workload

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"gopkg.in/yaml.v3"
)

// An Error is one thing wrong with a scenario, with where, what was found and what was
// expected.
type Error struct {
	File       string
	Line       int
	Column     int
	Path       string // workload.keys.zipfian.theta
	Found      string
	Expected   string
	Suggestion string // the nearest valid name; empty when none is near

	about   string // path of what can't be relied on: Path, or the key that is missing or meant
	missing bool   // about was not given
}

// Error returns the message as file:line:column: path: found …, expected ….
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: ", e.File, e.Line, e.Column)
	if e.Path != "" {
		b.WriteString(e.Path + ": ")
	}
	fmt.Fprintf(&b, "found %s, expected %s", e.Found, e.Expected)
	if e.Suggestion != "" {
		fmt.Fprintf(&b, "; did you mean %q?", e.Suggestion)
	}
	return b.String()
}

// join sorts errors by their place in the file and joins them; nil when there are none.
func join(errs []*Error) error {
	if len(errs) == 0 {
		return nil
	}
	slices.SortStableFunc(errs, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Found, b.Found))
	})
	// A key that is missing because it is misspelt is one problem.
	misspelt := map[string]bool{}
	for _, e := range errs {
		misspelt[e.about] = misspelt[e.about] || e.Suggestion != "" && e.about != e.Path
	}
	var list []error
	for _, e := range errs {
		if !e.missing || !misspelt[e.about] {
			list = append(list, e)
		}
	}
	return errors.Join(list...)
}

// Sorted flattens an error that joins several: this package's first, each file's in the order
// of the file, then errors of other kinds.
func Sorted(err error) error {
	own := Errors(err)
	slices.SortStableFunc(own, func(a, b *Error) int { return cmp.Compare(a.File, b.File) })
	var errs []error
	for from := 0; from < len(own); {
		to := from
		for to < len(own) && own[to].File == own[from].File {
			to++
		}
		errs = append(errs, join(own[from:to]))
		from = to
	}
	return errors.Join(append(errs, others(err)...)...)
}

// others returns the single problems that are not this package's.
func others(err error) (out []error) {
	var one *Error
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range many.Unwrap() {
			out = append(out, others(e)...)
		}
	} else if err != nil && !errors.As(err, &one) {
		out = append(out, err)
	}
	return out
}

// nearest returns the name most like found, or "" when none is near: one that found begins,
// or one that differs in a letter or two, in proportion to its length.
func nearest(found string, names []string) string {
	found = strings.ToLower(found)
	best, distance := "", max(1, min(len(found)/2, 2), len(found)/3)+1
	for _, n := range names {
		d := levenshtein.ComputeDistance(found, n)
		if len(found) >= 3 && strings.HasPrefix(n, found) {
			d = 1
		}
		if d < distance && d < len(n) {
			best, distance = n, d
		}
	}
	return best
}

// describe says what a node is, as a person would.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	if n.Tag == "!!null" {
		return "nothing"
	}
	return fmt.Sprintf("%q", n.Value)
}
