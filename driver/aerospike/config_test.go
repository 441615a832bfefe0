package aerospike

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crossover/workload"
)

func TestCheckRefuses(t *testing.T) {
	long := strings.Repeat("s", 64)
	for _, c := range []struct {
		name, settings string
		shape          shape
		want           []string // one problem each, in this order
	}{
		{"nothing", `at: embedded`, shape{}, nil},
		{"elsewhere", `hosts: ["10.0.0.1:3000", "[::1]:3000"], kind: real, connections: 4`, shape{}, nil},
		{"no place", `namespace: test`, shape{}, []string{"at: embedded, or hosts"}},
		{"unknown key", `at: embedded, nods: 3`, shape{}, []string{`did you mean "nodes"`}},
		{"two at once", `at: embedded, nods: 3, timeout: 5`, shape{}, []string{"nods", "a duration"}},
		{"hosts of an embedded one", `at: embedded, hosts: ["h:1"]`, shape{}, []string{"the cluster is crossover's own"}},
		{"device elsewhere", `hosts: ["h:1"], device: i4i.large, faults: "reset=1%"`, shape{}, []string{"device: found", "faults: found"}},
		{"bad hosts", `hosts: ["h", "h:0", ":3000", "h:x"]`, shape{}, []string{"hosts[0]", "hosts[1]", "hosts[2]", "hosts[3]"}},
		{"replication", `at: embedded, nodes: 2, replication: 3`, shape{}, []string{"at most nodes, 2"}},
		{"expendable without a set", `hosts: ["h:1"], expendable: true`, shape{}, []string{"set: the name"}},
		{"set's length", `at: embedded, set: ` + long, shape{}, []string{"at most 63 bytes"}},
		{"default set's length", `at: embedded`, shape{name: strings.Repeat("n", 51), sort: 5, operations: "{query: 100%}"}, []string{"at most 60 bytes"}},
		{"set's length with an index", `at: embedded, set: ` + long[:62], shape{sort: 5, operations: "{query: 100%}"}, []string{"at most 60 bytes"}},
		{"set's letters", `at: embedded, set: "a:b"`, shape{}, []string{"without :"}},
		{"namespace", `at: embedded, namespace: ` + long[:32], shape{}, []string{"1 to 31 bytes"}},
		{"connections", `at: embedded, connections: 3`, shape{}, []string{"at least the scenario's 4 sessions"}},
		{"back-off", `at: embedded, retries: {base: 2s, max: 1s}`, shape{}, []string{"at least base, 2s"}},
		{"attempts", `at: embedded, retries: {attempts: 0}`, shape{}, []string{"1 to 100"}},
		{"timeout", `at: embedded, timeout: 0s`, shape{}, []string{"1ms to 60s"}},
		{"replica", `at: embedded, replica: slave`, shape{}, []string{"one of master, sequence"}},
		{"scale", `at: embedded, scale: 2`, shape{}, []string{"to 1"}},
		{"faults", `at: embedded, faults: "overload=1%,sloth=1%,delay=1%,timeout=1"`, shape{}, []string{`"sloth=1%"`, `"delay=1%"`, `"timeout=1"`}},
		{"good faults", `at: embedded, faults: "overload=1%,timeout=1%,reset=1%,delay=1%:20ms"`, shape{}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			errs := Check(c.shape.scenario(t), target(t, c.settings))
			if len(errs) != len(c.want) {
				t.Fatalf("%d problems, expected %d: %v", len(errs), len(c.want), errs)
			}
			for i, err := range errs {
				e, ok := err.(*workload.Error)
				if !ok || e.Line == 0 || e.Column == 0 || !strings.HasPrefix(e.Error(), "test.yaml:") {
					t.Errorf("%v has no place", err)
				}
				if !strings.Contains(err.Error(), c.want[i]) {
					t.Errorf("%q does not say %q", err, c.want[i])
				}
			}
		})
	}
}

// Credentials are refused wherever people put them, and never repeated.
func TestCheckRefusesCredentials(t *testing.T) {
	for _, settings := range []string{
		`at: embedded, user: hunter2`, `at: embedded, password: hunter2`, `at: embedded, Password: hunter2`,
		`at: embedded, tls: {key: hunter2}`, `hosts: ["admin:hunter2@10.0.0.1:3000"]`, `hosts: ["hunter2@h:3000"]`,
	} {
		errs := Check(shape{}.scenario(t), target(t, settings))
		if len(errs) != 1 {
			t.Errorf("%s: %d problems: %v", settings, len(errs), errs)
			continue
		}
		if text := errs[0].Error(); strings.Contains(text, "hunter2") || !strings.Contains(text, "credentials") && !strings.Contains(text, "password") {
			t.Errorf("%s: %q", settings, text)
		}
	}
}

func TestServeArguments(t *testing.T) {
	for _, c := range []struct {
		settings string
		want     []string
	}{
		{`hosts: ["h:3000"]`, nil},
		{`at: embedded`, []string{
			"serve", "aerospike", "--listen", "127.0.0.1:0", "--until-stdin-closes", "--nodes", "3", "--replication", "2",
			"--device", "i4i.xlarge", "--devices", "0", "--scale", "1", "--namespace", "test", "--latency", "on", "--seed", "5",
			"--heartbeat-timeout", "1.5s", "--migration-rate", "67108864",
		}},
		{`at: embedded, nodes: 2, replication: 1, device: i3.large, devices: 4, scale: 0.01, namespace: ns, latency: false, faults: "reset=1%"`, []string{
			"serve", "aerospike", "--listen", "127.0.0.1:0", "--until-stdin-closes", "--nodes", "2", "--replication", "1",
			"--device", "i3.large", "--devices", "4", "--scale", "0.01", "--namespace", "ns", "--latency", "off", "--seed", "5",
			"--heartbeat-timeout", "1.5s", "--migration-rate", "67108864",
			"--fault", "reset=1%",
		}},
	} {
		got, err := Serve(shape{}.scenario(t), target(t, c.settings))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: want (-), got (+):\n%s", c.settings, diff)
		}
	}
	if _, err := Serve(shape{}.scenario(t), target(t, `at: embedded, nodes: 0`)); err == nil {
		t.Error("arguments for settings that Check refuses")
	}
}
