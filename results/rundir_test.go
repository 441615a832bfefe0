package results

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

var began = time.Date(2026, 3, 4, 5, 6, 7, 890e6, time.UTC)

func merged(values ...time.Duration) *Merged {
	var c Counts
	for _, v := range values {
		c.Record(v)
	}
	m := NewMerged()
	m.Take(&c)
	return m
}

func interval(start float64, recorded bool, ok uint64) Interval {
	return Interval{
		Start: start, Length: 1, Kind: "read", Phase: fmt.Sprint(recorded), Recorded: recorded,
		Offered: ok + 1, Sent: ok, Done: map[string]uint64{"ok": ok, "dropped": 1},
		Attempts: 2 * ok, Throttles: map[string]uint64{"hot": ok}, ReadUnits: 0.5 * float64(ok),
	}
}

// newRun writes a run of three intervals, the first one warm-up, and leaves it open.
func newRun(t *testing.T) (*Writer, Manifest) {
	t.Helper()
	m := Manifest{Tool: "test", Scenario: "s", Started: began, Totals: NewTotals()}
	w, err := Create(filepath.Join(t.TempDir(), "run"), m, []byte("name: s\n"))
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		at := time.Duration(n) * time.Second
		steps := []error{
			w.Intervals([]Interval{interval(at.Seconds(), n > 0, uint64(10*(n+1)))}),
			w.Latency(at, time.Second, Tag("read", Response, n > 0), merged(time.Millisecond, at+time.Microsecond)),
			w.Latency(at, time.Second, Tag("read", Failure, n > 0), merged()),
			w.Heat([]Heat{{Start: at.Seconds(), Partition: "p0", Reads: 5}}),
			w.Server(Server{At: at.Seconds(), Counters: map[string]float64{"x": float64(n)}}),
			w.Event(Event{At: at.Seconds(), Name: "first_error", Detail: "password=hunter2"}),
		}
		for i, err := range steps {
			if err != nil {
				t.Fatalf("step %d: %v", i, err)
			}
		}
	}
	t.Cleanup(func() { _ = w.Close() })
	return w, m
}

func TestRunDirectoryReadsBack(t *testing.T) {
	w, m := newRun(t)
	m.Status, m.Totals.Offered = Complete, 52
	if err := w.Manifest(m); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := Open(w.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if r.CutOff() || r.Totals().Offered != 52 || len(r.Problems()) != 0 || string(r.Scenario) != "name: s\n" {
		t.Errorf("cut off %v, totals %+v, problems %v", r.CutOff(), r.Totals(), r.Problems())
	}
	if !r.Manifest.Started.Equal(began) || r.Manifest.Format != [2]int{FormatMajor, FormatMinor} {
		t.Errorf("manifest %+v", r.Manifest)
	}
	if want := interval(1, true, 20); !reflect.DeepEqual(r.Intervals()[1], want) {
		t.Errorf("interval %+v, want %+v", r.Intervals()[1], want)
	}
	if len(r.Heat()) != 3 || len(r.Server()) != 3 || r.Server()[2].Counters["x"] != 2 {
		t.Errorf("heat %v, server %v", r.Heat(), r.Server())
	}
	if kinds := r.Kinds(); len(kinds) != 1 || kinds[0] != "read" {
		t.Errorf("kinds %v", kinds)
	}
	for _, e := range r.Events() {
		if strings.Contains(e.Detail, "hunter2") {
			t.Error("a credential reached the run directory")
		}
	}
	for _, c := range []struct {
		kind, measure string
		recorded      bool
		want          int64
	}{
		{"read", Response, false, 6},
		{"read", Response, true, 4},
		{"", Response, true, 4},
		{"read", Failure, false, 0},
		{"update", Response, false, 0},
	} {
		if n := r.Histogram(c.kind, c.measure, c.recorded).TotalCount(); n != c.want {
			t.Errorf("%+v: %d", c, n)
		}
	}
}

// A writer that is abandoned, as SIGKILL abandons it, leaves everything that it was given.
func TestAbandonedWriter(t *testing.T) {
	w, _ := newRun(t)
	r, err := Open(w.Dir()) // w is neither finished nor closed
	if err != nil {
		t.Fatal(err)
	}
	totals := r.Totals()
	if !r.CutOff() || totals.Offered != 52 || totals.Sent != 50 || totals.Throttles["hot"] != 50 {
		t.Errorf("cut off %v, totals %+v", r.CutOff(), totals)
	}
	if err := totals.Check(); err != nil {
		t.Error(err)
	}
	if p := r.Problems(); len(p) != 1 || !strings.Contains(p[0], "cut off") {
		t.Errorf("problems %v", p)
	}
}

// However many bytes of its last lines a run has lost, it reads, and warns of the torn line.
func TestTornLastLines(t *testing.T) {
	for _, name := range []string{IntervalsFile, LatencyFile, HeatFile, ServerFile, EventsFile} {
		w, _ := newRun(t)
		path := filepath.Join(w.Dir(), name)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		last := bytes.LastIndexByte(whole[:len(whole)-1], '\n') + 1
		for cut := last; cut < len(whole); cut += 1 + (len(whole)-last)/17 {
			if err := os.Truncate(path, int64(len(whole))); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, whole[:cut], 0o644); err != nil {
				t.Fatal(err)
			}
			r, err := Open(w.Dir())
			if err != nil {
				t.Fatalf("%s cut at %d of %d: %v", name, cut, len(whole), err)
			}
			if torn := cut > last; torn != (len(r.Warnings) == 1) {
				t.Errorf("%s cut at %d of %d: warnings %v", name, cut, len(whole), r.Warnings)
			}
			if name == IntervalsFile && len(r.Intervals()) != 2 {
				t.Errorf("cut at %d: %d intervals", cut, len(r.Intervals()))
			}
		}
	}
}

