package report

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crossover/results"
)

// A trial describes a run directory that a test writes: fixed times, seeded latencies, sums
// that close.
type trial struct {
	target   results.TargetInfo
	status   results.Status
	reason   string
	seconds  int // of the steady phase, after warm seconds of warm-up
	warm     int
	reads    int     // offered per second
	updates  int     // offered per second
	readMs   float64 // median of the service time
	updateMs float64
	places   []string           // partitions or nodes; the second of them is the hot one
	units    bool               // heat in units rather than operations
	refused  map[string]int     // attempts refused per second at the hot place in the steady phase
	failing  map[string]int     // updates per second that end in a class
	limited  []string           // why the generator was the limit
	goals    map[string]float64 // "read p99": limit in ns, or "errors": a share
	warnings []string
	events   []results.EventResult
	torn     bool // the writer was killed: no final manifest, a torn last line
}

var began = time.Date(2026, 3, 4, 9, 30, 0, 0, time.UTC)

const mappingText = `{"item":"one DynamoDB item, one Aerospike record; an attribute is a bin","rows":[
{"operation":"read","DynamoDB":"GetItem, eventually consistent","DynamoDB requests":1,"Aerospike":"get of all bins from the master","Aerospike requests":1,"note":""},
{"operation":"update","DynamoDB":"PutItem of the whole item","DynamoDB requests":1,"Aerospike":"put of the whole record (replace)","Aerospike requests":1,"note":""},
{"operation":"read_modify_write","DynamoDB":"GetItem, then PutItem","DynamoDB requests":2,"Aerospike":"get, then put","Aerospike requests":2,"note":"the put holds only if the version is the one read"}]}`

func (x trial) manifest() results.Manifest {
	return results.Manifest{
		Tool: "v0.1.0", Run: "20260304T093000-" + x.target.Name, Scenario: "hot-key-demo",
		ScenarioDigest: "sha256:5f0c7a3e9d41b6287c55e0f6a1d2b3c4d5e6f70819202122232425262728292a",
		StreamDigest:   "sha256:9b1d2e3f40516273849aabbccddeeff00112233445566778899aabbccddeeff0",
		Seed:           42, Shard: "1/1", Target: x.target, Mapping: json.RawMessage(mappingText),
		Host:    map[string]string{"cores": "2", "go": "go1.26.0", "kernel": "Linux 6.1", "gomaxprocs": "2"},
		Arrival: "open poisson, 256 sessions", Interval: time.Second, Started: began,
		Planned: time.Duration(x.warm+x.seconds) * time.Second, Loaded: 100_000, Dataset: "loaded afresh",
		Warnings: x.warnings,
	}
}

// open writes the run and reads it back.
func (x trial) open(t *testing.T) *results.Run {
	t.Helper()
	m := x.manifest()
	dir := filepath.Join(t.TempDir(), x.target.Name)
	w, err := results.Create(dir, m, []byte("version: 1\nname: hot-key-demo\n"))
	check(t, err)
	random := rand.New(rand.NewPCG(uint64(len(x.target.Driver)), 7))
	var lines []results.Interval
	for second := range x.warm + x.seconds {
		steady := second >= x.warm
		two := x.second(t, w, random, second, steady, second == x.warm+x.seconds-1)
		lines = append(lines, two...)
		check(t, w.Intervals(two))
		check(t, w.Heat(x.heat(second, steady)))
	}
	for _, e := range []results.Event{
		{At: 0, Name: "phase", Detail: "warm-up"},
		{At: float64(x.warm), Name: "phase", Detail: "steady"},
	} {
		check(t, w.Event(e))
	}
	for _, class := range sortedKeys(x.failing) {
		check(t, w.Event(results.Event{At: float64(x.warm) + 0.2, Name: "first_error", Detail: "update: " + class}))
	}
	if !x.torn {
		x.finish(&m, results.SumIntervals(lines))
		check(t, w.Manifest(m))
	}
	check(t, w.Close())
	if x.torn {
		tear(t, filepath.Join(dir, results.IntervalsFile))
	}
	r, err := results.Open(dir)
	check(t, err)
	return r
}

