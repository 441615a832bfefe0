package runner

import (
	"strings"
	"testing"

	"crossover/results"
)

// What one side does and the other does not is printed with the first rule, and transactions that
// are done as separate requests fail it; indexes on both sides answer the tenth.
func TestFairnessOfLogicalOperations(t *testing.T) {
	const mapped = `{"item": "", "indexes": "by-status on both", "rows": [
		{"operation": "read", "DynamoDB": "GetItem", "Aerospike": "get"},
		{"operation": "transact_write", "not alike": "all or nothing on one side"}]}`
	for _, c := range []struct {
		name, mapping string
		settings      map[string]string
		result        string
		says          []string
		indexes       string
	}{
		{"alike", `{"rows": [{"operation": "read"}]}`, nil, pass, []string{"the same of both sides"}, notApplicable},
		{"not alike", mapped, nil, pass, []string{"transact_write: all or nothing on one side"}, pass},
		{"separate", mapped, map[string]string{"transactions": "separate_writes"}, fail, []string{"easier job", "all or nothing"}, pass},
		{"no mapping", ``, nil, notApplicable, []string{"no mapping"}, notApplicable},
	} {
		m := &results.Manifest{Mapping: []byte(c.mapping), Target: results.TargetInfo{Settings: c.settings}}
		got := logical(m)
		if got.Rule != 1 || got.Result != c.result {
			t.Errorf("%s: rule %d is %q, want %q", c.name, got.Rule, got.Result, c.result)
		}
		for _, part := range c.says {
			if !strings.Contains(got.Detail, part) {
				t.Errorf("%s: %q does not say %q", c.name, got.Detail, part)
			}
		}
		if got := alike(m); got.Rule != 10 || got.Result != c.indexes {
			t.Errorf("%s: rule %d is %q, want %q", c.name, got.Rule, got.Result, c.indexes)
		}
	}
}
