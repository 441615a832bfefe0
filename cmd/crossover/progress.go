package main

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/term"

	"crossover/driver/runner"
)

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// timeLeft says how long loading goes on at the rate of the last interval.
func timeLeft(p runner.Progress) string {
	if p.Rate <= 0 || p.Done >= p.Total {
		return ""
	}
	left := time.Duration(float64(p.Total-p.Done) / p.Rate * float64(time.Second))
	return fmt.Sprintf(", about %v left", left.Round(time.Second))
}

// line says in words how things stand.
func line(p runner.Progress) string {
	if p.Stage == "loading" {
		return fmt.Sprintf("loaded %d of %d items, %.0f/s%s", p.Done, p.Total, p.Rate, timeLeft(p))
	}
	if p.Stage == "restoring" {
		return fmt.Sprintf("the writes among operations 0 to %d sent again, up to %d", p.Total, p.Done)
	}
	if p.Stage == "warming" {
		return "opening connections"
	}
	s := fmt.Sprintf("%s: offered %.0f/s, done %.0f/s, p50 %v, p99 %v", p.Phase, p.Offered, p.Rate,
		p.P50.Round(10*time.Microsecond), p.P99.Round(10*time.Microsecond))
	if p.Throttle > 0 {
		s += fmt.Sprintf(", %d attempts throttled", p.Throttle)
	}
	if p.Errors > 0 {
		s += fmt.Sprintf(", %d failed", p.Errors)
	}
	if p.SpentUSD > 0 {
		s += fmt.Sprintf(", $%.4f spent", p.SpentUSD)
	}
	if p.Paused {
		s += ", PAUSED"
	}
	if p.Limited {
		s += ", GENERATOR-LIMITED"
	}
	return s
}
