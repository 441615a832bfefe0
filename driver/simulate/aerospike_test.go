package simulate

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"crossover/costmodel/catalogue"
	"crossover/costmodel/nvme"
	"crossover/results"
)

func cluster(t *testing.T, nodes, copies int, scale float64) *Aerospike {
	t.Helper()
	i, err := catalogue.Find("i4i.xlarge")
	if err != nil {
		t.Fatal(err)
	}
	p, err := nvme.ForInstance(i, 1)
	if err != nil {
		t.Fatal(err)
	}
	return &Aerospike{
		Nodes: nodes, Replication: copies, Device: p, Devices: 1, Scale: scale, FabricRTT: 200 * time.Microsecond,
		HeartbeatTimeout: 1500 * time.Millisecond, MigrationRate: 64 << 20, Timeout: time.Second, ReadReplicas: true,
		Retries: AerospikeRetries{Attempts: 3, Base: 10 * time.Millisecond, Max: time.Second}, Target: "x",
	}
}

const records = `version: 1
name: records
dataset: {items: 200_000, size: 1KiB}
workload:
  operations: {read: 80%, update: 20%}
  HOT
  arrival: {open: {process: poisson, sessions: 4096}}
  phases: [{name: main, for: 20s, rate: RATE/s}]
EVENTS
targets: [{name: x, driver: aerospike, at: embedded}]
`

func recordsAt(rate float64, hot, events string) string {
	text := strings.Replace(records, "RATE", fmt.Sprintf("%.0f", rate), 1)
	return strings.Replace(strings.Replace(text, "HOT", hot, 1), "EVENTS", events, 1)
}

// Wiring check, and no evidence: the capacity is computed from the same parameters as the
// cluster has. On devices scaled 1:100 the objective holds at the capacity that reads of the
// device allow, with the headroom that queueing needs, and not at 1.3 times as much.
func TestWiringOfDeviceCapacity(t *testing.T) {
	const scale, readShare, utilisation = 0.01, 0.8, 0.8
	a := cluster(t, 3, 2, scale)
	if _, err := a.begin(scenario(t, recordsAt(1000, "", ""))); err != nil {
		t.Fatal(err)
	}
	// Three nodes with a device each. A read asks one device read of the master, whose channels it
	// keeps busy, for longer while the large blocks of both copies' writes are flushed.
	p := a.Device.Scale(scale)
	channels := math.Max(1, math.Round(p.ReadIOPS*p.ReadBase.Seconds()))
	block := p.FlushBytes / p.WriteBytesPerS / channels
	busy := func(rate float64) float64 {
		writing := 2 * (1 - readShare) * rate / 3 * a.perItem * nvme.WriteAmplification(nvme.DefragLWM) / p.WriteBytesPerS
		return readShare * rate / 3 * (channels/p.ReadIOPS + math.Min(writing, 1)*block/2) / channels
	}
	capacity := 100.0
	for busy(capacity) < utilisation {
		capacity += 10
	}
	p99 := func(rate float64) float64 {
		_, run := simulated(t, scenario(t, recordsAt(rate, "", "")), cluster(t, 3, 2, scale), Operations)
		return quantile(t, run, 99)
	}
	const objective = float64(20 * time.Millisecond)
	if got := p99(capacity); got > objective {
		t.Errorf("at the predicted %.0f/s p99 is %v", capacity, time.Duration(got))
	}
	if got := p99(1.3 * capacity); got < objective {
		t.Errorf("at 1.3 times the predicted %.0f/s p99 is %v", capacity, time.Duration(got))
	}
}

// A record that everybody writes is refused once more writes wait for it than the server lets:
// each takes a fabric round trip, so that about 5,000 a second go through.
func TestHotRecord(t *testing.T) {
	sc := scenario(t, strings.Replace(recordsAt(10_000, "hot: [{key: 7, share: 90%}]", ""), "read: 80%, update: 20%", "update: 100%", 1))
	a := cluster(t, 3, 2, 1)
	a.Retries.Attempts = 1
	m, run := simulated(t, sc, a, Operations)
	busy := m.Totals.Failures["overload: KEY_BUSY"]
	hot := 0.9 * float64(m.Totals.Offered)
	if through := (hot - float64(busy)) / 20; math.Abs(through-5000) > 250 {
		t.Errorf("%v writes/s of the hot record went through, want 5,000", through)
	}
	// 22 of them are served or wait: 22 round trips.
	if got := time.Duration(quantile(t, run, 99)); got > 5*time.Millisecond {
		t.Errorf("p99 is %v", got)
	}
	one := cluster(t, 3, 1, 1)
	one.Retries.Attempts = 1
	if m, _ := simulated(t, sc, one, Operations); m.Totals.Failures["overload: KEY_BUSY"] > 0 {
		t.Error("with one copy nothing waits for another node")
	}
}

