package dynamodb

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Assumptions are what is assumed, of DynamoDB's partitions, by the embedded server and by a
// simulation, where AWS publishes nothing. What they mean, and on what the defaults rest, is said
// in docs/models.md.
type Assumptions struct {
	EventualRead     float64       `yaml:"eventual_read" default:"4500" min:"3000" max:"9000" doc:"read units/s that one partition serves to eventually consistent reads; 3000 switches the effect off"`
	SplitAfter       time.Duration `yaml:"split_after" default:"10m" min:"0s" max:"24h" doc:"how long a partition is near its limit before it is split for heat, 10s or more; 0s: never"`
	SplitLoad        float64       `yaml:"split_load" unit:"share" default:"90%" min:"1%" max:"100%" doc:"share of a partition's limit from which it counts as near it"`
	SplitGain        float64       `yaml:"split_gain" unit:"share" default:"10%" min:"0.1%" max:"49.9%" doc:"least share of a partition's load that a split must take away"`
	Monotonic        float64       `yaml:"monotonic" unit:"share" default:"90%" min:"50.1%" max:"100%" doc:"share of requests in the order of their sort keys from which a split is judged useless"`
	PartitionSeconds float64       `yaml:"partition_seconds" default:"1" min:"0.01" max:"300" doc:"seconds of a partition's limit that it may save up"`
	SplitBytes       uint64        `yaml:"split_bytes" unit:"bytes" default:"10_000_000_000B" min:"1MiB" doc:"size at which a partition splits"`
	Partitions       string        `yaml:"partitions" default:"largest" enum:"largest|sum" doc:"how what reads and writes ask for adds up to partitions"`
}

// differing joins the pairs whose values differ from the defaults.
func differing(pairs, defaults []string) string {
	var out []string
	for i, p := range pairs {
		if p != defaults[i] {
			out = append(out, p)
		}
	}
	return strings.Join(out, ",")
}

// pairs are the assumptions as NAME=VALUE.
func (a *Assumptions) pairs() []string {
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	after := "never"
	if a.SplitAfter > 0 {
		after = a.SplitAfter.String()
	}
	return []string{
		"eventual_read=" + number(a.EventualRead), "split_after=" + after, "split_load=" + number(a.SplitLoad),
		"split_gain=" + number(a.SplitGain), "monotonic=" + number(a.Monotonic),
		"partition_seconds=" + number(a.PartitionSeconds), "split_bytes=" + strconv.FormatUint(a.SplitBytes, 10),
		"partitions=" + a.Partitions,
	}
}

// DefaultAssumptions are what a scenario that says nothing has.
func DefaultAssumptions() Assumptions {
	return Assumptions{
		EventualRead: 4500, SplitAfter: 10 * time.Minute, SplitLoad: 0.9, SplitGain: 0.1, Monotonic: 0.9,
		PartitionSeconds: 1, SplitBytes: 10e9, Partitions: "largest",
	}
}

// DefaultPairs are the default assumptions as NAME=VALUE.
func DefaultPairs() []string {
	d := DefaultAssumptions()
	return d.pairs()
}

// Text returns the assumptions that differ from the defaults as NAME=VALUE pairs, as crossover
// serve dynamodb --assume and the partition model read them.
func (a *Assumptions) Text() string {
	d := DefaultAssumptions()
	return differing(a.pairs(), d.pairs())
}

// Quota are an account's quotas in units/s, as the embedded server and a simulation hold them; 0
// limits nothing (AWS DynamoDB Developer Guide, "Service, account, and table quotas").
type Quota struct {
	TableRead    float64 `yaml:"table_read" default:"40000" min:"0" doc:"of a table with its global indexes: beyond it an on-demand table is throttled, and provisioned capacity refused"`
	TableWrite   float64 `yaml:"table_write" default:"40000" min:"0" doc:"likewise"`
	AccountRead  float64 `yaml:"account_read" default:"80000" min:"0" doc:"of all provisioned tables together; a simulation has one"`
	AccountWrite float64 `yaml:"account_write" default:"80000" min:"0" doc:"likewise"`
}

func (q *Quota) pairs() []string {
	return []string{
		fmt.Sprintf("table_read=%g", q.TableRead), fmt.Sprintf("table_write=%g", q.TableWrite),
		fmt.Sprintf("account_read=%g", q.AccountRead), fmt.Sprintf("account_write=%g", q.AccountWrite),
	}
}

// DefaultQuota is a new account's.
func DefaultQuota() Quota { return Quota{40_000, 40_000, 80_000, 80_000} }

// Text returns the quotas that differ from a new account's, as crossover serve dynamodb --quota
// reads them.
func (q *Quota) Text() string {
	d := DefaultQuota()
	return differing(q.pairs(), d.pairs())
}

// checkModel finds what one value of the model's settings cannot show.
func (c *checker) checkModel(cfg *Config) {
	if after := cfg.Assumptions.SplitAfter; after > 0 && after < 10*time.Second {
		c.fail(after.String(), "0s (never), or 10s or more", "assumptions", "split_after")
	}
}