func TestDamageIsNamed(t *testing.T) {
	for name, text := range map[string]string{
		IntervalsFile: "{\"t\":0}\n{\"t\":\n{\"t\":2}\n",
		LatencyFile:   "#[StartTime: 1 (seconds since epoch), x]\nTag=read.response,0.0,1.0,2.0,AAAA\n",
		ManifestFile:  "{",
	} {
		w, _ := newRun(t)
		if err := os.WriteFile(filepath.Join(w.Dir(), name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(w.Dir()); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s damaged: error %v", name, err)
		}
	}
}

func TestFormatVersions(t *testing.T) {
	for format, want := range map[string]string{
		"[1,0]": "", "[1,7]": "", "[2,0]": "found format 2.0", "[0,3]": "found format [0 3]",
		"[1]": "found format [1]", "null": "found format []",
	} {
		dir := t.TempDir()
		text := fmt.Sprintf(`{"format":%s,"status":"complete","new_field":true}`, format)
		if err := os.WriteFile(filepath.Join(dir, ManifestFile), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Open(dir)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("format %s: error %v, want %q", format, err, want)
		}
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no run directory") {
		t.Errorf("an empty directory: %v", err)
	}
}

func TestCreateKeepsAnEarlierRun(t *testing.T) {
	w, m := newRun(t)
	if _, err := Create(w.Dir(), m, nil); err == nil || !strings.Contains(err.Error(), "holds a run already") {
		t.Errorf("error %v", err)
	}
	if r, err := Open(w.Dir()); err != nil || len(r.Intervals()) != 3 {
		t.Errorf("the earlier run was damaged: %v", err)
	}
}

// The log is what standard tools read: a start line, one tagged line a histogram with times
// relative to it, and payloads in HdrHistogram's compressed V2 encoding.
func TestLatencyLogIsStandard(t *testing.T) {
	w, _ := newRun(t)
	text, err := os.ReadFile(filepath.Join(w.Dir(), LatencyFile))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) != 4+3 { // the header's four, and no line for the empty histograms
		t.Fatalf("%d lines:\n%s", len(lines), text)
	}
	if want := fmt.Sprintf("#[StartTime: %d ", began.Unix()); !strings.HasPrefix(lines[2], want) {
		t.Errorf("start line %q", lines[2])
	}
	if want := "Tag=unrecorded.read.response,0.000000,1.000000,1.000"; !strings.HasPrefix(lines[4], want) {
		t.Errorf("first line %q", lines[4])
	}
	if want := "Tag=read.response,2.000000,1.000000,2000."; !strings.HasPrefix(lines[6], want) {
		t.Errorf("last line %q", lines[6])
	}
	reader := hdrhistogram.NewHistogramLogReader(bytes.NewReader(text))
	for n := range 3 {
		h, err := reader.NextIntervalHistogram()
		if err != nil || h == nil || h.TotalCount() != 2 {
			t.Fatalf("histogram %d: %v, %v", n, h, err)
		}
	}
}

