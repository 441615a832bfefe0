package main

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"

	"crossover/driver/runner"
)

// told gives a board a run's messages.
func told(width int, more ...tea.Msg) *board {
	b := &board{title: "crossover: hot-key-demo", width: width, cancel: func() {}, pauser: new(runner.Pauser)}
	msgs := []tea.Msg{
		tea.WindowSizeMsg{Width: width, Height: 24},
		begun{"dynamodb", "embedded"},
		runner.Progress{Stage: "loading", Done: 1000, Total: 4000, Rate: 500},
	}
	for i := range 6 {
		at := time.Duration(i+1) * time.Second
		msgs = append(msgs, runner.Progress{
			Stage: "running", Phase: "steady", At: at, Planned: time.Minute, Done: uint64(i) * 990, Total: 60_000,
			Rate: 990, Offered: 1000, Throttle: uint64(i) * 7, Errors: uint64(i), InFlight: 3, Waiting: 1,
			P50: 800 * time.Microsecond, P99: time.Duration(i+1) * 4 * time.Millisecond, SpentUSD: 0.0123,
		})
	}
	for _, m := range append(msgs, more...) {
		b.Update(m)
	}
	return b
}

func TestDashboard(t *testing.T) {
	var all bytes.Buffer
	for _, c := range []struct {
		name string
		b    *board
	}{
		{"loading", func() *board {
			b := &board{title: "crossover: hot-key-demo", width: 80}
			b.Update(begun{"dynamodb", "embedded"})
			b.Update(runner.Progress{Stage: "loading", Done: 1000, Total: 4000, Rate: 500})
			return b
		}()},
		{"running", told(80)},
		{"limited", told(80, runner.Progress{Stage: "running", Phase: "steady", Limited: true, At: time.Second, Planned: time.Minute})},
		{"paused", told(80, tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("p")})},
		{"next target", told(80, finished{}, begun{"aerospike", "embedded"})},
		{"narrow", told(36)},
		{"ending", told(80, tea.KeyMsg{Type: tea.KeyCtrlC})},
	} {
		all.WriteString("== " + c.name + "\n" + c.b.View())
	}
	golden(t, "dashboard.txt", all.String())
}

func TestDashboardFitsItsWindow(t *testing.T) {
	for _, width := range []int{20, 36, 57, 80, 200} {
		for line := range strings.Lines(told(width).View()) {
			if n := lipgloss.Width(strings.TrimSuffix(line, "\n")); n > width {
				t.Errorf("width %d: a line of %d: %q", width, n, line)
			}
		}
	}
}

func TestDashboardKeys(t *testing.T) {
	for key, want := range map[string]bool{"q": true, "ctrl+c": true, "x": false} {
		ended := false
		b := told(80)
		b.cancel = func() { ended = true }
		msg := tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(key)}
		if key == "ctrl+c" {
			msg = tea.KeyMsg{Type: tea.KeyCtrlC}
		}
		b.Update(msg)
		if ended != want {
			t.Errorf("%s: ended %v", key, ended)
		}
	}
}

// p pauses and lets go on; while the run ends, and where nothing can be paused, it does nothing.
func TestDashboardPauses(t *testing.T) {
	p := tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("p")}
	b := told(80, p)
	if !b.paused || b.pauser.Toggle() {
		t.Error("p did not pause")
	}
	b.pauser.Pause()
	if b.Update(p); b.paused || !b.pauser.Toggle() {
		t.Error("a second p did not let it go on")
	}
	ending := told(80, tea.KeyMsg{Type: tea.KeyCtrlC}, p)
	search := &board{cancel: func() {}}
	search.Update(p)
	if ending.paused || search.paused {
		t.Errorf("paused while ending: %v, in a search: %v", ending.paused, search.paused)
	}
}

// The dashboard starts, draws and ends without a terminal behind it, and gives the output back.
func TestDashboardEnds(t *testing.T) {
	_, cancel := context.WithCancel(t.Context())
	defer cancel()
	in, feed := io.Pipe()
	defer feed.Close()
	var out bytes.Buffer
	d := newDashboard(in, &out, "crossover: x", cancel, nil)
	d.begin("dynamodb", "embedded")
	d.show(runner.Progress{Stage: "running", Phase: "steady"})
	d.finish()
	d.close()
	if !strings.Contains(out.String(), "done: dynamodb (embedded)") {
		t.Errorf("the last picture was not left behind: %q", out.String())
	}
}