// second writes one second's latencies and returns its interval lines.
func (x trial) second(t *testing.T, w *results.Writer, random *rand.Rand, second int, steady, last bool) []results.Interval {
	t.Helper()
	var out []results.Interval
	phase := map[bool]string{true: "steady", false: "warm-up"}[steady]
	for _, k := range []struct {
		kind   string
		rate   int
		median float64
	}{{"read", x.reads, x.readMs}, {"update", x.updates, x.updateMs}} {
		if k.rate == 0 {
			continue
		}
		n := uint64(k.rate)
		if !steady {
			n /= 2
		}
		in := results.Interval{
			Start: float64(second), Length: 1, Kind: k.kind, Phase: phase, Recorded: steady, Offered: n, Sent: n,
			Done: map[string]uint64{}, Limited: steady && len(x.limited) > 0 && second%3 == 0, BytesOut: 512 * n, BytesIn: 1024 * n,
		}
		left := n
		if k.kind == "update" && steady {
			in.Throttles = map[string]uint64{}
			for reason, refused := range x.refused {
				in.Throttles[reason] = uint64(refused)
				in.Attempts += uint64(refused)
			}
			for class, failed := range x.failing {
				in.Done[class] = uint64(failed)
				left -= uint64(failed)
				if class == "dropped" {
					in.Sent -= uint64(failed)
				}
			}
		}
		if x.torn && last { // some were still on their way when the writer was killed
			in.InFlight, in.Waiting = 3, 2
			in.Sent -= 2
			left -= 5
		}
		in.Done["ok"] = left
		in.Attempts += in.Sent
		if x.units {
			in.ReadUnits, in.WriteUnits = map[string]float64{"read": 0.5}[k.kind]*float64(n), map[string]float64{"update": 4}[k.kind]*float64(left)
		}
		out = append(out, in)
		x.latencies(t, w, random, &in, k.median)
	}
	return out
}

// latencies writes lognormal service times and response times that waited a little longer.
func (x trial) latencies(t *testing.T, w *results.Writer, random *rand.Rand, in *results.Interval, medianMs float64) {
	t.Helper()
	var service, response, failed results.Counts
	draw := func() time.Duration {
		return time.Duration(medianMs * 1e6 * math.Exp(0.45*random.NormFloat64()))
	}
	for range in.Done["ok"] {
		s := draw()
		if random.IntN(400) == 0 {
			s *= 8
		}
		service.Record(s)
		response.Record(s + time.Duration(random.ExpFloat64()*0.3e6*medianMs))
	}
	for class, n := range in.Done {
		for range n {
			if class != "ok" && class != "dropped" {
				failed.Record(20 * draw())
			}
		}
	}
	at := time.Duration(in.Start) * time.Second
	for _, part := range []struct {
		measure string
		counts  *results.Counts
	}{{results.Response, &response}, {results.Service, &service}, {results.Failure, &failed}} {
		m := results.NewMerged()
		m.Take(part.counts)
		check(t, w.Latency(at, time.Second, results.Tag(in.Kind, part.measure, in.Recorded), m))
	}
}

// heat puts half of the writes on the second place, and the refusals with them.
func (x trial) heat(second int, steady bool) []results.Heat {
	var out []results.Heat
	n := float64(len(x.places))
	factor := 0.5
	if steady {
		factor = 1
	}
	for i, id := range x.places {
		h := results.Heat{Start: float64(second), Length: 1, Partition: id}
		reads, writes := factor*float64(x.reads)/n, factor*float64(x.updates)/n/2
		if i == 1 {
			writes += factor * float64(x.updates) / 2
			if steady {
				h.Throttles = map[string]uint64{}
				for reason, k := range x.refused {
					h.Throttles[reason] = uint64(k)
				}
			}
		}
		h.Reads, h.Writes = uint64(reads), uint64(writes)
		if x.units {
			h.ReadUnits, h.WriteUnits = reads/2, 4*writes
		} else {
			h.Busy = 0.1 + 0.01*float64(i)
		}
		out = append(out, h)
	}
	for i, share := range []float64{0.4, 0.02, 0.01} {
		out = append(out, results.Heat{
			Start: float64(second), Length: 1, Key: fmt.Sprint(7 + 4*i),
			Ops: uint64(factor * share * float64(x.reads+x.updates)), OpsError: uint64(i),
		})
	}
	return out
}

