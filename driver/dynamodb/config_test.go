package dynamodb

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"crossover/driver/clock"
	"crossover/workload"
)

func TestCheck(t *testing.T) {
	sc := scenario(t, small, readsOf)
	for _, c := range []struct {
		settings string
		want     []string // part of each problem, in any order; none when the settings are fine
	}{
		{"at: embedded", nil},
		{"at: embedded, latency: false, faults: 'throttle=1%,error500=0.5%,reset=1%,delay=1%:20ms'", nil},
		{"at: aws, region: eu-central-1, profile: load", nil},
		{"endpoint: 'https://dynamodb.us-east-1.amazonaws.com/', kind: real, table: mine, expendable: true", nil},
		{"at: embedded, capacity: {provisioned: {read: 5, write: 5}}, timeout: 2s, retries: {attempts: 1}", nil},
		{"region: us-east-1", []string{"test.yaml:6:5: targets.d: found neither at nor endpoint"}},
		{"at: embedded, endpoint: 'http://127.0.0.1:1'", []string{"targets.d.endpoint: found endpoint and at together"}},
		{"at: here", []string{"targets.d.at: found \"here\", expected one of embedded, aws"}},
		{"endpoint: '127.0.0.1:8000'", []string{"no URL"}},
		{"endpoint: 'http://key:hunter2@127.0.0.1:8000'", []string{"with a user in it"}},
		{"endpoint: 'http://127.0.0.1:8000/path?x=1'", []string{"path or query"}},
		{"at: embedded, region: mars", []string{`targets.d.region: found "mars"`}},
		{"at: aws, kind: real", []string{"kind without endpoint"}},
		{"endpoint: 'http://127.0.0.1:1', kind: embedded", []string{"expected one of real, other"}},
		{"at: aws, latency: true, faults: 'reset=1%'", []string{"latency without at: embedded", "faults without at: embedded"}},
		{"at: embedded, profile: x", []string{"profile with at: embedded"}},
		{"at: embedded, faults: 'throttle=1'", []string{"targets.d.faults"}},
		{"at: embedded, faults: 'explode=1%'", []string{"targets.d.faults"}},
		{"at: embedded, faults: 'delay=1%'", []string{"targets.d.faults"}},
		{"at: embedded, expendable: true", []string{"expendable without table"}},
		{"at: embedded, table: 'a b'", []string{`targets.d.table: found "a b"`}},
		{"at: embedded, capacity: {on_demand: {}, provisioned: {read: 1, write: 1}}", []string{"on_demand and provisioned together"}},
		{"at: embedded, capacity: {provisioned: {read: 5}}", []string{`found no "write"`}},
		{"at: embedded, capacity: {provisioned: {read: 0, write: 1}}", []string{"provisioned.read: found \"0\", expected 1 or more"}},
		{"at: aws, cloudwatch: true, table_class: infrequent_access, stream: keys_only, warm_throughput: {read: 20000}, point_in_time_recovery: true", nil},
		{"at: embedded, cloudwatch: true", []string{"cloudwatch with at: embedded"}},
		{"at: embedded, table_class: glacier", []string{"expected one of standard, infrequent_access"}},
		{"at: embedded, stream: all", []string{"expected one of none, keys_only"}},
		{"at: embedded, capacity: {provisioned: {read: 5, write: 5, auto_scaling: {}}}", []string{"auto_scaling of nothing"}},
		{"at: embedded, capacity: {provisioned: {read: 5, write: 5, auto_scaling: {read: {min: 9, max: 8}}}}", []string{"max 8 below min 9"}},
		{"at: embedded, capacity: {provisioned: {read: 5, write: 5, auto_scaling: {write: {min: 6, max: 8}}}}", []string{"write: 5 outside min 6 to max 8"}},
		{"at: embedded, capacity: {provisioned: {read: 5, write: 5, auto_scaling: {read: {min: 1, max: 3000000000}}}}", []string{"max 3000000000, expected 2147483647 at most"}},
		{"at: embedded, capacity: {provisioned: {read: 5, write: 5, auto_scaling: {read: {min: 1, max: 9, target: 95%}}}}", []string{"auto_scaling.read.target"}},
		{"at: embedded, client: fast", []string{"expected one of sdk, lean"}},
		{"at: embedded, retries: {attempts: 0}", []string{"retries.attempts: found \"0\", expected 1 to 100"}},
		{"at: embedded, retries: {mode: adaptive}", nil},
		{"at: embedded, retries: {mode: legacy}", []string{"expected one of standard, adaptive"}},
		{"at: embedded, retries: {max: 10ms}", []string{"below base or throttle_base"}},
		{"at: embedded, timeout: 5", []string{"targets.d.timeout"}},
		{"at: embedded, tabel: x, regoin: y", []string{`did you mean "table"`, `did you mean "region"`}},
	} {
		errs := Definition().Check(sc, target(t, sc, c.settings))
		if len(errs) != len(c.want) {
			t.Errorf("%s: %d problems, expected %d: %v", c.settings, len(errs), len(c.want), errs)
			continue
		}
		text := errors.Join(errs...)
		for _, want := range c.want {
			if !strings.Contains(text.Error(), want) {
				t.Errorf("%s: %q is not in: %v", c.settings, want, text)
			}
		}
		for _, err := range errs {
			var at *workload.Error
			if !errors.As(err, &at) || at.Line != 6 || at.Column == 0 || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: %v", c.settings, err)
			}
		}
		if _, err := openDriver(t, clock.Real(), sc, "127.0.0.1:1", c.settings); (err == nil) != (len(c.want) == 0) && !strings.Contains(c.settings, "profile") {
			t.Errorf("%s: opening gave %v", c.settings, err)
		}
	}
}

