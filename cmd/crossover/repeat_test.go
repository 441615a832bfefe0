package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestRepetitions(t *testing.T) {
	text := strings.Replace(nullScenario("200ms"), "targets: [", "targets: [{name: other, driver: 'null'}, ", 1)
	path := write(t, "s.yaml", text)
	for _, c := range []struct {
		flag string
		want []string
	}{
		{"--interval=1s", []string{"other.1", "nothing.1", "other.2", "nothing.2", "other.3", "nothing.3"}},
		{"--one-after-the-other", []string{"other.1", "other.2", "other.3", "nothing.1", "nothing.2", "nothing.3"}},
	} {
		out := filepath.Join(t.TempDir(), "out")
		code, _, stderr := crossover(t, "run", path, "--out", out, "--repeat", "3", c.flag)
		if code != exitOK && code != exitUntrusted {
			t.Fatalf("exit code %d\n%s", code, stderr)
		}
		runs, err := openRuns(out)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range runs { // in order of their start
			got = append(got, filepath.Base(r.Dir))
			if k, _, _ := strings.Cut(r.Manifest.Repetition, "/"); !strings.HasSuffix(r.Dir, "."+k) {
				t.Errorf("%s says that it is repetition %s", r.Dir, r.Manifest.Repetition)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: order %v, want %v", c.flag, got, c.want)
		}
	}
	for _, args := range [][]string{{"--repeat", "0"}, {"--repeat", "2", "--no-load"}} {
		if code, _, stderr := crossover(t, append([]string{"run", path, "--out", filepath.Join(t.TempDir(), "x")}, args...)...); code != exitInput {
			t.Errorf("%v: exit code %d, %s", args, code, stderr)
		}
	}
}
