package bits

import "flag"

// Property tests draw the same cases in every run; -rapid.seed=N draws others, 0 new ones each time.
func init() {
	if err := flag.Set("rapid.seed", "20261124"); err != nil {
		panic(err)
	}
}
