package imports

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"crossover/costmodel/demand"
	"crossover/costmodel/units"
	"crossover/results/figure"
	"crossover/workload/op"
)

// What is assumed of a table whose traffic no file tells.
const (
	assumedMean  = 100.0 // operations/s
	assumedRatio = 2.0   // busiest hour to mean
)

// kindOf returns what an operation of DynamoDB's becomes in a scenario. A Query of a table
// without a sort key reads one item.
func (a *assembly) kindOf(operation string) op.Kind {
	switch operation {
	case "PutItem", "UpdateItem", "BatchWriteItem", "TransactWriteItems":
		return op.Update
	case "DeleteItem":
		return op.Delete
	case "Query":
		if a.Table.SortKey == "" {
			return op.Read
		}
		return op.Query
	case "Scan":
		return op.ScanPage
	}
	return op.Read
}

// many are the operations of which one request may be for many items.
var many = []string{"BatchGetItem", "BatchWriteItem", "TransactGetItems", "TransactWriteItems", "BatchExecuteStatement", "ExecuteTransaction", "ExecuteStatement"}

// traffic finds out what is asked, and how often.
func (a *assembly) traffic() error {
	rates := [op.KindCount]float64{} // totals of operations over the window
	puts := 0.0
	var curves []demand.Curve
	var source []string
	for _, operation := range operations {
		c, s, err := a.curve(Metric{Name: metricLatency, Operation: operation, Stat: "SampleCount"})
		if err != nil {
			return err
		}
		total := totalOf(c)
		if total == 0 {
			continue
		}
		curves = append(curves, c)
		source = addFiles(source, s)
		rates[a.kindOf(operation)] += total
		if operation == "PutItem" || operation == "BatchWriteItem" {
			puts += total
		}
		if slices.Contains(many, operation) {
			a.miss(High, fmt.Sprintf("how many items each %s is for (%s requests in the window)", operation, number(total, 4)), "each was counted as one operation on one item; compare the checks of units")
		}
	}
	if len(curves) == 0 {
		return a.fromUnits()
	}
	a.inserts(&rates, puts)
	total := demand.Sum(curves...)
	from := fmt.Sprintf("%s, SuccessfulRequestLatency's SampleCount by Operation, %s", strings.Join(source, ", "), window(total))
	a.mix(rates, figure.Measured, from)
	a.demand(total, figure.Measured, from)
	if err := a.pages(); err != nil {
		return err
	}
	return a.unitChecks(rates, total)
}

func addFiles(list []string, s *Series) []string {
	for _, f := range s.Files {
		if !slices.Contains(list, f) {
			list = append(list, f)
		}
	}
	return list
}

// totalOf returns how much a curve of rates comes to over its known steps.
func totalOf(c demand.Curve) float64 {
	if c.Known() == 0 {
		return 0
	}
	return c.Mean() * float64(c.Known()) * c.Step.Seconds()
}

// inserts tells new items from overwritten ones among the puts, by what an incremental export
// saw of changed items: a PutItem is either, and CloudWatch does not say which.
func (a *assembly) inserts(rates *[op.KindCount]float64, puts float64) {
	if puts == 0 {
		return
	}
	inserted, changed := uint64(0), uint64(0)
	dirs := []string{}
	for _, e := range a.incremental() {
		if e.Manifest.OldImages {
			inserted, changed = inserted+e.Inserted, changed+e.Inserted+e.Updated
			dirs = append(dirs, e.Manifest.Dir)
		}
	}
	if changed == 0 {
		a.miss(Medium, "which puts are inserts: no incremental export with old images", "all were taken to overwrite; growth of the data set is not in the mix")
		return
	}
	// Inserts come from puts only as far as puts go; an UpdateItem may insert too.
	share := float64(inserted) / float64(changed)
	moved := min(share*rates[op.Update], puts)
	rates[op.Update] -= moved
	rates[op.Insert] += moved
	a.note("%.1f%% of the items written in %s were new; the export has each changed item once, however often it was written, so that this is the most that inserts can be of the writes", 100*share, strings.Join(dirs, ", "))
}