func TestDefaults(t *testing.T) {
	sc := scenario(t, small, readsOf)
	cfg, errs := decode(sc, target(t, sc, "at: embedded"))
	want := Config{
		Name: "d", Driver: "dynamodb", At: "embedded", Region: "us-east-1", Table: tableName, Client: clientSDK, TableClass: classStandard, Stream: streamNone, Timeout: 5 * time.Second, Latency: true,
		Retries: Retries{Mode: "standard", Attempts: 3, Base: 50 * time.Millisecond, ThrottleBase: time.Second, Max: 20 * time.Second, Quota: true},
	}
	want.Assumptions, want.Quota = cfg.Assumptions, cfg.Quota // of the partition model, which tests its own
	if len(errs) != 0 || cfg != want {
		t.Errorf("got %+v, want %+v, problems %v", cfg, want, errs)
	}
}

func TestServe(t *testing.T) {
	sc := scenario(t, small, readsOf)
	for settings, want := range map[string]string{
		"at: embedded": "serve dynamodb --listen 127.0.0.1:0 --until-stdin-closes --region us-east-1 --latency on --fault  --seed 1",
		"at: embedded, region: eu-west-1, latency: false, faults: 'reset=1%'": "serve dynamodb --listen 127.0.0.1:0 --until-stdin-closes --region eu-west-1 --latency off --fault reset=1% --seed 1",
		"at: aws":                         "",
		"endpoint: 'http://127.0.0.1:80'": "",
	} {
		args, err := Definition().Serve(sc, target(t, sc, settings))
		if got := strings.Join(args, " "); got != want || err != nil || slices.Contains(args, "") != (settings == "at: embedded") {
			t.Errorf("%s: %q, %v; want %q", settings, got, err, want)
		}
	}
	if args, err := Definition().Serve(sc, target(t, sc, "at: embedded, faults: x")); err == nil {
		t.Errorf("bad settings gave %q", args)
	}
}

func TestEmbeddedNeedsItsServer(t *testing.T) {
	if _, err := openDriver(t, clock.Real(), scenario(t, small, readsOf), "", "at: embedded"); err == nil || !strings.Contains(err.Error(), "no embedded server was started") {
		t.Errorf("got %v", err)
	}
}
