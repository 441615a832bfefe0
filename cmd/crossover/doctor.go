package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"crossover/driver/clock"
)

// A finding is one thing that doctor looked at.
type finding struct {
	Name   string `json:"name"`
	Found  string `json:"found"`
	Result string `json:"result"` // ok, warn
	Advice string `json:"advice,omitempty"`
}

// The limits past which doctor warns. They are this tool's own, not a vendor's: what a
// generator needs before sub-millisecond latencies are worth reading.
const (
	wakeLateLimit  = 2 * time.Millisecond // p99 of waking late from a 1 ms sleep
	clockCostLimit = 200 * time.Nanosecond
	filesLimit     = 4096
	memoryLimit    = 2 << 30
)

func newDoctor(s streams) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Check whether this host is fit to generate load",
		Long:  "doctor measures what a load generator depends on: cores, how late a sleep and the pacer's timer\nwake, what reading the clock costs, file and memory limits, sockets, and who else uses the machine. It sends nothing anywhere.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			findings := examineHost(cmd.Context(), clock.Real())
			if asJSON {
				return json.NewEncoder(s.out).Encode(findings)
			}
			t := table.NewWriter()
			t.SetOutputMirror(s.out)
			t.SetStyle(table.StyleLight)
			t.AppendHeader(table.Row{"check", "found", "", "advice"})
			for _, f := range findings {
				t.AppendRow(table.Row{f.Name, f.Found, f.Result, f.Advice})
			}
			t.Render()
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}

func judge(name, found string, ok bool, advice string) finding {
	if ok {
		return finding{Name: name, Found: found, Result: "ok"}
	}
	return finding{Name: name, Found: found, Result: "warn", Advice: advice}
}

func examineHost(ctx context.Context, c clock.Clock) []finding {
	procs := runtime.GOMAXPROCS(0)
	out := []finding{
		judge("cores", fmt.Sprintf("%d usable of %d", procs, runtime.NumCPU()), procs >= 2,
			"one core: pacing and sending will wait for each other; use a host with two or more"),
		clockCost(c),
		wakeLateness(ctx, c),
		pacerLateness(ctx, c),
	}
	var files unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err == nil {
		out = append(out, judge("open files", strconv.FormatUint(files.Cur, 10), files.Cur >= filesLimit,
			"raise it (ulimit -n) above the number of sessions"))
	}
	if free, ok := procValue("/proc/meminfo", "MemAvailable:"); ok {
		out = append(out, judge("memory available", fmt.Sprintf("%.1f GiB", float64(free)/(1<<20)), free<<10 >= memoryLimit,
			"the embedded servers hold the data set in memory"))
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		if load, err := strconv.ParseFloat(strings.Fields(string(text))[0], 64); err == nil {
			out = append(out, judge("load average", fmt.Sprintf("%.2f", load), load < 0.5*float64(procs),
				"something else is using the cores; a run now may be generator-limited"))
		}
	}
	if text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		if f := strings.Fields(string(text)); len(f) == 2 {
			low, errLow := strconv.Atoi(f[0])
			high, errHigh := strconv.Atoi(f[1])
			if errLow == nil && errHigh == nil {
				out = append(out, judge("local ports", strconv.Itoa(high-low+1), high-low >= 16384, "widen net.ipv4.ip_local_port_range"))
			}
		}
	}
	return append(out, examineSockets()...)
}

// clockCost measures what one reading of the clock costs.
func clockCost(c clock.Clock) finding {
	const reads = 100_000
	start := c.Now()
	for range reads {
		c.Now()
	}
	each := (c.Now() - start) / reads
	return judge("reading the clock", each.String(), each <= clockCostLimit,
		"slow clock source (see /sys/devices/system/clocksource): timing itself will load the generator")
}

// wakeLateness measures how late this process wakes from a sleep of one millisecond.
func wakeLateness(ctx context.Context, c clock.Clock) finding {
	late := make([]time.Duration, 0, 200)
	for range cap(late) {
		at := c.Now() + time.Millisecond
		if err := c.SleepUntil(ctx, at); err != nil {
			break
		}
		late = append(late, c.Now()-at)
	}
	if len(late) == 0 {
		return finding{Name: "waking from a 1 ms sleep", Found: "interrupted", Result: "warn"}
	}
	slices.Sort(late)
	p50, p99 := late[len(late)/2], late[len(late)*99/100]
	return judge("waking from a 1 ms sleep", fmt.Sprintf("late by p50 %v, p99 %v", p50.Round(time.Microsecond), p99.Round(time.Microsecond)),
		p99 <= wakeLateLimit, "sends will be late by as much; response times count it, and the run may be generator-limited")
}

// procValue returns the number after a label in a /proc file, in that file's unit.
func procValue(path, label string) (uint64, bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, label); ok {
			if f := strings.Fields(rest); len(f) > 0 {
				n, err := strconv.ParseUint(f[0], 10, 64)
				return n, err == nil
			}
		}
	}
	return 0, false
}
