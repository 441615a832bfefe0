package aerospike

import (
	"fmt"
	"testing"

	as "github.com/aerospike/aerospike-client-go/v7"

	"crossover/driver/clock"
	"crossover/driver/drivertest"
	server "crossover/driver/embedded/aerospike"
	"crossover/workload"
	"crossover/workload/mapping"
)

// TestDriver runs the suite that every driver passes.
func TestDriver(t *testing.T) {
	drivertest.Run(t, drivertest.Subject{
		Definition: Definition(),
		Place:      "set",
		All:        true,
		Separate:   true,
		States:     []drivertest.State{drivertest.Faulty, drivertest.Stalled},
		Start:      startForSuite,
	})
}

func startForSuite(t *testing.T, s drivertest.State) drivertest.Database {
	o, settings := server.Options{}, ""
	switch s {
	case drivertest.Faulty:
		o.Faults = server.Faults{Overload: 0.04, Timeout: 0.03, Reset: 0.03}
		settings = ", retries: {attempts: 8, base: 1ms, in_doubt_writes: true}"
	case drivertest.Stalled:
		o.Nodes = 1
	}
	c := start(t, o)
	db := database(c.Seed())
	db.Settings = hosts(c.Seed()) + settings
	if s == drivertest.Stalled {
		// The suite's scenarios are all named alike, and so are their sets.
		sc := shape{name: "drivertest"}.scenario(t)
		p := newProxy(t, sc, mapping.TableName(sc), c.Seed())
		owner := open(t, sc, clock.Real(), hosts(c.Seed()))
		if err := owner.Provision(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.stall.Store(true)
		db.Settings = hosts(p.address())
	}
	return db
}

// database looks at the cluster with clients of its own, each as long as one look.
func database(seed string) drivertest.Database {
	return drivertest.Database{
		Fetch: func(t *testing.T, sc *workload.Scenario, item uint64) (found map[string]string) {
			bare(t, seed, func(client *as.Client) {
				record, err := client.Get(nil, userKey(t, sc, mapping.TableName(sc), item))
				if err != nil {
					if !err.Matches(2) {
						t.Fatal(err)
					}
					return
				}
				found = map[string]string{}
				for name, value := range record.Bins {
					found[name] = fmt.Sprint(value)
				}
			})
			return found
		},
		Count: func(t *testing.T, sc *workload.Scenario) int {
			items, markers := stored(t, seed, mapping.TableName(sc))
			if items == 0 && markers == 0 {
				return -1
			}
			return items
		},
		Foreign: func(t *testing.T, sc *workload.Scenario) {
			key, err := as.NewKey("test", mapping.TableName(sc), "somebody's")
			if err != nil {
				t.Fatal(err)
			}
			bare(t, seed, func(client *as.Client) {
				if err := client.Put(nil, key, as.BinMap{"theirs": "data"}); err != nil {
					t.Fatal(err)
				}
			})
		},
	}
}
