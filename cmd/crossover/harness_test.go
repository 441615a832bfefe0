package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"crossover/driver/clock"
	"crossover/results"
)

// childMark makes the test binary behave as the crossover command: embedded servers, and runs
// that are to be killed, are processes of their own here as they are in life.
const childMark = "CROSSOVER_TEST_COMMAND"

func TestMain(m *testing.M) {
	usualDraws = 200 // the tests of costmodel/tco make them all
	if os.Getenv(childMark) == "1" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		code := execute(ctx, streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}, os.Args[1:])
		stop()
		os.Exit(code)
	}
	// Nothing here may find a person's own account, and no test needs one.
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "AWS_") {
			os.Unsetenv(name)
		}
	}
	os.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	os.Setenv("AWS_CONFIG_FILE", os.DevNull)
	os.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	os.Setenv(childMark, "1") // for the children; this process is past the check
	os.Exit(m.Run())
}

// commandLimit ends a command that should have ended by itself, so that the test which ran it
// says so.
const commandLimit = 4 * time.Minute

// crossover runs a command line in this process.
func crossover(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), commandLimit)
	defer cancel()
	code = execute(ctx, streams{in: strings.NewReader(""), out: &out, err: &errs}, args)
	return code, out.String(), errs.String()
}

// write puts text into a file of its own and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// open reads the run of a target.
func open(t *testing.T, dir, target string) *results.Run {
	t.Helper()
	r, err := results.Open(filepath.Join(dir, target))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// until polls a condition, for half a minute at most.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	c := clock.Real()
	for !condition() {
		if c.Now() > 30*time.Second {
			t.Fatalf("waited in vain: %s", what)
		}
		if err := c.SleepUntil(t.Context(), c.Now()+20*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
}

// process starts a command line as a process of its own.
func process(t *testing.T, args ...string) (cmd *exec.Cmd, stderr *bytes.Buffer) {
	t.Helper()
	cmd = exec.Command(os.Args[0], args...)
	stderr = &bytes.Buffer{}
	cmd.Stderr = stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // it has ended by then, unless the test failed
	return cmd, stderr
}

// small is a scenario on both embedded targets that loads and runs quickly. The extra text
// goes into the targets.
func small(dynamodbExtra, aerospikeExtra string) string {
	return `version: 1
name: small
seed: 7
dataset: {items: 500, size: 600B, attributes: 3}
workload:
  keys: {zipfian: {theta: 0.9}}
  operations: {read: 50%, update: 30%, insert: 10%, delete: 5%, read_modify_write: 5%}
  arrival: {open: {process: poisson, sessions: 32}}
  phases: [{name: steady, for: 2s, rate: 200/s}]
targets:
  - {name: dynamodb, driver: dynamodb, at: embedded` + dynamodbExtra + `}
  - {name: aerospike, driver: aerospike, at: embedded` + aerospikeExtra + `}
cost:
  demand: {peak: 1000/s}
`
}
