package imports

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"time"

	"crossover/costmodel/partition"
	"crossover/results/figure"
	"crossover/workload"
	"crossover/workload/op"
)

// hotShare is the least share of the accesses for which a key is called hot.
const hotShare = 0.01

// popularity finds out which keys are asked for, from the report of the finest keys.
func (a *assembly) popularity() {
	r := a.report()
	if r == nil || len(r.Contributors) == 0 {
		a.d.sc.Workload.Keys.Uniform = &struct{}{}
		a.set("workload.keys", figure.Assumed, "no Contributor Insights report")
		a.miss(High, "key popularity: no Contributor Insights report of the most accessed keys", "uniform was assumed, which hides hot keys: DynamoDB throttles them by partition, whatever the table's capacity")
		return
	}
	total, totalFrom := a.accesses(r)
	var shares []float64
	for _, c := range r.Contributors {
		if total > 0 && c.Value > 0 {
			shares = append(shares, min(c.Value/total, 1))
		}
	}
	keys, keysFrom := a.keyCount(r)
	hot, fit, ok := Skew(shares, keys, total)
	from := fmt.Sprintf("%s, the %d most accessed keys of %s, as shares of %s", r.File, len(shares), keysFrom, totalFrom)
	w := &a.d.sc.Workload
	if ok {
		w.Keys.Zipfian = &workload.Zipfian{Theta: math.Round(fit.Theta*1000) / 1000, Scrambled: true}
		a.set("workload.keys", figure.Modelled, "%s: fitted by maximum likelihood, theta %.3f with a standard error of %.3f; shares are off the fit by %.0f%% (root mean square of logarithms)", from, fit.Theta, fit.Error, 100*fit.Residual)
	} else {
		w.Keys.Uniform = &struct{}{}
		a.set("workload.keys", figure.Assumed, "%s: too few for a fit", from)
		a.miss(Medium, "the skew below the hottest keys: the report has too few", "uniform was assumed besides the hot keys")
		for hot < len(shares) && shares[hot] >= hotShare {
			hot++
		}
	}
	a.hotKeys(r, shares, hot, from)
}

// report returns the report of the finest keys: partition and sort key where the table has both.
func (a *assembly) report() *Report {
	var best *Report
	for _, r := range a.Reports {
		if best == nil || len(r.KeyLabels) > len(best.KeyLabels) {
			best = r
		}
	}
	return best
}

// accesses returns the total that contributors are shares of: consumed units of the report's
// window by CloudWatch where they are known, since the report's own total need not cover all.
func (a *assembly) accesses(r *Report) (float64, string) {
	sum := 0.0
	for _, name := range []string{metricConsumedRead, metricConsumedWrite} {
		c, _, err := a.curve(Metric{Name: name, Stat: "Sum"})
		if err != nil || len(c.Rates) == 0 || r.From.Before(c.Start) || r.To.After(c.End()) || r.From.IsZero() {
			sum = math.NaN()
			break
		}
		for i, rate := range c.Rates {
			if t := c.Start.Add(time.Duration(i) * c.Step); !t.Before(r.From) && !t.After(r.To) && !math.IsNaN(rate) {
				sum += rate * c.Step.Seconds()
			}
		}
	}
	named := 0.0
	for _, c := range r.Contributors {
		named += c.Value
	}
	if sum > named {
		a.check("units of all keys", figure.New(sum, "units", figure.Measured, "consumed units by CloudWatch, in the report's window"),
			figure.New(r.Total, "units", figure.Measured, r.File+", AggregateValue"))
		return sum, "the units consumed in its window"
	}
	return max(r.Total, named), "its AggregateValue"
}

// keyCount returns how many keys the contributors are among.
func (a *assembly) keyCount(r *Report) (float64, string) {
	if e := a.full(); e != nil && len(r.KeyLabels) < 2 && a.Table.SortKey != "" {
		n, _ := e.Keys.Distinct()
		n /= e.Sampled()
		return n, fmt.Sprintf("%s partition keys", number(math.Round(n), 6))
	}
	if len(r.KeyLabels) < 2 && a.Table.SortKey != "" {
		n := max(math.Round(float64(a.d.items)/assumedPerKey), 1)
		return n, fmt.Sprintf("%s partition keys (assumed: %d items each)", number(n, 6), assumedPerKey)
	}
	return float64(a.d.items), fmt.Sprintf("%d items", a.d.items)
}

// hotKeys writes the keys that stand out. Keys are plain text in the report, and may be
// personal: they are named by a hash unless they are asked to be kept.
func (a *assembly) hotKeys(r *Report, shares []float64, hot int, from string) {
	w := &a.d.sc.Workload
	left := 0.99 // the scenario format wants something left for the others
	for i := range hot {
		if shares[i] < hotShare || uint64(i) >= a.d.sc.Dataset.Items || left < hotShare {
			break
		}
		share := math.Floor(min(shares[i], left)*10_000) / 10_000
		left -= share
		w.Hot = append(w.Hot, workload.HotKey{Key: uint64(i), Share: share})
		a.d.HotKeys = append(a.d.HotKeys, HotKey{Name: keyName(r.Contributors[i].Key, a.o.KeepKeys), Share: shares[i]})
	}
	if len(w.Hot) > 0 {
		a.set("workload.hot", figure.Measured, "%s: those that the fit of the others does not explain", from)
		a.heat(shares[0])
	}
}

// heat compares what the hottest key takes with what a partition gives.
func (a *assembly) heat(share float64) {
	o := a.d.sc.Workload.Operations
	reads, writes := 0.0, 0.0
	for k, s := range o {
		if op.Kind(k).Writes() {
			writes += s
		} else {
			reads += s
		}
	}
	r, w := a.d.peak*share*reads*a.readUnits, a.d.peak*share*writes*a.writeUnits
	verdict := "below"
	if r > partition.MaxRead || w > partition.MaxWrite {
		verdict = "above"
	}
	a.note("the hottest key takes %.1f%%: at the busiest step about %s read and %s write units/s (if it has the table's mix and sizes), %s what one partition gives, %g and %g; a test at a lower rate does not show throttling that production would have",
		100*share, number(r, 3), number(w, 3), verdict, float64(partition.MaxRead), float64(partition.MaxWrite))
}

// keyName names a key: in plain text, or by the first 12 digits of the SHA-256 of its parts,
// each ended by a zero byte.
func keyName(key []string, keep bool) string {
	if keep {
		return strings.Join(key, " / ")
	}
	sum := sha256.Sum256([]byte(strings.Join(key, "\x00") + "\x00"))
	return "sha256:" + hex.EncodeToString(sum[:6])
}
