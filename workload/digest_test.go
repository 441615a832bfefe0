package workload_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crossover/scenarios"
	"crossover/workload"
)

var update = flag.Bool("update", false, "write the golden files anew")

// parse parses a scenario that is expected to be valid.
func parse(t *testing.T, text string) *workload.Scenario {
	t.Helper()
	sc, err := workload.Parse("test.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

// The digests of the library's streams are pinned: one that changes says that runs from before
// and after no longer compare.
func TestDigestsOfTheLibrary(t *testing.T) {
	got := map[string]string{}
	for _, name := range scenarios.Names() {
		text, err := scenarios.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		sc := parse(t, string(text))
		if sc.Name != name {
			t.Errorf("%s.yaml calls itself %s", name, sc.Name)
		}
		got[name] = workload.StreamDigest(sc)
	}
	golden := filepath.Join("testdata", "digests.json")
	if *update {
		text, err := json.MarshalIndent(got, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]string
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stream digests (-pinned +now); -update pins them anew:\n%s", diff)
	}
}

// What a target, a price or an objective is changes no operation, so no digest; neither do
// spelling, comments, or what a default says anyway. Anything else does.
func TestWhatTheDigestDependsOn(t *testing.T) {
	text, err := scenarios.Read("ad-bidding")
	if err != nil {
		t.Fatal(err)
	}
	// A short run: what is looked at is whether a digest changes.
	base := strings.NewReplacer("for: 35s", "for: 2s", "from: 20s, to: 30s", "from: 6s, to: 7s").Replace(string(text))
	want := workload.StreamDigest(parse(t, base))
	if again := workload.StreamDigest(parse(t, base)); again != want {
		t.Errorf("digest %s, and %s the second time", want, again)
	}
	without := base[:strings.Index(base, "objectives:")]
	change := func(before, after string) string {
		if !strings.Contains(base, before) {
			t.Fatalf("%q is not in the scenario", before)
		}
		return strings.Replace(base, before, after, 1)
	}
	for name, text := range map[string]string{
		"no targets, cost, objectives": without,
		"another name":                 change("name: ad-bidding", "name: another"),
		"other targets":                without + "targets: [{name: x, driver: aerospike, hosts: [h]}]\n",
		"another objective":            change("read: {p99: 15ms}", "read: {p50: 1ms}"),
		"comments":                     "# more\n" + base,
		"a default said":               change("process: poisson", "process: poisson, sessions: 256"),
		"other sessions":               change("process: poisson", "process: poisson, sessions: 16"),
		"spelling":                     change("items: 20_000", "items: 20000"),
	} {
		if got := workload.StreamDigest(parse(t, text)); got != want {
			t.Errorf("%s: digest %s, want %s", name, got, want)
		}
	}
	for name, text := range map[string]string{
		"seed":        change("seed: 42", "seed: 43"),
		"items":       change("items: 20_000", "items: 20_001"),
		"size":        change("p99: 6KiB", "p99: 7KiB"),
		"attributes":  change("attributes: 8", "attributes: 9"),
		"key":         change("audience#{id}", "profile#{id}"),
		"skew":        change("theta: 0.9", "theta: 0.91"),
		"hot key":     change("key: 11", "key: 12"),
		"hot window":  change("from: 6s", "from: 5s"),
		"mix":         change("read: 70%, update: 30%", "read: 69%, update: 31%"),
		"consistency": change("consistency: eventual", "consistency: strong"),
		"process":     change("process: poisson", "process: constant"),
		"rate":        change("rate: 1200/s", "rate: 1201/s"),
		"recording":   change(", record: false", ""),
	} {
		if got := workload.StreamDigest(parse(t, text)); got == want {
			t.Errorf("another %s leaves the digest as it is", name)
		}
	}
}

func TestScenarioDigestIsOfTheText(t *testing.T) {
	text, err := scenarios.Read("ycsb-c")
	if err != nil {
		t.Fatal(err)
	}
	a, b := workload.ScenarioDigest(parse(t, string(text))), workload.ScenarioDigest(parse(t, string(text)+"\n"))
	if a == b || !strings.HasPrefix(a, "sha256:") || len(a) != len("sha256:")+64 {
		t.Errorf("digests %s and %s", a, b)
	}
}

func TestShorten(t *testing.T) {
	text, err := scenarios.Read("ad-bidding")
	if err != nil {
		t.Fatal(err)
	}
	sc := parse(t, string(text))
	if err := sc.Shorten(4*time.Second, 100); err != nil {
		t.Fatal(err)
	}
	// 5 s and 35 s become a tenth; the second hot key's 20 s to 30 s too.
	if p := sc.Workload.Phases; p[0].For != 500*time.Millisecond || p[1].For != 3500*time.Millisecond {
		t.Errorf("phases of %v and %v", p[0].For, p[1].For)
	}
	if h := sc.Workload.Hot[1]; h.From != 2*time.Second || h.To != 3*time.Second {
		t.Errorf("hot from %v to %v", h.From, h.To)
	}
	if h := sc.Workload.Hot[0]; h.From != 0 || h.To != 0 {
		t.Errorf("a key that is hot throughout is now from %v to %v", h.From, h.To)
	}
	if sc.Dataset.Items != 100 {
		t.Errorf("%d items", sc.Dataset.Items)
	}
	if err := sc.Shorten(0, 1_000_000); err != nil || sc.Dataset.Items != 100 {
		t.Errorf("%d items after asking for more, %v", sc.Dataset.Items, err)
	}
	if err := sc.Shorten(0, 0); err != nil || workload.NewPlan(sc).Duration() != 4*time.Second {
		t.Errorf("nothing asked for: a run of %v, %v", workload.NewPlan(sc).Duration(), err)
	}

	// A hot key's end stays an end, however short.
	sc = parse(t, string(text))
	sc.Workload.Hot[1].From, sc.Workload.Hot[1].To = 0, time.Millisecond
	if err := sc.Shorten(400*time.Millisecond, 0); err != nil {
		t.Fatal(err)
	}
	if h := sc.Workload.Hot[1]; h.To == 0 {
		t.Error("a hot key that ended after a millisecond never ends")
	}

	for name, c := range map[string]struct {
		length time.Duration
		items  uint64
		text   string
	}{
		"a hot key beyond the items": {0, 11, "hot key 11"},
		"phases of no length":        {time.Microsecond, 0, "less than a millisecond"},
		"a year and more":            {9000 * time.Hour, 0, "366 days"},
	} {
		err := parse(t, string(text)).Shorten(c.length, c.items)
		if err == nil || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.text)
		}
	}
	closed := parse(t, `{version: 1, name: x, dataset: {items: 5, size: 100B}, workload: {operations: {read: 100%}, arrival: {closed: }, phases: [{name: a, operations: 9}]}}`)
	if err := closed.Shorten(time.Second, 0); err == nil {
		t.Error("phases bounded by operations were shortened in time")
	}
	slow := parse(t, `{version: 1, name: x, dataset: {items: 5, size: 100B}, workload: {operations: {read: 100%}, arrival: {open: }, phases: [{name: a, for: 10s, rate: 0.1/s}]}}`)
	if err := slow.Shorten(time.Second, 0); err == nil {
		t.Error("a run without an operation was made")
	}
}
