package imports_test

import (
	"flag"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crossover/costmodel"
	"crossover/costmodel/imports"
	"crossover/workload"
	"crossover/workload/op"
)

var update = flag.Bool("update", false, "write the golden files")

func imported(t *testing.T, f imports.Files, o imports.Options) (*imports.Draft, *workload.Scenario, *costmodel.Config) {
	t.Helper()
	tables, warnings, err := imports.Load(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range warnings {
		t.Errorf("warning: %s", w)
	}
	d, err := imports.Assemble(tables[0], o)
	if err != nil {
		t.Fatal(err)
	}
	sc, err := workload.Parse("imported.yaml", d.Scenario())
	if err != nil {
		t.Fatalf("%v\n%s", err, d.Scenario())
	}
	cfg, err := costmodel.ParseConfig(sc)
	if err != nil {
		t.Fatalf("%v\n%s", err, d.Scenario())
	}
	return d, sc, cfg
}

var options = imports.Options{Items: 20_000, Rate: 1000}

func near(t *testing.T, what string, got, want, relative float64) {
	t.Helper()
	if !(math.Abs(got-want) <= relative*math.Abs(want)) {
		t.Errorf("%s: %.6g, want %.6g within %g%%", what, got, want, 100*relative)
	}
}

// TestRoundTrip makes files from known traffic and items, and wants both back.
func TestRoundTrip(t *testing.T) {
	for seed, w := range map[uint64]*world{
		1: {items: 4000, files: 3, median: 700, p99: 6000, theta: 0.99, mean: 2500, ratio: 2.1, days: 3, shares: map[string]float64{"GetItem": 0.7, "UpdateItem": 0.25, "DeleteItem": 0.05}},
		2: {items: 3000, files: 1, median: 2000, p99: 20000, theta: 0.7, mean: 40, ratio: 1.3, days: 2, strong: true, shares: map[string]float64{"GetItem": 0.5, "PutItem": 0.5}},
		3: {items: 5000, files: 7, median: 400, p99: 900, theta: 1.2, mean: 90_000, ratio: 3.5, days: 2, holes: true, shares: map[string]float64{"GetItem": 0.999, "UpdateItem": 0.001}},
		4: {items: 4000, files: 2, median: 1000, p99: 8000, theta: 0.9, mean: 800, ratio: 2, days: 2, hot: 0.3, shares: map[string]float64{"GetItem": 0.8, "UpdateItem": 0.2}},
	} {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			w.seed = seed
			d, sc, cfg := imported(t, w.write(t, t.TempDir()), options)
			near(t, "mean rate", cfg.Demand.Mean, w.mean, 0.02)
			near(t, "peak to mean", cfg.Demand.Shape.PeakToMean, w.ratio, 0.03)
			l := sc.Dataset.Size.Lognormal
			if l == nil {
				t.Fatalf("size %+v, want a lognormal", sc.Dataset.Size)
			}
			near(t, "median size", float64(l.Median), float64(max(w.median, 100)), 0.06)
			near(t, "p99 size", float64(l.P99), float64(w.p99), 0.2)
			if d.Data.LognormalKS > 0.05 {
				t.Errorf("a distance of %.3f from the distribution that the items were drawn from", d.Data.LognormalKS)
			}
			if cfg.Items != uint64(w.items) || sc.Dataset.Attributes != 5 {
				t.Errorf("%d items of %d attributes, want %d of 5", cfg.Items, sc.Dataset.Attributes, w.items)
			}
			var want workload.Operations
			for name, share := range w.shares {
				want[map[string]op.Kind{"GetItem": op.Read, "PutItem": op.Update, "UpdateItem": op.Update, "DeleteItem": op.Delete}[name]] += share
			}
			for k := range want {
				if math.Abs(want[k]-sc.Workload.Operations[k]) > 0.0011 {
					t.Errorf("share of %s %.4f, want %.4f", op.Kind(k), sc.Workload.Operations[k], want[k])
				}
			}
			if strong := sc.Workload.Read.Consistency == "strong"; strong != w.strong {
				t.Errorf("consistency %s", sc.Workload.Read.Consistency)
			}
			w.checkKeys(t, d, sc)
			for _, c := range d.Checks {
				if c.Differ {
					t.Errorf("a difference between sources that agree: %s", c)
				}
			}
		})
	}
}

