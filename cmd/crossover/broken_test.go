package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// place begins every problem of a scenario: file:line:column, then what was found and what was
// expected.
var place = regexp.MustCompile(`^(crossover: )?testdata/broken/[a-z0-9-]+\.yaml:[1-9][0-9]*:[1-9][0-9]*: .*found .+, expected .+`)

// Each kind of broken scenario ends in exit code 2 with all of its problems and nothing
// written, whether it is to be validated, priced or run.
func TestBrokenScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/broken/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 20 {
		t.Fatalf("%d broken scenarios", len(files))
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			golden := strings.TrimSuffix(path, ".yaml") + ".want"
			code, stdout, stderr := crossover(t, "validate", path)
			if *update {
				if err := os.WriteFile(golden, []byte(stderr), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if code != exitInput || stdout != "" {
				t.Errorf("validate: exit code %d, printed %q", code, stdout)
			}
			if diff := cmp.Diff(string(want), stderr); diff != "" {
				t.Errorf("validate (-want +got):\n%s", diff)
			}
			for line := range strings.Lines(stderr) {
				if !place.MatchString(line) {
					t.Errorf("not file:line:column, found and expected: %q", line)
				}
			}
			out := filepath.Join(t.TempDir(), "out")
			for _, args := range [][]string{{"run", path, "--out", out}, {"tco", path, "--out", out}} {
				code, stdout, stderr := crossover(t, args...)
				if code != exitInput || stdout != "" || stderr != string(want) {
					t.Errorf("%s: exit code %d, printed %q; problems (-validate +%s):\n%s", args[0], code, stdout, args[0], cmp.Diff(string(want), stderr))
				}
				if _, err := os.Stat(out); !os.IsNotExist(err) {
					t.Errorf("%s wrote %s (%v)", args[0], out, err)
				}
			}
		})
	}
}
