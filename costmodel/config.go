package costmodel

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"crossover/costmodel/demand"
	"crossover/workload"
)

// A Config is the scenario's cost section.
type Config struct {
	Regions      []Region         `yaml:"regions" doc:"AWS regions; one for now"`
	Horizon      Months           `yaml:"horizon" default:"36 months" doc:"how long both sides are paid for"`
	Demand       DemandConfig     `yaml:"demand" required:"true"`
	DiscountRate YearlyRate       `yaml:"discount_rate" default:"8%/year" doc:"rate at which later months' costs are discounted to a present value; verdicts do not use it"`
	Support      float64          `yaml:"support" unit:"share" default:"0%" max:"20%" doc:"AWS support plan, as a share of what AWS charges for, on both sides"`
	Items        uint64           `yaml:"items" default:"0" doc:"items in production; 0 takes dataset.items"`
	DynamoDB     DynamoDBConfig   `yaml:"dynamodb"`
	Aerospike    AerospikeConfig  `yaml:"aerospike"`
	People       PeopleConfig     `yaml:"people"`
	Ranges       map[string]Range `yaml:"ranges" doc:"how far assumptions may be off, in place of this tool's own judgement: their names below cost, each with LOW to HIGH in its own spelling"`
	GB           string           `yaml:"gb" default:"GiB" enum:"GiB|GB" doc:"what AWS bills as a GB of storage and traffic: 2^30 bytes (GiB) or 10^9 (GB); sources disagree"`

	origins                       // where the values came from
	spans   map[string][2]float64 // Ranges, read
}

// A Range is the two ends between which an assumption plausibly lies: "20us to 40us".
type Range struct{ Low, High string }

// DecodeYAML reads a range.
func (r *Range) DecodeYAML(d *workload.Decoder, n *yaml.Node, path string) {
	low, high, ok := strings.Cut(n.Value, " to ")
	r.Low, r.High = strings.TrimSpace(low), strings.TrimSpace(high)
	if !ok || r.Low == "" || r.High == "" {
		d.Fail(n, path, "a range such as 20us to 40us", "")
	}
}

// SetSpan notes the range of an assumption in its own unit.
func (c *Config) SetSpan(name string, low, high float64) {
	if c.spans == nil {
		c.spans = map[string][2]float64{}
	}
	c.spans[name] = [2]float64{low, high}
}

// Span returns the range that the scenario gives an assumption.
func (c *Config) Span(name string) (low, high float64, ok bool) {
	s, ok := c.spans[name]
	return s[0], s[1], ok
}

// A DemandConfig is the production load in operations/s.
type DemandConfig struct {
	Mean   float64    `yaml:"mean" unit:"rate" default:"0/s" doc:"mean operations/s; give mean or peak"`
	Peak   float64    `yaml:"peak" unit:"rate" default:"0/s" doc:"busiest hour's operations/s; give mean or peak"`
	Shape  ShapeSpec  `yaml:"shape" default:"flat" doc:"flat, or diurnal(peak_to_mean: 2.1)"`
	Week   []float64  `yaml:"week" doc:"seven factors, Monday to Sunday, of any scale; all days alike when left out"`
	Season []float64  `yaml:"season" doc:"twelve factors, the horizon's first month first, of any scale; all months alike when left out"`
	Events []Event    `yaml:"events" doc:"stretches of extra load, once a year"`
	Growth YearlyRate `yaml:"growth" default:"0%/year"`
}

// An Event is a stretch of extra load in one month of each year.
type Event struct {
	Month int           `yaml:"month" required:"true" min:"1" max:"12" doc:"month of the horizon's years, 1 to 12"`
	For   time.Duration `yaml:"for" required:"true" doc:"how long, in whole hours"`
	Times float64       `yaml:"times" required:"true" doc:"the load throughout, as a multiple of the mean"`
}

// DynamoDBConfig are DynamoDB's assumptions.
type DynamoDBConfig struct {
	Today        string     `yaml:"today" default:"on-demand" enum:"on-demand|provisioned|provisioned-fixed|provisioned-scheduled|reserved-1y|reserved-3y|on-demand-savings-plan|provisioned-savings-plan|on-demand-ia|provisioned-ia" doc:"how the table is bought today: what DynamoDB itself could save is counted from it"`
	Utilisation  float64    `yaml:"utilisation" unit:"share" default:"70%" min:"20%" max:"90%" doc:"target utilisation of provisioned capacity (AWS's own default for auto scaling)"`
	MaxThrottled float64    `yaml:"max_throttled" unit:"share" default:"0.1%" max:"100%" doc:"units that auto scaling may refuse, before retries; an offer that refuses more is excluded"`
	Discount     float64    `yaml:"discount" unit:"share" default:"0%" max:"99%" doc:"private discount on DynamoDB"`
	FreeTier     bool       `yaml:"free_tier" default:"false"`
	Backups      int        `yaml:"backups" default:"0" min:"0" max:"1000" doc:"full on-demand backups kept"`
	Exports      float64    `yaml:"exports_per_month" default:"0" min:"0" doc:"full exports to S3 a month"`
	Restores     float64    `yaml:"restores_per_year" default:"0" min:"0" doc:"restores a year, of the whole table"`
	StreamReads  float64    `yaml:"stream_reads" unit:"rate" default:"0/s" doc:"billed GetRecords calls of the table's stream; triggers of AWS Lambda are not billed"`
	Kinesis      bool       `yaml:"kinesis" default:"false" doc:"change data capture to Kinesis Data Streams"`
	Replicas     []Region   `yaml:"replicas" doc:"a global table's other regions"`
	DAX          *DAXConfig `yaml:"dax" doc:"a DynamoDB Accelerator cluster in front"`
	PITR         bool       `yaml:"pitr" default:"false" doc:"point-in-time recovery"`
}

