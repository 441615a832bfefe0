package runner

import (
	"fmt"
	"sync"
	"time"

	"crossover/results"
	"crossover/workload/op"
)

// maxErrorEvents bounds how many kinds of error are kept in full: a service that puts an
// identifier into its reason would otherwise fill the disk.
const maxErrorEvents = 200

// An eventLog holds the events that the collector has not written yet.
type eventLog struct {
	mu      sync.Mutex
	pending []results.Event
	errors  map[string]bool // "class: reason" already logged
}

func (l *eventLog) add(at time.Duration, name, detail string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending = append(l.pending, results.Event{At: at.Seconds(), Name: name, Detail: detail})
}

// put logs an event of the scenario.
func (l *eventLog) put(e results.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending = append(l.pending, e)
}

// take returns what was added since the last call.
func (l *eventLog) take() []results.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	events := l.pending
	l.pending = nil
	return events
}

// firstError logs an error unless one of its class and reason was logged before.
func (l *eventLog) firstError(at time.Duration, kind op.Kind, class op.Class, reason string, err error) {
	key := class.String() + ": " + reason
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.errors[key] || len(l.errors) >= maxErrorEvents {
		return
	}
	if l.errors == nil {
		l.errors = map[string]bool{}
	}
	l.errors[key] = true
	text := "no error text"
	if err != nil {
		text = err.Error()
	}
	l.pending = append(l.pending, results.Event{
		At: at.Seconds(), Name: "first_error",
		Detail: fmt.Sprintf("%s %s: %s", kind, key, text),
	})
}

// reportError logs the first failure of each class and reason in full. Each worker remembers
// what it has reported, so that a database that refuses everything costs no shared lock.
func (e *engine) reportError(w *worker, at time.Duration) {
	for _, s := range w.seen {
		if s.class == w.out.Class && s.reason == w.out.Reason {
			return
		}
	}
	if len(w.seen) < maxErrorEvents {
		w.seen.add(w.out.Class, w.out.Reason, 1)
	}
	e.events.firstError(at, w.op.Kind, w.out.Class, w.out.Reason, w.out.Err)
}
