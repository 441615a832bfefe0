package main

import (
	"errors"
	"fmt"

	"github.com/agnivade/levenshtein"

	"crossover/driver"
	"crossover/driver/aerospike"
	"crossover/driver/dynamodb"
	"crossover/driver/null"
	"crossover/workload"
)

// drivers is the list of databases that crossover can drive. A new one is a package and a
// line here.
func drivers() []driver.Definition {
	return []driver.Definition{dynamodb.Definition(), aerospike.Definition(), null.Definition()}
}

// definition finds the driver that a target asks for.
func definition(sc *workload.Scenario, t workload.Target) (driver.Definition, error) {
	best, distance := "", 4
	for _, d := range drivers() {
		if d.Name == t.Driver {
			return d, nil
		}
		if n := levenshtein.ComputeDistance(d.Name, t.Driver); n < distance {
			best, distance = d.Name, n
		}
	}
	names := ""
	for i, d := range drivers() {
		if i > 0 {
			names += ", "
		}
		names += d.Name
	}
	line, column := 0, 0
	if n := field(t.Node, "driver"); n != nil {
		line, column = n.Line, n.Column
	}
	return driver.Definition{}, &workload.Error{
		File: sc.File, Line: line, Column: column, Path: "targets." + t.Name + ".driver",
		Found: fmt.Sprintf("%q", t.Driver), Expected: "one of " + names, Suggestion: best,
	}
}

// checkTargets returns every problem in the scenario's targets.
func checkTargets(sc *workload.Scenario) error {
	var errs []error
	for _, t := range sc.Targets {
		if t.Name == "" || t.Driver == "" {
			continue // that it lacks one has been said
		}
		d, err := definition(sc, t)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		errs = append(errs, d.Check(sc, t)...)
		errs = append(errs, checkDevice(sc, t))
	}
	return errors.Join(errs...)
}

// field returns the value of a key in a mapping node, or nil.
func field(n *driver.Node, key string) *driver.Node {
	if n == nil {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}
