package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"crossover/results"
)

// long is a run that ends only when it is made to.
var long = strings.Replace(small("", ""), "for: 2s", "for: 10m", 1)

// started waits until a target's run has written a few intervals.
func started(t *testing.T, out, target string) {
	t.Helper()
	until(t, "intervals of "+target, func() bool {
		text, err := os.ReadFile(filepath.Join(out, target, results.IntervalsFile))
		return err == nil && bytes.Count(text, []byte("\n")) >= 15
	})
}

func TestKilledRunIsReadable(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	cmd, stderr := process(t, "run", write(t, "long.yaml", long), "--out", out)
	started(t, out, "dynamodb")
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	// Its end is no clean one: that is what was asked for.
	if err := cmd.Wait(); err == nil {
		t.Fatalf("the run ended by itself\n%s", stderr)
	}
	code, stdout, errs := crossover(t, "report", out)
	if code != exitOK {
		t.Fatalf("report: exit code %d: %s", code, errs)
	}
	for _, name := range []string{"report.html", "report.md"} {
		text, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "cut off") {
			t.Errorf("%s does not say that the run was cut off", name)
		}
	}
	if !strings.Contains(stdout, "report.html") {
		t.Errorf("report printed %q", stdout)
	}
	r := open(t, out, "dynamodb")
	if !r.CutOff() || r.Totals().Sent == 0 || r.Totals().Check() != nil {
		t.Errorf("cut off: %v, totals %+v", r.CutOff(), r.Totals())
	}
}

func TestInterruptedRunIsReported(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	cmd, stderr := process(t, "run", write(t, "long.yaml", long), "--out", out)
	started(t, out, "dynamodb")
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	// The exit code is what Wait's error carries; it is looked at below.
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit code %d, want %d\n%s", code, exitInterrupted, stderr)
	}
	r := open(t, out, "dynamodb")
	if r.Manifest.Status != results.Interrupted {
		t.Errorf("status %s", r.Manifest.Status)
	}
	if err := r.Totals().Check(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(out, "aerospike")); err == nil {
		t.Error("the next target was begun after the interrupt")
	}
	if text, err := os.ReadFile(filepath.Join(out, "report.md")); err != nil || !strings.Contains(string(text), "interrupted") {
		t.Errorf("the report does not say that the run was interrupted: %v", err)
	}
}

// An embedded server must not outlive a parent that is killed.
func TestChildEndsWithItsParent(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	cmd, _ := process(t, "run", write(t, "long.yaml", long), "--out", out)
	started(t, out, "dynamodb")
	children := childrenOf(t, cmd.Process.Pid)
	if len(children) == 0 {
		t.Fatal("no child process: where is the embedded server?")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed, as asked
	for _, pid := range children {
		until(t, "end of the embedded server", func() bool { return syscall.Kill(pid, 0) != nil || zombie(pid) })
	}
}
