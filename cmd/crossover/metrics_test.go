package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	collector "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"google.golang.org/protobuf/proto"

	"crossover/driver/runner"
	"crossover/results"
)

// freeAddress returns a loopback address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func nullScenario(length string) string {
	text := oneTarget("x")
	from, to := strings.Index(text, "targets:"), strings.Index(text, "cost:")
	return strings.Replace(text[:from], "for: 2s", "for: "+length, 1) + "targets: [{name: nothing, driver: 'null', latency: 1ms}]\n" + text[to:]
}

func TestMetricsNamesAndUnits(t *testing.T) {
	m := newMetrics()
	var c results.Counts
	for range 10 {
		c.Record(2_000_000)
	}
	merged := results.NewMerged()
	merged.Take(&c)
	m.observer("a", "null", "other")([]runner.Observation{{
		Interval: &results.Interval{
			Kind: "read", Phase: "p", Offered: 12, Attempts: 11, InFlight: 2, ReadUnits: 5.5,
			Done: map[string]uint64{"ok": 10}, Throttles: map[string]uint64{"TableReadKeyRangeThroughputExceeded": 1},
		},
		Response: merged, Service: merged,
	}})
	if problems, err := testutil.CollectAndLint(m); err != nil || len(problems) > 0 {
		t.Errorf("Prometheus's own linter: %v %v", err, problems)
	}
	want := `# HELP crossover_throttles_total Attempts refused for capacity, by the service's own reason.
# TYPE crossover_throttles_total counter
crossover_throttles_total{driver="null",kind="other",operation="read",reason="TableReadKeyRangeThroughputExceeded",target="a"} 1
`
	if err := testutil.CollectAndCompare(m, strings.NewReader(want), "crossover_throttles_total"); err != nil {
		t.Error(err)
	}
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(m); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "crossover_response_time_seconds" {
			h := f.GetMetric()[0].GetHistogram()
			if h.GetSampleCount() != 10 || h.GetSampleSum() < 0.0199 || h.GetSampleSum() > 0.0201 {
				t.Errorf("%d response times, %v s in all", h.GetSampleCount(), h.GetSampleSum())
			}
			for _, b := range h.GetBucket() {
				if want := map[bool]uint64{false: 0, true: 10}[b.GetUpperBound() >= 0.0025]; b.GetCumulativeCount() != want {
					t.Errorf("up to %v s: %d, want %d", b.GetUpperBound(), b.GetCumulativeCount(), want)
				}
			}
		}
	}
}

// A scrape while a run goes on sees its figures; the endpoint is gone with the run.
func TestScrapeWhileRunning(t *testing.T) {
	address := freeAddress(t)
	path := write(t, "s.yaml", nullScenario("60s"))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int)
	go func() {
		s := streams{in: strings.NewReader(""), out: io.Discard, err: io.Discard}
		done <- execute(ctx, s, []string{"run", path, "--out", filepath.Join(t.TempDir(), "out"), "--metrics", address, "--interval", "100ms"})
	}()
	until(t, "operations in a scrape", func() bool {
		resp, err := http.Get("http://" + address + "/metrics")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		return err == nil && strings.Contains(string(text), `crossover_operations_total{class="ok",driver="null",kind="other",operation="read",target="nothing"}`)
	})
	cancel()
	if code := <-done; code != exitInterrupted {
		t.Errorf("exit code %d", code)
	}
	if _, err := http.Get("http://" + address + "/metrics"); err == nil {
		t.Error("the endpoint outlived the run")
	}
}

// An OpenTelemetry receiver gets the same figures, the last interval's among them.
func TestPushToOpenTelemetry(t *testing.T) {
	names := make(chan string, 1000)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.URL.Path != "/v1/metrics" {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		var request collector.ExportMetricsServiceRequest
		if err := proto.Unmarshal(body, &request); err != nil {
			t.Error(err)
		}
		for _, rm := range request.GetResourceMetrics() {
			for _, sm := range rm.GetScopeMetrics() {
				for _, metric := range sm.GetMetrics() {
					names <- metric.GetName()
				}
			}
		}
	}))
	defer receiver.Close()
	path := write(t, "s.yaml", nullScenario("1s"))
	code, _, stderr := crossover(t, "run", path, "--out", filepath.Join(t.TempDir(), "out"), "--metrics", "otlp+"+receiver.URL)
	if code != exitOK && code != exitUntrusted {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	close(names)
	got := map[string]bool{}
	for n := range names {
		got[n] = true
	}
	for _, want := range []string{"crossover_operations_total", "crossover_response_time_seconds", "crossover_operations_in_flight"} {
		if !got[want] {
			t.Errorf("%s was not pushed; %d names were", want, len(got))
		}
	}
}

func TestMetricsRefusals(t *testing.T) {
	path := write(t, "s.yaml", nullScenario("1s"))
	for place, says := range map[string]string{"otlp+ftp://x": "otlp+http://", "nowhere": "missing port"} {
		out := filepath.Join(t.TempDir(), "out")
		code, _, stderr := crossover(t, "run", path, "--out", out, "--metrics", place)
		if code != exitInput || !strings.Contains(stderr, says) {
			t.Errorf("%s: exit code %d, %s", place, code, stderr)
		}
	}
}
