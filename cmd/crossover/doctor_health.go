package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"crossover/driver/clock"
	"crossover/driver/runner"
)

// Limits past which doctor warns; this tool's own, as those in doctor.go.
const (
	pacerLateLimit  = time.Millisecond // p99 of the pacer's timer
	resentLimit     = 0.01             // share of TCP segments that were sent again
	timeWaitLimit   = 8192             // sockets that wait for late segments, and hold a local port
	pacerMeasureFor = 200 * time.Millisecond
)

// pacerLateness measures how late the timer wakes that an open loop is paced by.
func pacerLateness(ctx context.Context, c clock.Clock) finding {
	p50, p99, most := clock.Wakeups(ctx, c, c.Now()+pacerMeasureFor)
	if ctx.Err() != nil {
		return finding{Name: "the pacer's timer", Found: "interrupted", Result: "warn"}
	}
	round := func(d time.Duration) time.Duration { return d.Round(time.Microsecond) }
	found := fmt.Sprintf("late by p50 %v, p99 %v, most %v", round(p50), round(p99), round(most))
	return judge("the pacer's timer", found,
		p99 <= pacerLateLimit, "operations will be sent late by as much: close what else uses the cores")
}

// examineSockets looks at what the host's sockets have gone through so far.
func examineSockets() []finding {
	var out []finding
	if sent, again, ok := runner.TCPSegments(); ok && sent > 0 {
		share := float64(again) / float64(sent)
		found := fmt.Sprintf("%.2f%% since the host's start", 100*share)
		out = append(out, judge("TCP segments sent again", found, share <= resentLimit,
			"segments are lost or answered late: look at the network before you believe a tail latency"))
	}
	if text, err := os.ReadFile("/proc/net/sockstat"); err == nil {
		if n, ok := timeWait(string(text)); ok {
			out = append(out, judge("sockets in TIME_WAIT", strconv.Itoa(n), n <= timeWaitLimit,
				"connections are opened and closed all the time; their local ports stay taken for a minute"))
		}
	}
	return out
}

// timeWait returns the number after "tw" in the TCP line of /proc/net/sockstat.
func timeWait(sockstat string) (int, bool) {
	for line := range strings.Lines(sockstat) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] != "TCP:" {
			continue
		}
		for i := 1; i+1 < len(f); i += 2 {
			if f[i] == "tw" {
				n, err := strconv.Atoi(f[i+1])
				return n, err == nil
			}
		}
	}
	return 0, false
}
