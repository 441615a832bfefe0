package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"crossover/results/compare/comparetest"
)

// action is what the test reads of action.yml.
type action struct {
	Inputs map[string]struct {
		Default  *string
		Required bool
	}
	Outputs map[string]struct{ Value string }
	Runs    struct {
		Using string
		Steps []struct {
			ID, Shell, Run, Uses string
			Env                  map[string]string
		}
	}
}

func readAction(t *testing.T) action {
	t.Helper()
	text, err := os.ReadFile("../../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var a action
	if err := yaml.Unmarshal(text, &a); err != nil {
		t.Fatal(err)
	}
	if a.Runs.Using != "composite" {
		t.Fatalf("runs using %q", a.Runs.Using)
	}
	return a
}

// The action's last step, run by bash as GitHub's runner runs it, with this binary as the
// crossover that the step before would have built.
func TestAction(t *testing.T) {
	a := readAction(t)
	step := a.Runs.Steps[len(a.Runs.Steps)-1]
	if step.ID != "compare" || step.Shell != "bash" || strings.Contains(step.Run, "${{") {
		t.Fatalf("step %q in %q: expected compare in bash, without an expression in its script", step.ID, step.Shell)
	}
	if a.Outputs["exit-code"].Value != "${{ steps.compare.outputs.exit-code }}" {
		t.Errorf("output %q", a.Outputs["exit-code"].Value)
	}
	base, head := sides(t, func(s *comparetest.Spec) { s.Tail = 1.3 })
	gates := write(t, "gates.yaml", p99Gate)
	junit := filepath.Join(t.TempDir(), "junit.xml")
	for _, c := range []struct {
		given map[string]string
		code  string
		says  string
	}{
		{map[string]string{"base": base, "head": head, "gates": gates, "junit": junit}, "3", "::error file="},
		{map[string]string{"base": base, "head": base, "gates": gates}, "0", ""},
		{map[string]string{"base": base, "head": head}, "0", ""},
		{map[string]string{"base": base, "head": "-x; echo $(id)"}, "2", "-x; echo $(id)"},
	} {
		code, stderr, summary := runAction(t, a, step.Run, step.Env, c.given)
		if code != c.code || !strings.Contains(stderr, c.says) {
			t.Errorf("%v: exit code %s, expected %s and %q\n%s", c.given, code, c.code, c.says, stderr)
		}
		if code != "2" && !strings.HasPrefix(summary, "## crossover") {
			t.Errorf("%v: summary %q", c.given, summary)
		}
	}
	if _, err := os.Stat(junit); err != nil {
		t.Error(err)
	}
}

// runAction runs a step's script with what the inputs make of its environment.
func runAction(t *testing.T, a action, script string, env, given map[string]string) (code, stderr, summary string) {
	t.Helper()
	temp := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(temp, "crossover")); err != nil {
		t.Fatal(err)
	}
	output := filepath.Join(temp, "output")
	cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
	cmd.Env = append(os.Environ(), "RUNNER_TEMP="+temp, "GITHUB_OUTPUT="+output, "GITHUB_STEP_SUMMARY="+filepath.Join(temp, "summary"))
	for name, expression := range env {
		input := strings.TrimSuffix(strings.TrimPrefix(expression, "${{ inputs."), " }}")
		declared, ok := a.Inputs[input]
		value, set := given[input]
		switch {
		case !ok:
			t.Fatalf("%s: no input %q is declared", expression, input)
		case !set && declared.Default != nil:
			value = *declared.Default
		case !set:
			t.Fatalf("input %s has no default, and none was given", input)
		}
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	said, err := os.ReadFile(output)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(temp, "summary"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.TrimSpace(strings.TrimPrefix(string(said), "exit-code=")), errs.String(), string(text)
}