// mix turns totals into shares of whole hundredths of a percent that sum to 100%.
func (a *assembly) mix(rates [op.KindCount]float64, basis figure.Basis, from string) {
	sum := 0.0
	for _, r := range rates {
		sum += r
	}
	const whole = 10_000
	left := whole
	var parts [op.KindCount]int
	for k, r := range rates {
		parts[k] = int(r / sum * whole)
		left -= parts[k]
	}
	for ; left > 0; left-- { // to whom the most is owed
		best := 0
		for k, r := range rates {
			if r/sum*whole-float64(parts[k]) > rates[best]/sum*whole-float64(parts[best]) {
				best = k
			}
		}
		parts[best]++
	}
	for k, p := range parts {
		a.d.sc.Workload.Operations[k] = float64(p) / whole
	}
	a.set("workload.operations", basis, "%s", from)
}

// demand takes the production load from a curve of operations/s.
func (a *assembly) demand(c demand.Curve, basis figure.Basis, from string) {
	d := &Demand{
		From: c.Start, To: c.End(), StepSeconds: c.Step.Seconds(), Steps: c.Known(), MissingSteps: c.Missing(), Mean: c.Mean(),
		Percentiles: map[string]float64{}, PeakToMean: 1,
	}
	d.MeanGapsAsZero = d.Mean * float64(d.Steps) / float64(len(c.Rates))
	d.Peak, d.PeakAt = c.Peak()
	for name, share := range map[string]float64{"p1": 0.01, "p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99.9": 0.999} {
		d.Percentiles[name] = c.Percentile(share)
	}
	if d.BusiestHour, _ = c.Hours().Peak(); math.IsNaN(d.BusiestHour) {
		d.BusiestHour = d.Mean // no hour was seen for half of its length
	}
	a.d.Demand, a.d.mean, a.d.peak = d, d.Mean, d.Peak
	a.set("cost.demand.mean", basis, "%s", from)
	if share := float64(d.MissingSteps) / float64(len(c.Rates)); share > 0.01 {
		a.note("%d of %d steps have no value: the mean of those seen is %s/s, with gaps counted as zero it would be %s/s; the former was taken",
			d.MissingSteps, len(c.Rates), number(d.Mean, 4), number(d.MeanGapsAsZero, 4))
	}
	a.shape(c, basis, from)
	if days := c.End().Sub(c.Start) / (24 * time.Hour); days < 14 {
		a.miss(Medium, fmt.Sprintf("weeks, months and seasons: the metrics cover %d whole days", days), "the mean and the day's shape of those days were taken")
	}
	if t := a.Table.Switched; t.After(c.Start) && t.Before(c.End()) {
		a.note("the table became on demand at %s, within the time that the metrics cover: throttles before it say nothing of after", t.Format(time.RFC3339))
	}
}

func (a *assembly) shape(c demand.Curve, basis figure.Basis, from string) {
	d := a.d.Demand
	fit, ok := demand.FitDay(c)
	if !ok {
		d.PeakToMean = max(assumedRatio, min(d.BusiestHour/d.Mean, 12))
		a.set("cost.demand.shape", figure.Assumed, "the metrics show no whole day by the hour")
		a.miss(Medium, "the day's shape: the metrics show no whole day by the hour", "a busiest hour of %s times the mean was assumed", number(d.PeakToMean, 3))
	} else {
		d.PeakToMean, d.PeakHour, d.Weekly, d.Residual = fit.PeakToMean, fit.PeakHour, fit.Weekly, fit.Residual
		a.set("cost.demand.shape", basis, "%s: least squares over %d hours, residual %.1f%% of the mean (root mean square), peak from %02d:00 UTC", from, fit.Hours, 100*fit.Residual, fit.PeakHour)
		if fit.Weekly != nil {
			low, high := slices.Min(fit.Weekly), slices.Max(fit.Weekly)
			a.note("days of the week differ, from %.0f%% to %.0f%% of the mean; the scenario's shape has no week, so that its peaks are those of a mean day", 100*low, 100*high)
		}
		if d.BusiestHour > 1.1*fit.PeakToMean*d.Mean {
			a.note("the busiest hour had %s/s, the fitted day peaks at %s/s: capacity by the latter falls short then", number(d.BusiestHour, 4), number(fit.PeakToMean*d.Mean, 4))
		}
	}
	a.d.ratio = d.PeakToMean
}

