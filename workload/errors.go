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
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	list := make([]error, len(errs))
	for i, e := range errs {
		list[i] = e
	}
	return errors.Join(list...)
}

// nearest returns the name most like found, or "" when none is near.
func nearest(found string, names []string) string {
	best, distance := "", max(2, len(found)/3)+1
	for _, n := range names {
		if d := levenshtein.ComputeDistance(strings.ToLower(found), n); d < distance {
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
