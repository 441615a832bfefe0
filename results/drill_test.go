package results

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A series is a run of one-second intervals of 1,000 operations each: calm, but for what at
// says of some of them.
func series(seconds int, at map[int]func(*Moment)) []Moment {
	random := rand.New(rand.NewPCG(1, 2))
	var out []Moment
	for i := range seconds {
		m := Moment{
			Start: float64(i), Length: 1, Phase: "steady", Offered: 1000, Done: 1000, Attempts: 1000,
			P99: 4_000_000 + random.Int64N(400_000),
		}
		if change := at[i]; change != nil {
			change(&m)
		}
		out = append(out, m)
	}
	return out
}

// over applies a change to the seconds [from, to).
func over(from, to int, change func(*Moment)) map[int]func(*Moment) {
	out := map[int]func(*Moment){}
	for i := from; i < to; i++ {
		out[i] = change
	}
	return out
}

func failing(n uint64) func(*Moment) { return func(m *Moment) { m.Bad = n } }

func happened(at float64) EventResult {
	return EventResult{Name: "kill_node", Began: at, Outcome: EventDone}
}

// The rule on series whose answer can be read off.
func TestDetectionAndRecovery(t *testing.T) {
	type answer struct {
		Detected, Recovered bool
		Detect, Recover     float64
		Baseline            int
	}
	for _, tc := range []struct {
		name    string
		event   EventResult
		moments []Moment
		want    answer
	}{
		{
			// Seconds 20 to 24 fail: the first of them ends 0.75 s after the event, and the first
			// calm one begins at 25.
			"errors", happened(20.25),
			series(60, over(20, 25, failing(300))),
			answer{true, true, 0.75, 4.75, 20},
		},
		{"nothing", happened(20.25), series(60, nil), answer{Baseline: 20}},
		{
			"slow answers", happened(30), series(60, over(31, 33, func(m *Moment) { m.P99 = 20_000_000 })),
			answer{true, true, 2, 3, 30},
		},
		{
			// A little slower is no disturbance: above the baseline, but not 1.5 times its median.
			"a little slower", happened(30), series(60, over(31, 40, func(m *Moment) { m.P99 = 5_500_000 })), answer{Baseline: 30},
		},
		{
			"nothing ends", happened(30), series(60, over(30, 32, func(m *Moment) { m.Done, m.Attempts, m.P99 = 0, 0, 0 })),
			answer{true, true, 1, 2, 30},
		},
		{
			"what was stored is lost", happened(30), series(60, over(30, 60, func(m *Moment) { m.Missing = 330 })),
			answer{true, false, 1, 0, 30},
		},
		{
			// Two calm intervals between two bad ones are not over; three are.
			"it comes back", happened(30), series(60, map[int]func(*Moment){30: failing(9), 33: failing(9), 37: failing(9)}),
			answer{true, true, 1, 4, 30},
		},
		{"to the end", happened(50), series(60, over(51, 60, failing(9))), answer{true, false, 2, 0, 30}},
		{"the last two are calm", happened(50), series(60, over(51, 58, failing(9))), answer{true, false, 2, 0, 30}},
		{
			// One failure in a thousand is within the margin; two are not.
			"within the margin", happened(30), series(60, over(30, 60, failing(1))), answer{Baseline: 30},
		},
		{
			"as bad as before", happened(30), series(60, over(0, 60, failing(50))), answer{Baseline: 30},
		},
		{"too soon", happened(2.5), series(60, over(3, 5, failing(300))), answer{Baseline: 2}},
		{"long ago counts no more", happened(45), series(60, over(0, 15, failing(500))), answer{Baseline: 30}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			events := []EventResult{tc.event}
			JudgeEvents(events, tc.moments, time.Second)
			e := events[0]
			got := answer{e.Detected, e.Recovered, e.DetectAfter, e.RecoverAfter, e.Baseline}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if e.Detected && !e.Recovered && !strings.Contains(e.Note, "not over") {
				t.Errorf("note %q", e.Note)
			}
		})
	}
}

// Each event is judged from the event before it to the one after it.
func TestEventsAreJudgedApart(t *testing.T) {
	events := []EventResult{happened(10), happened(20), {Name: "add_node", Began: -1, Outcome: "not done"}, {Name: "throttle", Began: 40, Outcome: "failed: no"}}
	at := over(11, 13, failing(100))
	for i, change := range over(21, 40, failing(100)) {
		at[i] = change
	}
	JudgeEvents(events, series(60, at), time.Second)
	first, second := events[0], events[1]
	if !first.Recovered || first.RecoverAfter != 3 || first.Baseline != 10 {
		t.Errorf("the first: %+v", first)
	}
	// Seven intervals lie between the end of the first one's trouble, at 13, and the second, whose
	// own ends at 40, when something else begins.
	if second.Baseline != 7 || !second.Detected || second.DetectAfter != 2 || second.RecoverAfter != 20 ||
		second.Note != "over only after the next event had begun" {
		t.Errorf("the second: %+v", second)
	}
	for _, e := range events[2:] {
		if e.Detected || e.Baseline != 0 || e.Resolution != 1 {
			t.Errorf("it did not happen and is judged: %+v", e)
		}
	}
}

// An event that begins while another's trouble lasts has nothing calm to be compared with.
func TestAnEventInTheMidstOfTrouble(t *testing.T) {
	events := []EventResult{happened(10), happened(20)}
	JudgeEvents(events, series(60, over(11, 25, failing(100))), time.Second)
	if e := events[0]; e.RecoverAfter != 15 || e.Note != "over only after the next event had begun" {
		t.Errorf("the first: %+v", e)
	}
	if e := events[1]; e.Detected || e.Baseline != 0 || !strings.Contains(e.Note, "too few") {
		t.Errorf("the second: %+v", e)
	}
}

// A phase's own level is what an event within it is held against.
func TestTheBaselineEndsWhereItsPhaseBegins(t *testing.T) {
	moments := series(60, over(0, 15, failing(400)))
	for i := range 15 {
		moments[i].Phase = "warm-up"
	}
	for i := 25; i < 30; i++ {
		failing(100)(&moments[i])
	}
	events := []EventResult{happened(25)}
	JudgeEvents(events, moments, time.Second)
	if e := events[0]; e.Baseline != 10 || !e.Detected || e.RecoverAfter != 5 || math.Abs(e.WorstErrors-0.1) > 1e-12 {
		t.Errorf("%+v", e)
	}
}
