package main

import (
	"errors"
	"fmt"

	"github.com/agnivade/levenshtein"

	"crossover/costmodel/catalogue"
	"crossover/driver"
	"crossover/workload"
)

// checkDevice returns what is wrong with the instance type whose devices an embedded cluster
// is to model. Drivers don't know the catalogue: they would learn it from the server's refusal,
// in the middle of a run.
func checkDevice(sc *workload.Scenario, t workload.Target) error {
	if t.Driver != "aerospike" {
		return nil
	}
	if n := field(t.Node, "device"); n != nil {
		return checkInstance(sc, n, "targets."+t.Name+".device", catalogue.Instance.IOKnown)
	}
	return nil
}

// checkPriced returns what is wrong with the instance types that the cost section names.
func checkPriced(sc *workload.Scenario) error {
	list := field(field(sc.Cost, "aerospike"), "instances")
	if list == nil {
		return nil
	}
	var errs []error
	for i, n := range list.Content {
		errs = append(errs, checkInstance(sc, n, fmt.Sprintf("cost.aerospike.instances[%d]", i), func(catalogue.Instance) bool { return true }))
	}
	return errors.Join(errs...)
}

// checkInstance returns an error unless a node names an instance type that will do.
func checkInstance(sc *workload.Scenario, n *driver.Node, path string, willDo func(catalogue.Instance) bool) error {
	best, distance := "", 4
	for _, i := range catalogue.All() {
		if i.Type == n.Value {
			if willDo(i) {
				return nil
			}
			return &workload.Error{
				File: sc.File, Line: n.Line, Column: n.Column, Path: path, Found: fmt.Sprintf("%q, whose device rates are not known", n.Value),
				Expected: "an instance type of the families i3en, i4i, i7i or i7ie, such as i4i.xlarge",
			}
		}
		if d := levenshtein.ComputeDistance(i.Type, n.Value); d < distance && willDo(i) {
			best, distance = i.Type, d
		}
	}
	return &workload.Error{
		File: sc.File, Line: n.Line, Column: n.Column, Path: path, Found: fmt.Sprintf("%q", n.Value),
		Expected: "an EC2 instance type with local NVMe, such as i4i.xlarge", Suggestion: best,
	}
}