var thetaSource = regexp.MustCompile(`theta ([0-9.]+) with a standard error of ([0-9.]+)`)

// checkKeys wants theta within three of the standard errors that are stated, and the hot key.
func (w *world) checkKeys(t *testing.T, d *imports.Draft, sc *workload.Scenario) {
	t.Helper()
	m := thetaSource.FindStringSubmatch(sc.Sources["workload.keys"].Source)
	if m == nil {
		t.Fatalf("source of workload.keys: %q", sc.Sources["workload.keys"].Source)
	}
	stated, err := strconv.ParseFloat(m[2], 64)
	if err != nil || stated > 0.05 {
		t.Errorf("standard error %v (%v), want 0.05 at most", stated, err)
	}
	if z := sc.Workload.Keys.Zipfian; z == nil || math.Abs(z.Theta-w.theta) > 3*stated+0.001 {
		t.Errorf("keys %+v, want theta %v within 3 x %v", z, w.theta, stated)
	}
	if w.hot == 0 {
		if len(sc.Workload.Hot) > 0 {
			t.Errorf("hot keys %+v where there are none", sc.Workload.Hot)
		}
		return
	}
	if len(sc.Workload.Hot) != 1 || math.Abs(sc.Workload.Hot[0].Share-w.hot) > 0.01 {
		t.Fatalf("hot keys %+v, want one of %v", sc.Workload.Hot, w.hot)
	}
	if strings.Contains(string(d.Scenario()), "user#hot") || !strings.HasPrefix(d.HotKeys[0].Name, "sha256:") {
		t.Errorf("the hot key is named in plain text: %v", d.HotKeys)
	}
}

func TestKeepKeys(t *testing.T) {
	w := &world{seed: 9, items: 500, files: 1, median: 700, p99: 6000, theta: 0.5, mean: 50, ratio: 2, days: 1, hot: 0.2, shares: map[string]float64{"GetItem": 1}}
	o := options
	o.KeepKeys = true
	d, _, _ := imported(t, w.write(t, t.TempDir()), o)
	if !strings.Contains(string(d.Scenario()), "user#hot") {
		t.Errorf("the hot key is not named: %v", d.HotKeys)
	}
}

// TestGolden holds whole scenarios, comments and all.
func TestGolden(t *testing.T) {
	golden, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	fixtures := func(names ...string) (out []string) {
		for _, n := range names {
			text, err := os.ReadFile(filepath.Join(golden, n))
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, put(t, n, string(text)))
		}
		return out
	}
	for name, make := range map[string]func(t *testing.T) imports.Files{
		"everything": func(t *testing.T) imports.Files {
			w := &world{seed: 5, items: 3000, files: 2, median: 900, p99: 7000, theta: 0.9, mean: 1200, ratio: 2, days: 2, hot: 0.1, shares: map[string]float64{"GetItem": 0.75, "UpdateItem": 0.25}}
			f := w.write(t, "files")
			f.TimeToLive, f.Backups = fixtures("time-to-live.json"), fixtures("continuous-backups.json")
			return f
		},
		"table-alone": func(*testing.T) imports.Files {
			return imports.Files{Tables: fixtures("orders.json"), ScalingTargets: fixtures("scaling-targets.json"), ScalingPolicies: fixtures("scaling-policies.json"), Kinesis: fixtures("kinesis.json")}
		},
		"units-alone": func(*testing.T) imports.Files {
			return imports.Files{Tables: fixtures("orders.json"), CloudWatch: fixtures("statistics-read.json", "statistics-write.json")}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir()) // so that the files' names in the text are the same everywhere
			d, _, _ := imported(t, make(t), options)
			path := filepath.Join(golden, name+".yaml")
			if *update {
				if err := os.WriteFile(path, d.Scenario(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(d.Scenario())); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