func TestScrub(t *testing.T) {
	for text, want := range map[string]string{
		"key AKIAIOSFODNN7EXAMPLE refused":                      "key [scrubbed] refused",
		"ASIAIOSFODNN7EXAMPLE":                                  "[scrubbed]",
		"Authorization: AWS4-HMAC-SHA256 Credential=x, sig":     "Authorization: [scrubbed]",
		`{"SecretAccessKey": "wJalrXUtnFEMI/K7MDENG"}`:          `{"SecretAccessKey": "[scrubbed]"}`,
		"login failed: user=bob password=hunter2, code 81":      "login failed: user=bob password=[scrubbed], code 81",
		"X-Amz-Security-Token=abc&X-Amz-Date=1":                 "X-Amz-Security-Token=[scrubbed]&X-Amz-Date=1",
		"dial tcp://bob:hunter2@10.0.0.1:3000 refused":          "dial tcp://[scrubbed]@10.0.0.1:3000 refused",
		"ProvisionedThroughputExceededException: rate too high": "ProvisionedThroughputExceededException: rate too high",
	} {
		if got := Scrub(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestTagsSplit(t *testing.T) {
	for _, recorded := range []bool{true, false} {
		k, m, r := splitTag(Tag("read_modify_write", Service, recorded))
		if k != "read_modify_write" || m != Service || r != recorded {
			t.Errorf("tag became %q %q %v", k, m, r)
		}
	}
}

func TestTotalsCheck(t *testing.T) {
	good := Totals{
		Offered: 10, Sent: 7, InFlight: 1, Waiting: 1,
		ByClass: map[string]uint64{"ok": 5, "throttled": 1, "dropped": 2},
	}
	if err := good.Check(); err != nil || good.Errors() != 3 || good.Answered() != 6 {
		t.Errorf("%v, %d errors, %d answered", err, good.Errors(), good.Answered())
	}
	for _, change := range []func(*Totals){
		func(t *Totals) { t.Offered++ }, func(t *Totals) { t.Sent-- }, func(t *Totals) { t.InFlight = 0 },
	} {
		bad := good
		change(&bad)
		if bad.Check() == nil {
			t.Errorf("%+v passes", bad)
		}
	}
}

// FuzzOpen: no damage to a run directory's files makes a reader fail but by an error.
func FuzzOpen(f *testing.F) {
	f.Add([]byte(`{"format":[1,0]}`), []byte("{\"t\":1}\n"), []byte("Tag=a,0.0,1.0,2.0,HISTFAAAAB\n"))
	f.Add([]byte(`{"format":[1,0],"status":"running"}`), []byte("{}\n{"), []byte("#[StartTime: x\n\n"))
	f.Fuzz(func(t *testing.T, manifest, intervals, latency []byte) {
		dir := t.TempDir()
		for name, text := range map[string][]byte{
			ManifestFile: manifest, IntervalsFile: intervals, LatencyFile: latency,
		} {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		r, err := Open(dir)
		if err != nil {
			return
		}
		if _, err := json.Marshal(r.Totals()); err != nil {
			t.Error(err)
		}
		r.Histogram("", Response, true)
	})
}
