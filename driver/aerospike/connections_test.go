package aerospike

import (
	"testing"

	"github.com/aerospike/aerospike-client-go/v7/types"

	"crossover/driver"
)

// The runner knows this driver's names of lost connections.
func TestConnectionReasonsAreKnown(t *testing.T) {
	for _, code := range []types.ResultCode{types.NETWORK_ERROR, types.NO_AVAILABLE_CONNECTIONS_TO_NODE} {
		if reason := judgements[code].reason; driver.ConnectionReasons[reason] == "" {
			t.Errorf("driver.ConnectionReasons lacks %s", reason)
		}
	}
}