// A DAXConfig is a DynamoDB Accelerator cluster.
type DAXConfig struct {
	Node  string  `yaml:"node" required:"true" doc:"node type as the price book has it: r5.large"`
	Nodes int     `yaml:"nodes" default:"3" min:"1" max:"11"`
	Hit   float64 `yaml:"hit" unit:"share" required:"true" max:"100%" doc:"read units that the cache answers; strongly consistent reads pass it by"`
}

// AerospikeConfig are Aerospike's assumptions.
type AerospikeConfig struct {
	Instances     []string      `yaml:"instances" doc:"instance types to price; all whose device rates are known when left out"`
	Replication   int           `yaml:"replication" default:"2" min:"1" max:"8"`
	CPUPerOp      time.Duration `yaml:"cpu_per_op" default:"29us" doc:"server CPU time of one request (29 us seen on Community Edition 8.1 with 1 KB records)"`
	CPUPerReplica time.Duration `yaml:"cpu_per_replica_write" default:"29us" doc:"server CPU time of writing one replica"`
	CPUPerRecord  time.Duration `yaml:"cpu_per_record" default:"5us" doc:"server CPU time of each record that a query or scan page returns"`
	MaxCPU        float64       `yaml:"max_cpu" unit:"share" default:"50%" min:"1%" max:"100%"`
	MaxDeviceUse  float64       `yaml:"max_device_use" unit:"share" default:"50%" min:"1%" max:"90%" doc:"of device capacity; defragmentation needs the rest"`
	MaxDeviceRate float64       `yaml:"max_device_rate" unit:"share" default:"60%" min:"1%" max:"100%" doc:"of the device's rated operations and bandwidth"`
	DeviceRate    float64       `yaml:"device_rate" unit:"share" default:"100%" min:"1%" max:"1000%" doc:"the devices' sustained rates, as a share of the catalogue's"`
	DefragLWM     float64       `yaml:"defrag_lwm" unit:"share" default:"50%" min:"0%" max:"90%" doc:"defrag-lwm-pct: defragmentation multiplies device writes by 1/(1-x)"`
	MaxRAM        float64       `yaml:"max_ram" unit:"share" default:"60%" min:"1%" max:"90%" doc:"of memory, for the primary index"`
	MaxNetwork    float64       `yaml:"max_network" unit:"share" default:"50%" min:"1%" max:"100%" doc:"of baseline bandwidth"`
	CacheHit      float64       `yaml:"cache_hit" unit:"share" default:"0%" max:"100%" doc:"reads answered from memory"`
	MinNodes      int           `yaml:"min_nodes" default:"3" min:"1" max:"128"`
	SpareNodes    int           `yaml:"spare_nodes" default:"1" min:"0" max:"16" doc:"nodes whose loss the others must carry at the peak"`
	LicenceUSD    float64       `yaml:"licence_usd_per_unique_tb_year" default:"-1" doc:"Enterprise Edition; no public list price exists"`
	Discount      float64       `yaml:"discount" unit:"share" default:"0%" max:"99%" doc:"private discount on instances"`
	WireBytes     uint64        `yaml:"wire_overhead" unit:"bytes" default:"200B" doc:"bytes on the network for each request besides its records"`
	Backups       int           `yaml:"backups_kept" default:"7" min:"0" max:"1000" doc:"full backups kept on S3 where dynamodb.pitr asks for recovery"`
	DoubleMonths  int           `yaml:"double_running_months" default:"1" min:"0" max:"24" doc:"months of the migration in which both systems are paid"`
	CrossAZ       float64       `yaml:"cross_az" unit:"share" default:"67%" max:"100%" doc:"share of client and replica traffic that crosses an availability zone"`
}

// PeopleConfig is engineers' time, a soft line shown apart.
type PeopleConfig struct {
	USDPerHour     float64 `yaml:"usd_per_hour" default:"100" min:"0"`
	DynamoDBHours  float64 `yaml:"dynamodb_hours_per_month" default:"4" min:"0"`
	AerospikeHours float64 `yaml:"aerospike_hours_per_month" default:"40" min:"0"`
	MigrationHours float64 `yaml:"migration_hours" default:"480" min:"0" doc:"once, in the first month"`
}

// A Region is an AWS region's name.
type Region string

