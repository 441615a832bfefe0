package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"

	"crossover/driver/runner"
)

// A dashboard shows a run on a terminal. It draws below what was printed before, takes no
// screen of its own, and leaves its last picture behind. Nothing of it is on the way of an
// operation: it is told once an interval.
type dashboard struct {
	program *tea.Program
	done    chan struct{}
}

// newDashboard starts drawing. q and Ctrl-C call cancel, which ends the run in order; p pauses
// it and lets it go on, where there is something to pause.
func newDashboard(in io.Reader, out io.Writer, title string, cancel context.CancelFunc, pauser *runner.Pauser) *dashboard {
	m := &board{title: title, cancel: cancel, pauser: pauser, width: 80}
	d := &dashboard{
		program: tea.NewProgram(m, tea.WithInput(in), tea.WithOutput(out), tea.WithoutSignalHandler()),
		done:    make(chan struct{}),
	}
	go func() {
		defer close(d.done)
		if _, err := d.program.Run(); err != nil {
			fmt.Fprintf(out, "crossover: the dashboard ended: %v\n", err) // the run goes on
		}
	}()
	return d
}

func (d *dashboard) begin(target, kind string) { d.program.Send(begun{target, kind}) }
func (d *dashboard) show(p runner.Progress)    { d.program.Send(p) }
func (d *dashboard) finish()                   { d.program.Send(finished{}) }

// Write prints above the picture what the embedded servers have to say.
func (d *dashboard) Write(text []byte) (int, error) {
	d.program.Println(strings.TrimRight(string(text), "\n"))
	return len(text), nil
}

func (d *dashboard) close() {
	d.program.Send(closing{})
	d.program.Quit()
	<-d.done
}

type (
	begun    struct{ target, kind string }
	finished struct{}
	closing  struct{} // the last picture, which stays
)

// history is how many intervals the small curves show.
const history = 40

// A board is what the dashboard shows: a function of the messages so far.
type board struct {
	title   string
	cancel  context.CancelFunc
	pauser  *runner.Pauser // nil: cannot be paused
	paused  bool
	width   int
	target  string
	kind    string
	last    runner.Progress
	begun   bool
	ending  bool
	closed  bool
	p99     []float64
	rate    []float64
	results []string
}

// Init asks for nothing.
func (b *board) Init() tea.Cmd { return nil }

// Update takes a message in.
func (b *board) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch m := msg.(type) {
	case tea.WindowSizeMsg:
		b.width = m.Width
	case tea.KeyMsg:
		switch k := m.String(); {
		case k == "q" || k == "ctrl+c":
			b.ending = true
			b.cancel()
		case k == "p" && b.pauser != nil && !b.ending:
			b.paused = b.pauser.Toggle()
		}
	case begun:
		b.target, b.kind, b.begun = m.target, m.kind, true
		b.last, b.p99, b.rate = runner.Progress{}, nil, nil
	case runner.Progress:
		b.last, b.paused = m, m.Paused
		if m.Stage == "running" || m.Stage == "draining" {
			b.p99 = push(b.p99, m.P99.Seconds())
		}
		b.rate = push(b.rate, m.Rate)
	case closing:
		b.closed = true
	case finished:
		b.results = append(b.results, b.result())
		b.begun = false
	}
	return b, nil
}

func push(list []float64, v float64) []float64 {
	if len(list) == history {
		list = list[1:]
	}
	return append(list, v)
}

func (b *board) result() string {
	return fmt.Sprintf("%s (%s): %d operations ended, %d failed, %d attempts throttled", b.target, b.kind, b.last.Done, b.last.Errors, b.last.Throttle)
}

var (
	bold = lipgloss.NewStyle().Bold(true)
	dim  = lipgloss.NewStyle().Faint(true)
	warn = lipgloss.NewStyle().Bold(true).Reverse(true)
)

// View draws.
func (b *board) View() string {
	lines := []string{bold.Render(b.title)}
	for _, r := range b.results {
		lines = append(lines, "  done: "+r)
	}
	if b.begun {
		lines = append(lines, b.running()...)
	}
	hint := "q or Ctrl-C ends the run in order; what was recorded stays"
	switch {
	case b.ending:
		hint = "ending: waiting for what is in flight"
	case b.paused:
		hint = "p goes on; " + hint
	case b.pauser != nil:
		hint = "p pauses; " + hint
	}
	if !b.closed {
		lines = append(lines, dim.Render(hint))
	}
	for i, l := range lines {
		lines[i] = lipgloss.NewStyle().MaxWidth(max(b.width, 20)).Render(l)
	}
	return strings.Join(lines, "\n") + "\n"
}

