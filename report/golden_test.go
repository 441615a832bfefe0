package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crossover/costmodel/tco"
	"crossover/results"
	"crossover/results/figure"
)

var update = flag.Bool("update", false, "write the golden reports anew")

// docOf makes a Doc as cmd does.
func docOf(t *testing.T, cost *tco.Result, trials ...trial) Doc {
	t.Helper()
	d := Doc{Title: "hot-key-demo: DynamoDB or Aerospike?", Tool: "v0.1.0", Cost: cost, Reproduce: []string{
		"crossover run scenario.yaml --out DIR",
		"crossover tco DIR --out DIR/tco.json",
		"crossover explain DIR/tco.json offers/NAME/total",
	}}
	for _, x := range trials {
		d.Runs = append(d.Runs, x.open(t))
	}
	return d
}

// goldens are the reports kept in testdata.
var goldens = map[string]func(*testing.T) Doc{
	"complete": func(t *testing.T) Doc {
		return docOf(t, stay(figure.Modelled), throttled("embedded"), steadyNodes("embedded"))
	},
	"interrupted": func(t *testing.T) Doc {
		stopped := throttled("embedded")
		stopped.status, stopped.reason, stopped.seconds = results.Interrupted, "interrupted by the user after 12 s", 8
		stopped.limited = []string{"own CPU use 97% of its cores (in 3 of 8 intervals, the worst shown)"}
		killed := steadyNodes("embedded")
		killed.torn, killed.seconds = true, 7
		return docOf(t, nil, stopped, killed)
	},
	"single": func(t *testing.T) Doc {
		x := steadyNodes("embedded")
		x.seconds, x.reads = 12, 1200
		x.refused, x.failing = map[string]int{"DEVICE_OVERLOAD": 90, "KEY_BUSY": 14}, map[string]int{"overload": 20}
		return docOf(t, nil, x)
	},
	"real": func(t *testing.T) Doc {
		calm, steady := throttled("real"), steadyNodes("real")
		calm.reads, steady.reads = 900, 900
		calm.refused, calm.failing, calm.places = nil, nil, nil // AWS does not tell its partitions
		calm.warnings = []string{"round-trip time to the endpoint was 0.41 ms"}
		return docOf(t, migrate(), calm, steady)
	},
	"drill": func(t *testing.T) Doc {
		x := steadyNodes("embedded")
		exit := 2
		x.events = []results.EventResult{
			{
				Name: "kill_node", Detail: "kill_node: node 2, for 6s", Target: "aerospike", Planned: 8, Began: 8.001, Took: 0.002,
				Outcome: results.EventDone, Undone: 14.003, Baseline: 4, ErrorLimit: 0.001, P99LimitNs: 3_100_000, Resolution: 1,
				Detected: true, DetectAfter: 0.999, Recovered: true, RecoverAfter: 2.999, WorstErrors: 0.31, WorstP99Ns: 41_000_000,
			},
			{Name: "command", Detail: "command: systemctl restart x", Target: "aerospike", Planned: 16, Began: 16.001, Outcome: "failed: exit code 2", ExitCode: &exit, Resolution: 1},
			{
				Name: "slow_device", Detail: "slow_device: factor 4", Target: "aerospike", Planned: 18, Began: 18, Outcome: results.EventDone,
				Baseline: 4, ErrorLimit: 0.001, P99LimitNs: 3_100_000, Resolution: 1,
			},
			{
				Name: "kill_node", Detail: "kill_node: node 1", Target: "aerospike", Planned: 20, Began: 20, Outcome: results.EventDone,
				Baseline: 4, ErrorLimit: 0.001, P99LimitNs: 3_100_000, Resolution: 1, Detected: true, DetectAfter: 1, WorstErrors: 0.3, WorstMissing: 0.33,
				WorstP99Ns: 12_000_000, Note: "not over before the run's end",
			},
			{Name: "add_node", Detail: "add_node: node 2", Target: "aerospike", Planned: 24, Began: -1, Outcome: "not done: the run ended before", Resolution: 1},
		}
		return docOf(t, nil, x)
	},
	"search": func(*testing.T) Doc {
		return Doc{
			Title: "hot-key-demo: which rates hold?", Tool: "v0.1.0", Searches: []*results.Search{searched("embedded"), swept("other")},
			Reproduce: []string{"crossover run SCENARIO --search"},
		}
	},
	"undetermined": func(t *testing.T) Doc { return docOf(t, undetermined()) },
}

// made keeps the documents that tests share; a test that changes one makes its own.
var made = map[string]Doc{}

func goldenDoc(t *testing.T, name string) Doc {
	t.Helper()
	if _, ok := made[name]; !ok {
		made[name] = goldens[name](t)
	}
	return made[name]
}

func TestGolden(t *testing.T) {
	for name := range goldens {
		t.Run(name, func(t *testing.T) {
			d := goldenDoc(t, name)
			for ext, render := range map[string]func(*bytes.Buffer, Doc) error{
				".html": func(b *bytes.Buffer, d Doc) error { return HTML(b, d) },
				".md":   func(b *bytes.Buffer, d Doc) error { return Markdown(b, d) },
			} {
				var got bytes.Buffer
				check(t, render(&got, d))
				path := filepath.Join("testdata", name+ext)
				if *update {
					check(t, os.WriteFile(path, got.Bytes(), 0o644))
					continue
				}
				want, err := os.ReadFile(path)
				check(t, err)
				if diff := cmp.Diff(string(want), got.String()); diff != "" {
					t.Errorf("%s differs (update with -args -update when that is meant):\n%s", path, diff)
				}
			}
		})
	}
}
