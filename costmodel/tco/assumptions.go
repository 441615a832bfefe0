package tco

import (
	"math"
	"strconv"
	"time"

	"crossover/costmodel"
	"crossover/results/figure"
)

// A knob is one number of the cost section: an assumption that --what-if can replace, with the
// range in which it is plausibly wrong. The ranges are this tool's own judgement, printed
// beside each value; nobody publishes them. A knob without a range is a choice or a contract,
// not a guess.
type knob struct {
	name, title, unit string
	note              string
	get               func(*costmodel.Config) float64
	set               func(*costmodel.Config, float64) // nil: never varied
	low, high         func(v float64) float64          // nil: no range
	logs              bool                             // drawn evenly by ratio rather than by difference
	costly            bool                             // each value needs auto scaling to be simulated anew
}

// times gives a range by factors of the value.
func times(low, high float64) (lo, hi func(float64) float64) {
	return func(v float64) float64 { return v * low }, func(v float64) float64 { return v * high }
}

// plus gives a range by differences from the value, kept within bounds.
func plus(down, up, least, most float64) (lo, hi func(float64) float64) {
	return func(v float64) float64 { return max(least, v-down) }, func(v float64) float64 { return min(most, v+up) }
}

func (k knob) factors(low, high float64) knob {
	k.low, k.high = times(low, high)
	k.logs = true
	return k
}

func (k knob) around(down, up, least, most float64) knob {
	k.low, k.high = plus(down, up, least, most)
	return k
}

// float makes a knob of a float field.
func float(name, title, unit string, at func(*costmodel.Config) *float64) knob {
	return knob{
		name: name, title: title, unit: unit,
		get: func(c *costmodel.Config) float64 { return *at(c) },
		set: func(c *costmodel.Config, v float64) { *at(c) = v },
	}
}

// whole makes a knob of an int field.
func whole(name, title, unit string, at func(*costmodel.Config) *int) knob {
	return knob{
		name: name, title: title, unit: unit,
		get: func(c *costmodel.Config) float64 { return float64(*at(c)) },
		set: func(c *costmodel.Config, v float64) { *at(c) = int(math.Round(v)) },
	}
}

// micros makes a knob of a duration field.
func micros(name, title string, at func(*costmodel.Config) *time.Duration) knob {
	return knob{
		name: name, title: title, unit: "us",
		get: func(c *costmodel.Config) float64 { return float64(*at(c)) / 1e3 },
		set: func(c *costmodel.Config, v float64) { *at(c) = time.Duration(math.Round(v * 1e3)) },
	}
}

// choice is a knob that is never varied.
func choice(name, title, unit string, get func(*costmodel.Config) float64) knob {
	return knob{name: name, title: title, unit: unit, get: get}
}

// knobs lists the assumptions of a configuration, in the order in which they are printed.
func knobs(c *costmodel.Config) []knob {
	return append(append(demandKnobs(c), dynamoKnobs()...), append(aerospikeKnobs(), peopleKnobs()...)...)
}

func demandKnobs(c *costmodel.Config) []knob {
	load := float("demand.mean", "mean load", "operations/s", func(c *costmodel.Config) *float64 { return &c.Demand.Mean })
	if c.Demand.Peak > 0 {
		load = float("demand.peak", "load of the busiest hour", "operations/s", func(c *costmodel.Config) *float64 { return &c.Demand.Peak })
	}
	growth := knob{
		name: "demand.growth", title: "growth of load and items a year", unit: "share",
		get: func(c *costmodel.Config) float64 { return float64(c.Demand.Growth) },
		set: func(c *costmodel.Config, v float64) { c.Demand.Growth = costmodel.YearlyRate(v) },
	}
	shape := float("demand.shape", "busiest hour over the mean", "ratio", func(c *costmodel.Config) *float64 { return &c.Demand.Shape.PeakToMean })
	shape.costly = true
	shape.note = "written as flat or diurnal(peak_to_mean: X)"
	items := choice("items", "items in the first month", "items", func(c *costmodel.Config) float64 { return float64(c.Items) })
	horizon := choice("horizon", "months that both sides are paid for", "months", func(c *costmodel.Config) float64 { return float64(c.Horizon) })
	rate := choice("discount_rate", "rate at which later months are discounted to a present value", "share/year", func(c *costmodel.Config) float64 { return float64(c.DiscountRate) })
	gb := choice("gb", "what AWS bills as a GB", "bytes", (*costmodel.Config).GBBytes)
	gb.note = "written as GiB or GB; sources disagree"
	return []knob{load.factors(0.8, 1.25), shape.around(0.2, 0.4, 1, 12), growth.around(0.1, 0.1, -0.9, 100), items, horizon, rate, gb}
}