// fromUnits estimates operations from consumed units and item sizes, where no request counts
// were given.
func (a *assembly) fromUnits() error {
	read, rs, err := a.curve(Metric{Name: metricConsumedRead, Stat: "Sum"})
	if err != nil {
		return err
	}
	write, ws, err := a.curve(Metric{Name: metricConsumedWrite, Stat: "Sum"})
	if err != nil {
		return err
	}
	if totalOf(read)+totalOf(write) == 0 {
		a.guess()
		return nil
	}
	var source []string
	for _, s := range []*Series{rs, ws} {
		if s != nil {
			source = addFiles(source, s)
		}
	}
	rates := [op.KindCount]float64{}
	rates[op.Read], rates[op.Update] = totalOf(read)/a.readUnits, totalOf(write)/a.writeUnits
	total := demand.Sum(scaled(read, 1/a.readUnits), scaled(write, 1/a.writeUnits))
	from := fmt.Sprintf("%s, consumed units divided by those of one item (%s read, %s write units, of %s), %s", strings.Join(source, ", "), number(a.readUnits, 4), number(a.writeUnits, 4), a.unitsBasis, window(total))
	a.miss(High, "requests by operation: no SuccessfulRequestLatency with the SampleCount", "reads and updates were estimated from consumed units, as single items read eventually consistent; queries, scans, inserts and deletes cannot be told")
	a.mix(rates, figure.Modelled, from)
	a.demand(total, figure.Modelled, from)
	a.set("workload.read.consistency", figure.Assumed, "cannot be told from consumed units alone")
	return nil
}

func scaled(c demand.Curve, by float64) demand.Curve {
	out := c
	out.Rates = nil
	for _, r := range c.Rates {
		out.Rates = append(out.Rates, r*by)
	}
	return out
}

// guess is for want of any metric.
func (a *assembly) guess() {
	rates := [op.KindCount]float64{}
	rates[op.Read], rates[op.Update] = 50, 50
	a.mix(rates, figure.Assumed, "no metrics of traffic")
	a.d.mean, a.d.peak, a.d.ratio = assumedMean, assumedMean*assumedRatio, assumedRatio
	a.set("cost.demand.mean", figure.Assumed, "no metrics of traffic")
	a.set("cost.demand.shape", figure.Assumed, "no metrics of traffic")
	a.set("workload.read.consistency", figure.Assumed, "no metrics of traffic")
	a.miss(High, "traffic: no metrics, or none above zero", "%g operations/s, half of them reads, with a peak of twice the mean: a placeholder, not an estimate", assumedMean)
}