func (b *board) running() []string {
	p := b.last
	stage := p.Stage
	if b.paused {
		stage = warn.Render("paused") + " while " + stage
	}
	lines := []string{bold.Render(b.target) + " (" + b.kind + ")  " + stage + " " + p.Phase, b.bar()}
	switch p.Stage {
	case "":
		return []string{bold.Render(b.target) + " (" + b.kind + ")  starting"}
	case "warming":
		return []string{bold.Render(b.target) + " (" + b.kind + ")  opening connections"}
	case "restoring":
		return append(lines, fmt.Sprintf("  sending the writes among operations 0 to %d again: %d", p.Total, p.Done))
	case "loading":
		return append(lines, fmt.Sprintf("  loaded %d of %d items, %.0f/s", p.Done, p.Total, p.Rate))
	}
	lines = append(lines,
		fmt.Sprintf("  offered %8.0f/s   done %8.0f/s  %s", p.Offered, p.Rate, curve(b.rate)),
		fmt.Sprintf("  response p50 %9v   p99 %9v  %s", short(p.P50), short(p.P99), curve(b.p99)),
		fmt.Sprintf("  in flight %d   waiting %d   throttled attempts %d   failed %d", p.InFlight, p.Waiting, p.Throttle, p.Errors))
	if p.SpentUSD > 0 {
		lines = append(lines, fmt.Sprintf("  spent $%.4f", p.SpentUSD))
	}
	if p.Limited {
		return append(lines, "  "+warn.Render("the load generator was the limit in the last interval"))
	}
	return append(lines, "  generator healthy")
}

// bar shows how far the stage has got and when it will have ended.
func (b *board) bar() string {
	p := b.last
	share, left := 0.0, ""
	switch {
	case p.Planned > 0:
		share = min(1, p.At.Seconds()/p.Planned.Seconds())
		left = fmt.Sprintf("%v of %v, %v left", p.At.Round(time.Second), p.Planned.Round(time.Second), max(0, p.Planned-p.At).Round(time.Second))
	case p.Total > 0:
		share = min(1, float64(p.Done)/float64(p.Total))
		if p.Rate > 0 {
			left = fmt.Sprintf("%v left", time.Duration(float64(p.Total-min(p.Done, p.Total))/p.Rate*float64(time.Second)).Round(time.Second))
		}
	}
	width := min(40, max(10, b.width-40))
	full := int(share * float64(width))
	return "  [" + strings.Repeat("█", full) + strings.Repeat("·", width-full) + "] " + left
}

func short(d time.Duration) time.Duration {
	if d >= 10*time.Millisecond {
		return d.Round(100 * time.Microsecond)
	}
	return d.Round(time.Microsecond)
}

// curve draws values as a line of blocks, scaled to the largest.
func curve(values []float64) string {
	const blocks = "▁▂▃▄▅▆▇█"
	top := 0.0
	for _, v := range values {
		top = max(top, v)
	}
	var s strings.Builder
	for _, v := range values {
		at := 0
		if top > 0 {
			at = min(7, int(v/top*8))
		}
		s.WriteString(string([]rune(blocks)[at]))
	}
	return s.String()
}

// A view shows how a run goes to a person.
type view interface {
	begin(target, kind string)
	show(p runner.Progress)
	finish() // of a target
	close()
	io.Writer // for what embedded servers print
}

// newView returns the view that is wanted, or the one that suits where the output goes.
func newView(s streams, wanted, title string, cancel context.CancelFunc, pauser *runner.Pauser) view {
	out, toFile := s.err.(*os.File)
	in, fromFile := s.in.(*os.File)
	if wanted == "dashboard" || wanted == "auto" && toFile && fromFile && isTerminal(out) && isTerminal(in) {
		return newDashboard(s.in, s.err, title, cancel, pauser)
	}
	return &plainView{out: s.err}
}

// A plainView prints a line now and then.
type plainView struct {
	mu     sync.Mutex
	out    io.Writer
	target string
	stage  string
	shown  time.Duration // when the last line was printed, within the stage
}

// plainEvery is the pause between lines.
const plainEvery = 5 * time.Second

func (v *plainView) begin(target, kind string) {
	v.target, v.stage, v.shown = target, "", 0
	fmt.Fprintf(v, "%s: %s target\n", target, kind)
}

func (v *plainView) show(p runner.Progress) {
	if p.Stage != v.stage || p.At-v.shown >= plainEvery {
		v.stage, v.shown = p.Stage, p.At
		fmt.Fprintf(v, "%s: %s at %v: %s\n", v.target, p.Stage, p.At.Round(time.Second), line(p))
	}
}

func (v *plainView) finish() {}
func (v *plainView) close()  {}

// Write prints one text at a time: embedded servers speak up from goroutines of their own.
func (v *plainView) Write(text []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.out.Write(text)
}
