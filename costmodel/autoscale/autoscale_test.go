package autoscale

import (
	"testing"
	"time"
)

var start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// feed hands minutes in, by their mean rate, and returns the changes with the minute (from 1)
// in whose end each was asked for. A change is in force at its time.
func feed(t *testing.T, p Policy, capacity float64, rates ...float64) (changes []Change, at []int) {
	t.Helper()
	s, err := New(p)
	if err != nil {
		t.Fatal(err)
	}
	var limit Decreases
	var pending *Change
	for i, r := range rates {
		end := start.Add(time.Duration(i+1) * time.Minute)
		if pending != nil && !end.Add(-time.Minute).Before(pending.Due) {
			capacity, pending = pending.To, nil
		}
		if c, ok := s.Minute(end, 60*r, capacity, &limit); ok {
			changes, at, pending = append(changes, c), append(at, i+1), &c
		}
	}
	return changes, at
}

func repeat(rate float64, minutes int) []float64 {
	out := make([]float64, minutes)
	for i := range out {
		out[i] = rate
	}
	return out
}

func TestAlarms(t *testing.T) {
	policy := Policy{Min: 5, Max: 1000, Target: 0.7}
	for _, c := range []struct {
		name   string
		policy Policy
		rates  []float64
		minute int // of the first change; 0: none
		to     float64
	}{
		{"one minute above", policy, append([]float64{71}, repeat(69, 30)...), 0, 0},
		{"two minutes above", policy, repeat(71, 2), 2, 102},
		{"two minutes above, not in a row", policy, []float64{71, 60, 71, 60}, 0, 0},
		{"at the target", policy, repeat(70, 30), 0, 0},
		{"at full use", policy, repeat(100, 2), 2, 143},
		{"up to the maximum", Policy{Min: 5, Max: 120, Target: 0.7}, repeat(100, 2), 2, 120},
		{"14 minutes below", policy, append(repeat(49, 14), 55), 0, 0},
		{"15 minutes below", policy, repeat(49, 15), 15, 70},
		{"below the target, but not by 20 points", policy, repeat(51, 60), 0, 0},
		{"the highest of the 15 minutes counts", policy, append([]float64{42}, repeat(7, 14)...), 15, 60},
		{"down to the minimum", Policy{Min: 90, Max: 1000, Target: 0.7}, repeat(7, 15), 15, 90},
		{"no consumption, no data", policy, repeat(0, 60), 0, 0},
		{"never in", Policy{Min: 5, Max: 1000, DisableScaleIn: true}, repeat(7, 60), 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			changes, at := feed(t, c.policy, 100, c.rates...)
			if c.minute == 0 {
				if len(changes) > 0 {
					t.Fatalf("changed to %v in minute %d", changes[0].To, at[0])
				}
				return
			}
			if len(changes) == 0 || at[0] != c.minute || changes[0].To != c.to {
				t.Fatalf("changes %+v in minutes %v, want %v in %d", changes, at, c.to, c.minute)
			}
			end := start.Add(time.Duration(c.minute) * time.Minute)
			if d := changes[0]; !d.Asked.Equal(end.Add(AlarmDelay)) || !d.Due.Equal(end.Add(AlarmDelay+UpdateDelay)) {
				t.Errorf("asked at %v and due at %v after the minute", d.Asked.Sub(end), d.Due.Sub(end))
			}
		})
	}
}

// A cooldown holds the next change of its own direction back, and no other.
func TestCooldown(t *testing.T) {
	rates := append(append(repeat(80, 4), repeat(150, 30)...), repeat(10, 30)...)
	free, at := feed(t, Policy{Min: 5, Max: 1000}, 100, rates...)
	held, late := feed(t, Policy{Min: 5, Max: 1000, OutCooldown: 20 * time.Minute}, 100, rates...)
	if len(free) < 2 || len(held) < 2 || at[0] != late[0] || late[1]-late[0] < 20 || at[1]-at[0] > 10 {
		t.Fatalf("without cooldown in minutes %v, with 20 minutes in %v", at, late)
	}
}

// The limit on decreases: four in the first hour, then one for each hour without.
func TestDecreases(t *testing.T) {
	var d Decreases
	n := 0
	var times []time.Duration
	for at := time.Duration(0); at < 24*time.Hour; at += time.Minute {
		if d.Take(start.Add(at)) {
			n++
			times = append(times, at)
		}
	}
	if n != 27 {
		t.Errorf("%d decreases in a day, want 27", n)
	}
	for i, want := range []time.Duration{0, time.Minute, 2 * time.Minute, 3 * time.Minute, 63 * time.Minute, 123 * time.Minute} {
		if times[i] != want {
			t.Errorf("decrease %d at %v, want %v", i, times[i], want)
		}
	}
	if !d.Take(start.Add(24*time.Hour)) || !d.Take(start.Add(24*time.Hour+time.Minute)) {
		t.Error("a new day begins anew")
	}
	if !d.Take(start.Add(24*time.Hour+time.Minute)) || d.Today(start.Add(25*time.Hour)) != 2 {
		t.Error("one UpdateTable counts once")
	}
}

// A scaler whose decrease is refused asks again, until it is allowed.
func TestDecreaseRefused(t *testing.T) {
	s, err := New(Policy{Min: 1, Max: 1000})
	if err != nil {
		t.Fatal(err)
	}
	var d Decreases
	for i := range FirstDecreases {
		d.Take(start.Add(time.Duration(i) * time.Minute))
	}
	at := time.Duration(0)
	for m := time.Minute; m < 3*time.Hour && at == 0; m += time.Minute {
		if _, ok := s.Minute(start.Add(m), 60*7, 100, &d); ok {
			at = m
		}
	}
	if want := 3*time.Minute + time.Hour - AlarmDelay; at != want || s.Refused() != 1 {
		t.Errorf("lowered in minute %v after %d refusals, want %v after 1", at, s.Refused(), want)
	}
}

func TestPolicyValidate(t *testing.T) {
	for _, p := range []Policy{{}, {Min: 5, Max: 4}, {Min: 0.5, Max: 4}, {Min: 1, Max: 2, Target: 0.1}, {Min: 1, Max: 2, Target: 0.95}, {Min: 1, Max: 2, InCooldown: -1}} {
		if _, err := New(p); err == nil {
			t.Errorf("%+v was taken", p)
		}
	}
}
