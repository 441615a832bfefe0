// Package scenarios is the library of scenarios that come with crossover: the YCSB core
// workloads, seven use cases, and two demonstrations. Each file says in its comments whose
// workload it is and where its numbers come from.
package scenarios

import (
	"embed"
	"fmt"
	"path"
	"slices"
	"strings"
)

//go:embed *.yaml
var files embed.FS

// Names returns the scenarios' names in alphabetical order: their files' names without .yaml.
func Names() []string {
	found, err := files.ReadDir(".")
	if err != nil {
		panic("scenarios: the embedded directory does not list: " + err.Error())
	}
	var names []string
	for _, f := range found {
		names = append(names, strings.TrimSuffix(f.Name(), path.Ext(f.Name())))
	}
	slices.Sort(names)
	return names
}

// Read returns a scenario's text, comments and all. The error names an unknown scenario.
func Read(name string) ([]byte, error) {
	text, err := files.ReadFile(name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("no scenario %q in the library", name)
	}
	return text, nil
}