// A write queue that is full refuses writes; what is read goes on.
func TestDeviceOverload(t *testing.T) {
	sc := scenario(t, strings.Replace(recordsAt(8000, "", ""), "read: 80%, update: 20%", "read: 20%, update: 80%", 1))
	a := cluster(t, 1, 1, 0.01) // 5.6 MB/s of writes, half of them defragmentation's
	a.Retries.Attempts = 1
	m, _ := simulated(t, sc, a, Operations)
	// Every write is either taken or refused.
	accepted := 0.8*float64(m.Totals.Offered) - float64(m.Totals.Failures["overload: DEVICE_OVERLOAD"])
	bytes := accepted * float64(a.recordBytes(1))
	room := a.Device.WriteBytesPerS*0.01/nvme.WriteAmplification(nvme.DefragLWM)*20 + nvme.MaxWriteCache*0.01
	if m.Totals.Failures["overload: DEVICE_OVERLOAD"] == 0 || math.Abs(bytes/room-1) > 0.05 {
		t.Errorf("%.0f bytes were taken, the device takes %.0f: %v", bytes, room, m.Totals.Failures)
	}
}

// A node that is lost at full load: errors stop once the others have noticed, and with two
// copies nothing is lost; with one copy a third of the data is.
func TestNodeLoss(t *testing.T) {
	text := recordsAt(3000, "", "events: [{at: 8s, target: x, do: kill_node, node: 2}]")
	a := cluster(t, 3, 2, 0.2)
	a.MigrationRate = 16 << 20 // so that what migrates leaves the devices room
	m, run := simulated(t, scenario(t, text), a, Operations)
	var during, after uint64
	later := map[string]uint64{}
	for _, line := range run.Intervals() {
		for reason, n := range line.Failures {
			if reason == "failed: NETWORK_ERROR" && line.Start < 10 {
				during += n
			} else {
				after += n
				later[fmt.Sprint(line.Start, " ", reason)] += n
			}
		}
	}
	if during == 0 || after > 0 {
		t.Errorf("%d attempts failed while the loss was unnoticed, later %v", during, later)
	}
	if n := m.Totals.ByClass["not_found"]; n > 0 {
		t.Errorf("%d reads found nothing although there were two copies", n)
	}
	if len(m.Events) != 1 || !m.Events[0].Detected || m.Events[0].Outcome != results.EventDone {
		t.Errorf("the event: %+v", m.Events)
	}
	seen := map[string]bool{}
	for _, e := range run.Events() {
		seen[e.Name] = true
	}
	if !seen["node_lost"] || !seen["partition_map"] || !seen["migrated"] {
		t.Errorf("events %v", seen)
	}
	lost, _ := simulated(t, scenario(t, text), cluster(t, 3, 1, 0.2), Operations)
	if share := float64(lost.Totals.ByClass["not_found"]) / (0.8 * float64(lost.Totals.Offered) * 10.5 / 20); math.Abs(share-1.0/3) > 0.07 {
		t.Errorf("with one copy %v of the reads after the loss found nothing, want a third", share)
	}
}

// A closed loop keeps its workers busy, each with one operation at a time.
func TestClosedLoop(t *testing.T) {
	text := strings.Replace(steady, "open: {process: poisson, sessions: 4096}", "closed: {workers: 10}", 1)
	text = strings.Replace(text, "phases: [{name: warm, for: 2s, rate: 2000/s, record: false}, {name: main, for: 20s, rate: RATE/s}]",
		"phases: [{name: warm, for: 1s, record: false}, {name: main, operations: 20_000}]", 1)
	m, run := simulated(t, scenario(t, text), onDemand(), Operations)
	if m.Totals.Offered != 20_000 || m.Totals.ByClass["ok"] != 20_000 {
		t.Errorf("%+v", m.Totals)
	}
	var length float64
	for _, line := range run.Intervals() {
		if line.InFlight > 10 {
			t.Errorf("%d in flight with 10 workers", line.InFlight)
		}
		length = line.Start + line.Length
	}
	// 2 ms in the median, exp(0.35²/2) times that in the mean.
	if want := 1 + 20_000*0.002*math.Exp(0.35*0.35/2)/10; math.Abs(length-want) > 0.05*want {
		t.Errorf("it took %v s, want %v", length, want)
	}
}