// finish writes how the run ended into its manifest.
func (x trial) finish(m *results.Manifest, totals results.Totals) {
	m.Status, m.Reason, m.Totals = x.status, x.reason, totals
	m.Events = x.events
	m.Ended = began.Add(m.Planned + 120*time.Millisecond)
	m.Health = results.Health{
		Limited: len(x.limited) > 0, Reasons: x.limited,
		LatenessP50Ns: 12_400, LatenessP99Ns: 187_000, LatenessMaxNs: 2_310_000,
		CPUShare: 0.31, CPUPeak: 0.442, RunQueueShare: 0.021, GCPauseMaxNs: 310_000,
		TimerLateP50Ns: 21_000, TimerLateMaxNs: 143_000, TCPRetransmits: 3,
	}
	if m.Health.Limited {
		m.Health.LimitedShare = 1.0 / 3
		m.Health.ConnectionErrors = map[string]uint64{"ConnectionReset": 12, "ConnectionRefused": 4}
	}
	for _, name := range sortedKeys(x.goals) {
		o := results.ObjectiveResult{Name: name, Limit: x.goals[name], Unit: "ns", Result: "met", Seen: x.goals[name] * 0.8}
		switch {
		case name == "errors":
			o.Unit, o.Seen = "share", float64(totals.Errors())/float64(max(totals.Offered, 1))
			if o.Seen > o.Limit {
				o.Result = "missed"
			}
		case strings.HasSuffix(name, "p99.9"):
			o.Result = "not enough samples"
		}
		m.Objectives = append(m.Objectives, o)
	}
	m.Fairness = []results.Check{
		{Rule: 1, Name: "same stream, mapping printed", Result: "pass", Detail: "stream " + m.StreamDigest + ", mapping in the manifest"},
		{Rule: 7, Name: "generator healthy", Result: map[bool]string{true: "fail", false: "pass"}[m.Health.Limited], Detail: strings.Join(append([]string{"connections were opened before recording"}, x.limited...), "; ")},
		{Rule: 10, Name: "expiry, backups, streams, indexes alike", Result: "not applicable", Detail: "this scenario's operations use none of them"},
		{Rule: 12, Name: "open loop", Result: "pass", Detail: "every operation had an intended start, fixed before the run"},
	}
}

// tear cuts the last line in half, as a killed writer leaves it.
func tear(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	check(t, err)
	check(t, os.WriteFile(path, append(text, []byte(`{"t":11,"len":1,"kind":"re`)...), 0o644))
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// The targets of the trials.
func dynamoDB(kind string) results.TargetInfo {
	info := results.TargetInfo{
		Name: "dynamodb", Driver: "dynamodb", Kind: kind, Identity: "DynamoDB us-east-1", Client: "aws-sdk-go-v2 v1.39.0",
		Settings: map[string]string{"capacity": "on demand", "consistency": "eventual", "retries": "3 attempts, 50ms base"},
	}
	if kind == "embedded" {
		info.Identity = "crossover embedded DynamoDB (modelled)"
	}
	return info
}

func aerospike(kind string) results.TargetInfo {
	info := results.TargetInfo{
		Name: "aerospike", Driver: "aerospike", Kind: kind, Identity: "Aerospike Community Edition 8.1, 3 nodes", Client: "aerospike-client-go v7.10.2",
		Settings: map[string]string{"replication": "2", "nodes": "3", "retries": "3 attempts"},
	}
	if kind == "embedded" {
		info.Identity = "crossover embedded Aerospike, 3 nodes, i4i.xlarge, 1 device each, scale 1 (modelled)"
	}
	return info
}

func partitions(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprint(i)
	}
	return out
}

// throttled is a DynamoDB run whose hot partition throttles.
func throttled(kind string) trial {
	return trial{
		target: dynamoDB(kind), status: results.Complete, warm: 4, seconds: 20, reads: 5500, updates: 600,
		readMs: 3.1, updateMs: 4.6, places: partitions(8), units: true,
		refused: map[string]int{"TableWriteKeyRangeThroughputExceeded": 240, "TableReadKeyRangeThroughputExceeded": 12},
		failing: map[string]int{"throttled": 31, "dropped": 2},
		goals:   map[string]float64{"read p99": 12e6, "update p99.9": 50e6, "errors": 0.001},
	}
}

// steadyNodes is an Aerospike run without trouble.
func steadyNodes(kind string) trial {
	return trial{
		target: aerospike(kind), status: results.Complete, warm: 4, seconds: 20, reads: 5500, updates: 600,
		readMs: 0.62, updateMs: 0.55, places: []string{"BB9000000000001", "BB9000000000002", "BB9000000000003"},
		goals: map[string]float64{"read p99": 12e6, "update p99.9": 50e6, "errors": 0.001},
	}
}
