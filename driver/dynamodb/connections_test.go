package dynamodb

import (
	"testing"

	"crossover/driver"
)

// The runner knows this driver's names of lost connections.
func TestConnectionReasonsAreKnown(t *testing.T) {
	for _, reason := range []string{reasonReset, reasonRefused, reasonClosed, reasonName, reasonNetwork} {
		if driver.ConnectionReasons[reason] == "" {
			t.Errorf("driver.ConnectionReasons lacks %s", reason)
		}
	}
}
