package main

import (
	"bytes"
	"encoding/json"

	"crossover/costmodel"
	"crossover/workload"
)

// scenarioSchema returns the JSON Schema of scenario files: workload's own part, the targets
// of every driver in the list, and the cost section.
func scenarioSchema() ([]byte, error) {
	var targets []workload.TargetSchema
	for _, d := range drivers() {
		targets = append(targets, workload.TargetSchema{Driver: d.Name, Config: d.Config()})
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(workload.Schema(targets, &costmodel.Config{})); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
