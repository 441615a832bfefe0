package main

import (
	"fmt"
	"io"
	"os"
	"os/signal"

	"crossover/driver/runner"
)

// pauseBySignal lets a signal pause the run and let it go on, where the system has one for that,
// and tells who watches. The function that it returns ends it.
func pauseBySignal(p *runner.Pauser, log io.Writer) (end func()) {
	if pauseSignal == nil {
		return func() {}
	}
	got, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(got, pauseSignal)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-got:
				if p.Toggle() {
					fmt.Fprintln(log, "paused: nothing falls due until the next SIGUSR1")
				} else {
					fmt.Fprintln(log, "going on")
				}
			case <-done:
				return
			}
		}
	}()
	return func() {
		signal.Stop(got)
		close(done)
		<-ended
	}
}