func dynamoKnobs() []knob {
	use := float("dynamodb.utilisation", "target utilisation of provisioned capacity", "share", func(c *costmodel.Config) *float64 { return &c.DynamoDB.Utilisation }).around(0.2, 0.1, 0.2, 0.9)
	use.costly = true
	return []knob{
		use,
		choice("dynamodb.max_throttled", "units that auto scaling may refuse", "share", func(c *costmodel.Config) float64 { return c.DynamoDB.MaxThrottled }),
		choice("dynamodb.discount", "private discount on DynamoDB", "share", func(c *costmodel.Config) float64 { return c.DynamoDB.Discount }),
	}
}

func aerospikeKnobs() []knob {
	share := func(name, title string, at func(*costmodel.AerospikeConfig) *float64) knob {
		return float("aerospike."+name, title, "share", func(c *costmodel.Config) *float64 { return at(&c.Aerospike) })
	}
	micro := func(name, title string, at func(*costmodel.AerospikeConfig) *time.Duration) knob {
		return micros("aerospike."+name, title, func(c *costmodel.Config) *time.Duration { return at(&c.Aerospike) })
	}
	count := func(name, title, unit string, at func(*costmodel.AerospikeConfig) *int) knob {
		return whole("aerospike."+name, title, unit, func(c *costmodel.Config) *int { return at(&c.Aerospike) })
	}
	wire := knob{
		name: "aerospike.wire_overhead", title: "bytes on the network for each request besides its records", unit: "bytes",
		get: func(c *costmodel.Config) float64 { return float64(c.Aerospike.WireBytes) },
		set: func(c *costmodel.Config, v float64) { c.Aerospike.WireBytes = uint64(math.Round(v)) },
	}
	licence := choice("aerospike.licence_usd_per_unique_tb_year", "Enterprise Edition licence", "USD/TB-year", func(c *costmodel.Config) float64 { return c.Aerospike.LicenceUSD })
	licence.note = "below 0: no quotation, Enterprise Edition is not priced"
	fixed := func(k knob) knob { k.low, k.high = nil, nil; return k }
	return []knob{
		fixed(count("replication", "copies of each record", "copies", func(a *costmodel.AerospikeConfig) *int { return &a.Replication })),
		micro("cpu_per_op", "server CPU of one request", func(a *costmodel.AerospikeConfig) *time.Duration { return &a.CPUPerOp }).factors(0.5, 2),
		micro("cpu_per_replica_write", "server CPU of writing one replica", func(a *costmodel.AerospikeConfig) *time.Duration { return &a.CPUPerReplica }).factors(0.5, 2),
		micro("cpu_per_record", "server CPU of each record that a query returns", func(a *costmodel.AerospikeConfig) *time.Duration { return &a.CPUPerRecord }).factors(0.25, 4),
		share("max_cpu", "CPU use at the peak", func(a *costmodel.AerospikeConfig) *float64 { return &a.MaxCPU }).around(0.15, 0.2, 0.05, 1),
		share("max_device_use", "use of device capacity", func(a *costmodel.AerospikeConfig) *float64 { return &a.MaxDeviceUse }).around(0.1, 0.1, 0.05, 0.9),
		share("max_device_rate", "use of the devices' rated operations and bandwidth", func(a *costmodel.AerospikeConfig) *float64 { return &a.MaxDeviceRate }).around(0.2, 0.2, 0.05, 1),
		share("device_rate", "the devices' rates as a share of the catalogue's", func(a *costmodel.AerospikeConfig) *float64 { return &a.DeviceRate }).factors(0.7, 1.1),
		fixed(share("defrag_lwm", "defragmentation's low-water mark", func(a *costmodel.AerospikeConfig) *float64 { return &a.DefragLWM })),
		share("max_ram", "use of memory by the primary index", func(a *costmodel.AerospikeConfig) *float64 { return &a.MaxRAM }).around(0.1, 0.2, 0.05, 0.9),
		share("max_network", "use of baseline bandwidth", func(a *costmodel.AerospikeConfig) *float64 { return &a.MaxNetwork }).around(0.15, 0.25, 0.05, 1),
		share("cache_hit", "reads answered from memory", func(a *costmodel.AerospikeConfig) *float64 { return &a.CacheHit }).around(0.2, 0.2, 0, 1),
		fixed(count("min_nodes", "fewest nodes", "nodes", func(a *costmodel.AerospikeConfig) *int { return &a.MinNodes })),
		fixed(count("spare_nodes", "nodes whose loss the others carry at the peak", "nodes", func(a *costmodel.AerospikeConfig) *int { return &a.SpareNodes })),
		wire.factors(0.5, 2),
		share("cross_az", "share of traffic that crosses availability zones", func(a *costmodel.AerospikeConfig) *float64 { return &a.CrossAZ }).around(0.34, 0.33, 0, 1),
		fixed(count("backups_kept", "full backups kept where recovery is asked for", "backups", func(a *costmodel.AerospikeConfig) *int { return &a.Backups })),
		count("double_running_months", "months of the migration in which both are paid", "months", func(a *costmodel.AerospikeConfig) *int { return &a.DoubleMonths }).around(1, 3, 0, 24),
		licence,
		choice("aerospike.discount", "private discount on instances", "share", func(c *costmodel.Config) float64 { return c.Aerospike.Discount }),
	}
}