// DecodeYAML reads a region.
func (r *Region) DecodeYAML(d *workload.Decoder, n *yaml.Node, path string) {
	*r = Region(n.Value)
	if meant, ok := workload.CheckRegion(n.Value); !ok {
		d.Fail(n, path, "a region such as us-east-1", meant)
	}
}

// Months is a horizon: "36 months" or "3 years", 1 to 120 months.
type Months int

// maxMonths bounds a horizon.
const maxMonths = 120

// DecodeYAML reads a horizon.
func (m *Months) DecodeYAML(d *workload.Decoder, n *yaml.Node, path string) {
	if parts := strings.Fields(n.Value); len(parts) == 2 {
		count, err := strconv.Atoi(parts[0])
		switch unit := strings.TrimSuffix(parts[1], "s"); {
		case err != nil || count > maxMonths:
		case unit == "month":
			*m = Months(count)
		case unit == "year":
			*m = Months(12 * count)
		}
	}
	if *m < 1 || *m > maxMonths {
		d.Fail(n, path, "a horizon of 1 to 120 months, such as 36 months or 3 years", "")
	}
}

// YearlyRate is growth: "40%/year", above -100%.
type YearlyRate float64

// DecodeYAML reads a yearly growth.
func (y *YearlyRate) DecodeYAML(d *workload.Decoder, n *yaml.Node, path string) {
	text, ok := strings.CutSuffix(n.Value, "/year")
	text, negative := strings.CutPrefix(text, "-")
	v, err := workload.ParseShare(text)
	if !ok || err != nil || v > 100 || negative && v >= 1 {
		d.Fail(n, path, "growth such as 40%/year", "")
		return
	}
	if negative {
		v = -v
	}
	*y = YearlyRate(v)
}

// ShapeSpec is a day's shape.
type ShapeSpec struct{ PeakToMean float64 }

// DecodeYAML reads flat or diurnal(peak_to_mean: 2.1).
func (s *ShapeSpec) DecodeYAML(d *workload.Decoder, n *yaml.Node, path string) {
	s.PeakToMean = 1
	if n.Value == "flat" {
		return
	}
	inner, ok := strings.CutPrefix(n.Value, "diurnal(peak_to_mean:")
	inner, closed := strings.CutSuffix(inner, ")")
	if _, err := fmt.Sscanf(strings.TrimSpace(inner), "%g", &s.PeakToMean); !ok || !closed || err != nil || s.PeakToMean < 1 || s.PeakToMean > 12 {
		d.Fail(n, path, "flat, or diurnal(peak_to_mean: X) with X from 1 to 12", "")
	}
}

// Day returns the multipliers of the mean by hour.
func (s ShapeSpec) Day() [Hours]float64 { return demand.Diurnal(s.PeakToMean) }

// Profile returns how the load moves about its mean.
func (c *DemandConfig) Profile() (*demand.Profile, error) {
	day := c.Shape.Day()
	p, err := demand.FromHours(day[:])
	if err == nil && len(c.Week) > 0 {
		p, err = p.WithWeek(c.Week)
	}
	if err == nil && len(c.Season) > 0 {
		p, err = p.WithSeason(c.Season)
	}
	if err == nil && len(c.Events) > 0 {
		var events []demand.Event
		for _, e := range c.Events {
			if e.For%time.Hour != 0 {
				return nil, fmt.Errorf("an event of %v, expected whole hours", e.For)
			}
			events = append(events, demand.Event{Month: e.Month, Hours: int(e.For / time.Hour), Load: e.Times})
		}
		p, err = p.WithEvents(events)
	}
	return p, err
}

// GBBytes is what AWS bills as a GB, in bytes.
func (c *Config) GBBytes() float64 {
	if c.GB == "GB" {
		return 1e9
	}
	return 1 << 30
}

// ParseConfig decodes and checks the scenario's cost section; nil without one.
func ParseConfig(sc *workload.Scenario) (*Config, error) {
	if sc.Cost == nil {
		return nil, nil
	}
	c := &Config{}
	if err := workload.DecodeAt(sc.File, "cost", sc.Cost, c); err != nil {
		return nil, err
	}
	at := func(found, expected string) error {
		return &workload.Error{File: sc.File, Line: sc.Cost.Line, Column: sc.Cost.Column, Path: "cost", Found: found, Expected: expected}
	}
	var errs []error
	if (c.Demand.Mean > 0) == (c.Demand.Peak > 0) {
		errs = append(errs, at("demand.mean and demand.peak both given or neither", "exactly one of them, above 0/s"))
	}
	if _, err := c.Demand.Profile(); err != nil {
		errs = append(errs, at(err.Error(), "week of 7 factors, season of 12, events of whole hours"))
	}
	if len(c.Regions) == 0 {
		c.Regions = []Region{"us-east-1"}
	}
	if len(c.Regions) > 1 {
		errs = append(errs, at(fmt.Sprintf("%d regions", len(c.Regions)), "one"))
	}
	if c.Items == 0 {
		c.Items = sc.Dataset.Items
	}
	c.origins = originsOf(sc)
	return c, errors.Join(errs...)
}
