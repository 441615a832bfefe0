package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crossover/driver/runner"
)

// A load that is killed goes on where it stopped, and the whole is checked by count and content;
// a run then takes it.
func TestKilledLoadGoesOn(t *testing.T) {
	dynamo, aero := serve(t, "dynamodb", "--latency", "off"), serve(t, "aerospike", "--latency", "off", "--nodes", "2")
	for name, target := range map[string]string{
		"dynamodb":  `{name: dynamodb, driver: dynamodb, endpoint: "http://` + dynamo + `"}`,
		"aerospike": `{name: aerospike, driver: aerospike, hosts: ["` + aero + `"]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := write(t, "big.yaml", `
version: 1
name: big
dataset: {items: 15_000, size: 200B, attributes: 1}
workload:
  operations: {read: 100%}
  arrival: {open: {sessions: 8}}
  phases: [{name: steady, for: 1s, rate: 100/s}]
targets: [`+target+"]\n")
			out := filepath.Join(t.TempDir(), "load")
			cmd, _ := process(t, "run", path, "--load-only", "--out", out)
			until(t, "ranges loaded", func() bool {
				text, err := os.ReadFile(filepath.Join(out, name, runner.LedgerFile))
				return err == nil && bytes.Count(text, []byte("\n")) >= 4
			})
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err == nil {
				t.Fatal("the load ended before it was killed: it needs more items")
			}
			code, _, stderr := crossover(t, "run", path, "--load-only", "--resume-load", out)
			if code != exitOK || !strings.Contains(stderr, "items by a load that was interrupted; verified: ") || strings.Contains(stderr, "loaded, 0 of") {
				t.Fatalf("exit code %d\n%s", code, stderr)
			}
			run := filepath.Join(t.TempDir(), "run")
			if code, _, stderr := crossover(t, "run", path, "--no-load", "--out", run, "--no-report"); code != exitOK && code != exitUntrusted {
				t.Errorf("a run of it: exit code %d\n%s", code, stderr)
			}
		})
	}
}
