package partition

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// What AWS does not publish, and this model assumes. A value is "calibrated" where it was
// fitted to an experiment that AWS published, and "assumed" where there is none to fit it to.
const (
	// EventualRead is the rate in read units that one partition serves to eventually consistent
	// reads, which spread over its three replicas. Calibrated: AWS Database Blog, "Scaling
	// DynamoDB: how partitions, hot keys, and split for heat impact performance", part 2, saw
	// 9,000 reads/s of 0.5 units of one partition key at the start.
	EventualRead = 4500
	// SplitAfter is for how long a partition is near its limit before it is split for heat.
	// Calibrated: the same experiment ran for its first ten minutes without a split.
	SplitAfter = 10 * time.Minute
	// SplitLoad is the share of a partition's limit from which it counts as near it. Assumed:
	// AWS says "near its throughput capacity limit".
	SplitLoad = 0.9
	// SplitGain is the least share of a partition's load that a split must take away from it.
	// Assumed: AWS says that there is no split where it would not help.
	SplitGain = 0.1
	// Monotonic is the share of requests in order of their sort keys from which they count as
	// following an ever-increasing, or ever-decreasing, sort key. Assumed.
	Monotonic = 0.9
	// PartitionSeconds is how many seconds of a partition's limit it may save up. Assumed: the
	// limit is stated by the second.
	PartitionSeconds = 1
	// SplitBytes is the size at which a partition splits. AWS Database Blog, part 3: "close to
	// 10 GB"; how close is assumed.
	SplitBytes = 10e9
)

// Assumptions are a table's. A zero field takes the constant of the same name.
type Assumptions struct {
	EventualRead     float64       // read units/s of one partition; MaxRead switches the effect off
	SplitAfter       time.Duration // negative: no splits for heat
	SplitLoad        float64       // share, above 0 to 1
	SplitGain        float64       // share, above 0 to below 0.5
	Monotonic        float64       // share, above 0.5 to 1
	PartitionSeconds float64       // above 0
	SplitBytes       float64       // bytes, above 0
	// Additive counts a table's partitions by the sum of what reads and writes ask for, as AWS
	// taught in 2016, instead of by the larger of the two, which agrees with a new on-demand
	// table's 12,000 and 4,000 units/s on four partitions. Assumed: AWS publishes no formula.
	Additive bool
}

// WithDefaults returns a with what was left out filled in.
func (a Assumptions) WithDefaults() Assumptions {
	fill := func(v *float64, otherwise float64) {
		if *v == 0 {
			*v = otherwise
		}
	}
	fill(&a.EventualRead, EventualRead)
	fill(&a.SplitLoad, SplitLoad)
	fill(&a.SplitGain, SplitGain)
	fill(&a.Monotonic, Monotonic)
	fill(&a.PartitionSeconds, PartitionSeconds)
	fill(&a.SplitBytes, SplitBytes)
	if a.SplitAfter == 0 {
		a.SplitAfter = SplitAfter
	}
	return a
}

// An Assumption is one of Assumptions as people set it.
type Assumption struct {
	Name  string // as in a flag or a scenario
	Basis string // calibrated, assumed
	Unit  string
	About string
}

// AssumptionList lists the assumptions by the names that Set takes.
var AssumptionList = []Assumption{
	{"eventual_read", "calibrated", "read units/s", "what one partition serves to eventually consistent reads, over its three replicas; 3000 switches the effect off"},
	{"split_after", "calibrated", "duration", "how long a partition is near its limit before it is split for heat; never: no splits for heat"},
	{"split_load", "assumed", "share", "share of a partition's limit from which it counts as near it"},
	{"split_gain", "assumed", "share", "least share of a partition's load that a split must take away"},
	{"monotonic", "assumed", "share", "share of requests in the order of their sort keys from which a split is judged useless"},
	{"partition_seconds", "assumed", "s", "seconds of a partition's limit that it may save up"},
	{"split_bytes", "assumed", "bytes", "size at which a partition splits"},
	{"partitions", "assumed", "", "how reads and writes add up to partitions: largest or sum"},
}

// Get returns an assumption's value as Set takes it, defaults filled in.
func (a Assumptions) Get(name string) string {
	a = a.WithDefaults()
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	switch name {
	case "eventual_read":
		return number(a.EventualRead)
	case "split_after":
		if a.SplitAfter < 0 {
			return "never"
		}
		return a.SplitAfter.String()
	case "split_load":
		return number(a.SplitLoad)
	case "split_gain":
		return number(a.SplitGain)
	case "monotonic":
		return number(a.Monotonic)
	case "partition_seconds":
		return number(a.PartitionSeconds)
	case "split_bytes":
		return number(a.SplitBytes)
	case "partitions":
		if a.Additive {
			return "sum"
		}
		return "largest"
	}
	return ""
}

// Set sets an assumption by its name.
func (a *Assumptions) Set(name, value string) error {
	number := func(to *float64, low, high float64) error {
		v, err := strconv.ParseFloat(value, 64)
		if err != nil || math.IsNaN(v) || v < low || v > high {
			return fmt.Errorf("%s=%s: expected a number from %g to %g", name, value, low, high)
		}
		*to = v
		return nil
	}
	switch name {
	case "eventual_read":
		return number(&a.EventualRead, MaxRead, 3*MaxRead)
	case "split_after":
		if value == "never" {
			a.SplitAfter = -1
			return nil
		}
		d, err := time.ParseDuration(value)
		if err != nil || d < splitWindow {
			return fmt.Errorf("%s=%s: expected never, or a duration of at least %v", name, value, splitWindow)
		}
		a.SplitAfter = d
		return nil
	case "split_load":
		return number(&a.SplitLoad, 0.01, 1)
	case "split_gain":
		return number(&a.SplitGain, 0.001, 0.499)
	case "monotonic":
		return number(&a.Monotonic, 0.501, 1)
	case "partition_seconds":
		return number(&a.PartitionSeconds, 0.01, 300)
	case "split_bytes":
		return number(&a.SplitBytes, 1e6, 1e12)
	case "partitions":
		if value != "sum" && value != "largest" {
			return fmt.Errorf("%s=%s: expected largest or sum", name, value)
		}
		a.Additive = value == "sum"
		return nil
	}
	names := make([]string, len(AssumptionList))
	for i, x := range AssumptionList {
		names[i] = x.Name
	}
	return fmt.Errorf("assumption %q: expected one of %s", name, strings.Join(names, ", "))
}

// ParseAssumptions reads NAME=VALUE pairs, divided by commas.
func ParseAssumptions(text string) (a Assumptions, err error) {
	var errs []error
	for _, pair := range strings.Split(text, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		errs = append(errs, a.Set(strings.TrimSpace(name), strings.TrimSpace(value)))
	}
	return a, errors.Join(errs...)
}