// pages finds out how many items a query and a scan page return.
func (a *assembly) pages() error {
	w := &a.d.sc.Workload
	for _, p := range []struct {
		operation, path string
		kind            op.Kind
		limit           *uint32
	}{{"Query", "workload.query.limit", op.Query, &w.Query.Limit}, {"Scan", "workload.scan.limit", op.ScanPage, &w.Scan.Limit}} {
		if w.Operations[p.kind] == 0 {
			continue
		}
		items, s, err := a.curve(Metric{Name: metricReturnedItems, Operation: p.operation, Stat: "Sum"})
		if err != nil {
			return err
		}
		requests, _, err := a.curve(Metric{Name: metricLatency, Operation: p.operation, Stat: "SampleCount"})
		if err != nil {
			return err
		}
		if s == nil || totalOf(requests) == 0 {
			*p.limit = 100
			a.set(p.path, figure.Assumed, "no ReturnedItemCount of %s", p.operation)
			a.miss(High, "items that a "+p.operation+" returns: no ReturnedItemCount", "100 were assumed")
			continue
		}
		mean := totalOf(items) / totalOf(requests)
		*p.limit = uint32(min(max(math.Round(mean), 1), 10_000))
		a.set(p.path, figure.Measured, "%s, ReturnedItemCount / requests: %s items in the mean", strings.Join(s.Files, ", "), number(mean, 4))
	}
	return nil
}

// unitChecks compares consumed units with sizes times mix, and reads off the consistency.
func (a *assembly) unitChecks(rates [op.KindCount]float64, total demand.Curve) error {
	w := &a.d.sc.Workload
	seconds := float64(total.Known()) * total.Step.Seconds()
	size := a.meanSize()
	page := func(kind op.Kind, limit uint32) float64 {
		if rates[kind] == 0 {
			return 0
		}
		return rates[kind] * units.Page(uint64(float64(limit)*size), units.Eventual)
	}
	expected := (rates[op.Read]*a.readUnits + page(op.Query, w.Query.Limit) + page(op.ScanPage, w.Scan.Limit)) / seconds
	consistency := func(basis figure.Basis, format string, args ...any) {
		a.set("workload.read.consistency", basis, format, args...)
	}
	w.Read.Consistency = "eventual"
	read, s, err := a.curve(Metric{Name: metricConsumedRead, Stat: "Sum"})
	if err != nil {
		return err
	}
	if s == nil || expected == 0 {
		consistency(figure.Assumed, "no consumed read units to tell it from")
		a.miss(Medium, "consistency of reads: no ConsumedReadCapacityUnits", "eventual was assumed; strong costs twice the units")
	} else {
		seen := totalOf(read) / seconds
		factor := seen / expected
		if factor > 1.6 && factor < 2.4 {
			w.Read.Consistency = "strong"
			expected *= 2
		}
		if factor > 0.8 && factor < 2.4 && (factor < 1.25 || factor > 1.6) {
			consistency(figure.Modelled, "%s: consumed read units are %s times those of eventually consistent reads of %s", strings.Join(s.Files, ", "), number(factor, 3), a.unitsBasis)
		} else {
			consistency(figure.Assumed, "consumed read units are %s times those of eventually consistent reads of %s, which tells nothing", number(factor, 3), a.unitsBasis)
			a.miss(Medium, "consistency of reads: consumed units fit neither kind", "eventual was assumed; a mixture, batches or filters would explain it")
		}
		a.check("read units consumed", figure.New(seen, "units/s", figure.Measured, strings.Join(s.Files, ", ")+", ConsumedReadCapacityUnits"),
			figure.New(expected, "units/s", figure.Modelled, "requests by operation x "+a.unitsBasis))
	}
	write, s, err := a.curve(Metric{Name: metricConsumedWrite, Stat: "Sum"})
	if err != nil || s == nil {
		return err
	}
	writes := (rates[op.Update] + rates[op.Insert] + rates[op.Delete]) / seconds * a.writeUnits
	a.check("write units consumed", figure.New(totalOf(write)/seconds, "units/s", figure.Measured, strings.Join(s.Files, ", ")+", ConsumedWriteCapacityUnits"),
		figure.New(writes, "units/s", figure.Modelled, "requests by operation x "+a.unitsBasis))
	return nil
}

func (a *assembly) meanSize() float64 {
	if d := a.d.Data; d != nil {
		return d.MeanBytes
	}
	return float64(a.d.sc.Dataset.Size.Fixed)
}