func peopleKnobs() []knob {
	return []knob{
		float("people.usd_per_hour", "an engineer's hour", "USD/hour", func(c *costmodel.Config) *float64 { return &c.People.USDPerHour }).factors(0.7, 1.5),
		float("people.dynamodb_hours_per_month", "engineers' time for DynamoDB", "hours/month", func(c *costmodel.Config) *float64 { return &c.People.DynamoDBHours }).factors(0.5, 2),
		float("people.aerospike_hours_per_month", "engineers' time for Aerospike", "hours/month", func(c *costmodel.Config) *float64 { return &c.People.AerospikeHours }).factors(0.5, 2),
		float("people.migration_hours", "engineers' time for the migration", "hours", func(c *costmodel.Config) *float64 { return &c.People.MigrationHours }).factors(0.5, 2.5),
	}
}

// span returns the range in which the knob is plausibly wrong; ok is false when it has none.
func (k knob) span(c *costmodel.Config) (low, high float64, ok bool) {
	if low, high, ok := c.Span(k.name); ok {
		return low, high, true
	}
	if k.low == nil {
		return 0, 0, false
	}
	v := k.get(c)
	return k.low(v), k.high(v), true
}

// figure returns the assumption's value with its range.
func (k knob) figure(c *costmodel.Config) figure.Figure {
	f := c.Assume(k.name, k.get(c), k.unit)
	f.Note = k.note
	if low, high, ok := k.span(c); ok && low != high {
		if f.Note != "" {
			f.Note += "; "
		}
		who := "plausible"
		if _, _, given := c.Span(k.name); given {
			who = "by the scenario (cost.ranges)"
		}
		f.Note += who + " from " + plainDigits(low) + " to " + plainDigits(high)
	}
	return f
}

// plainDigits writes v to four significant digits without an exponent, which %g would give
// ten thousand and more.
func plainDigits(v float64) string {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 64), 64)
	if err != nil {
		rounded = v
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

func assumptionsOf(c *costmodel.Config) []Assumption {
	var out []Assumption
	for _, k := range knobs(c) {
		out = append(out, Assumption{Name: k.name, Title: k.title, Figure: k.figure(c)})
	}
	return out
}
