package dynamodb

import (
	"math"
	"os"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"gopkg.in/yaml.v3"

	"crossover/costmodel"
	"crossover/costmodel/demand"
	"crossover/costmodel/price"
	"crossover/costmodel/units"
)

// A vector is a published bill. A base and a peak demand fill a month's hours between them.
type vector struct {
	ID, Kind, Source string
	Inputs           struct {
		Reads      float64      `yaml:"reads_s"`
		Writes     float64      `yaml:"writes_s"`
		BaseReads  float64      `yaml:"base_reads_s"`
		BaseWrites float64      `yaml:"base_writes_s"`
		PeakReads  float64      `yaml:"peak_reads_s"`
		PeakWrites float64      `yaml:"peak_writes_s"`
		PeakHours  float64      `yaml:"peak_hours_month"`
		ReadHours  float64      `yaml:"peak_read_h_month"`
		WriteHours float64      `yaml:"peak_write_h_month"`
		ItemB      uint64       `yaml:"item_b"`
		StorageGB  float64      `yaml:"storage_gb"`
		Read       string       `yaml:"read"`
		RRU        float64      `yaml:"rru"`
		WRU        float64      `yaml:"wru"`
		Hours      float64      `yaml:"hours"`
		Nodes      [][2]float64 `yaml:"nodes"` // how many, at which price an hour
		Regions    int          `yaml:"regions"`
		Days       []struct {
			Writes   float64 `yaml:"writes"`
			ItemB    uint64  `yaml:"item_b"`
			Replicas int     `yaml:"replicas"`
			GSIAll   bool    `yaml:"gsi_all"`
		} `yaml:"days"`
	}
	Expect, Tolerance map[string]float64
}

const vectorHours = 730

// month returns the vector's month. Peaks of reads and writes are taken to coincide.
func (v *vector) month() month {
	in := &v.Inputs
	c := units.Strong
	if in.Read == "eventual" {
		c = units.Eventual
	}
	perRead, perWrite := units.Read(in.ItemB, c), units.Write(in.ItemB, false)
	readHours, writeHours := in.ReadHours+in.PeakHours, in.WriteHours+in.PeakHours
	both := min(readHours, writeHours)
	read := func(peak bool) float64 {
		if peak && in.PeakReads > 0 {
			return in.PeakReads * perRead
		}
		return (in.Reads + in.BaseReads) * perRead
	}
	write := func(peak bool) float64 {
		if peak && in.PeakWrites > 0 {
			return in.PeakWrites * perWrite
		}
		return (in.Writes + in.BaseWrites) * perWrite
	}
	longer := max(readHours, writeHours)
	m := month{
		stored: in.StorageGB * (1 << 30),
		spans: []span{
			spanOf(both, read(true), write(true)),
			spanOf(longer-both, read(readHours > writeHours), write(writeHours > readHours)),
			spanOf(vectorHours-longer, read(false), write(false)),
		},
	}
	if in.RRU > 0 {
		m.spans = []span{spanOf(vectorHours, in.RRU/vectorHours/3600, in.WRU/vectorHours/3600)}
	}
	return m
}

// spanOf is hours whose capacity is what their demand asks for at full utilisation.
func spanOf(hours, read, write float64) span {
	s := span{hours: hours, use: [directions]float64{read, write}}
	for policy := range policies {
		s.held[policy] = [directions]float64{capacity(read, 1), capacity(write, 1)}
	}
	return s
}

// bill prices a vector's month, repeated over a year, under one offer: at full utilisation and
// without people, as the published figures are.
func (v *vector) bill(t *testing.T, name string) (lines map[string]float64, byMonth []float64) {
	t.Helper()
	c := &costmodel.Config{GB: "GiB"}
	c.DynamoDB.Utilisation = 1
	p := &costmodel.Portfolio{Region: "us-east-1", Months: 12, Config: c, Tables: []costmodel.Table{{Load: demand.Flat()}}}
	for _, o := range Offers(price.Default()) {
		if o.Name() != name {
			continue
		}
		year := make([]month, p.Months)
		for m := range year {
			year[m] = v.month()
		}
		*o.outlook = outlook{of: p, out: year}
		b := o.Price(p)
		if b.Status != "priced" {
			t.Fatalf("%s: %s: %s", v.ID, b.Status, b.Reason)
		}
		lines = map[string]float64{}
		for _, l := range b.Lines {
			lines[l.Name] += l.Amount.Value
		}
		return lines, b.ByMonth
	}
	t.Fatalf("no offer is called %s", name)
	return nil, nil
}

// TestVectors asserts the published bills.
func TestVectors(t *testing.T) {
	text, err := os.ReadFile("../testdata/vectors.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []yaml.Node }
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	asserted := 0
	for i := range file.Vectors {
		var head struct{ ID, Kind string }
		if err := file.Vectors[i].Decode(&head); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(head.Kind, "bill_") && head.Kind != "units_global_tables" {
			continue
		}
		var v vector
		if err := file.Vectors[i].Decode(&v); err != nil {
			t.Fatal(err)
		}
		asserted++
		for key, want := range v.Expect {
			got := v.got(t, key)
			t.Logf("| %-4s | %-42s | %16.10g | %16.10g | %+10.3g | %s", v.ID, key, want, got, got-want, v.Source)
			if math.Abs(got-want) > v.Tolerance[key] {
				t.Errorf("%s %s: %.2f, want %v within %v (%s)", v.ID, key, got, want, v.Tolerance[key], v.Source)
			}
		}
	}
	if asserted != 11 {
		t.Errorf("%d vectors asserted, want 11", asserted)
	}
}

// got returns what this package makes of one of a vector's figures.
func (v *vector) got(t *testing.T, key string) float64 {
	t.Helper()
	switch v.Kind {
	case "bill_dax":
		return v.dax(t)
	case "units_global_tables":
		return v.globalTable(t)[key]
	}
	offer := map[string]string{
		"bill_ondemand": "dynamodb-on-demand", "bill_provisioned": "dynamodb-provisioned",
		"bill_reserved_1y": "dynamodb-reserved-1y", "bill_reserved_1y_8KB_ec": "dynamodb-reserved-1y",
	}[v.Kind]
	if v.Kind == "bill_three_modes" {
		offer = map[string]string{
			"ondemand_usd_month": "dynamodb-on-demand", "provisioned_usd_month": "dynamodb-provisioned",
			"reserved_usd_month_upfront_amortised_12": "dynamodb-reserved-1y",
		}[key]
	}
	lines, byMonth := v.bill(t, offer)
	upfront := lines["upfront-rcu-1"] + lines["upfront-wcu-1"]
	switch key {
	case "reads", "writes", "storage":
		return lines[key]
	case "upfront_usd":
		return upfront
	case "year_one_usd":
		return sum(byMonth)
	case "reserved_usd_month_upfront_amortised_12":
		return sum(byMonth) / 12
	case "total_usd_month", "month_usd", "ondemand_usd_month", "provisioned_usd_month":
		return byMonth[0] - upfront
	}
	t.Errorf("%s: no test asserts %s", v.ID, key)
	return math.NaN()
}

func sum(list []float64) float64 {
	s := 0.0
	for _, x := range list {
		s += x
	}
	return s
}

// dax is the vector's clusters at the prices that it gives.
func (v *vector) dax(t *testing.T) float64 {
	t.Helper()
	month := 0.0
	for _, n := range v.Inputs.Nodes {
		p := portfolio(1, 1, 12)
		p.Config.DynamoDB.DAX = &costmodel.DAXConfig{Node: "vector", Nodes: int(n[0])}
		one, _ := price.Default().Find("us-east-1", "dax.r5.large")
		one.Key, one.Value = "dax.vector", decimal.NewFromFloat(n[1])
		month += lineOf(t, offer(t, price.Default().With(one), "dynamodb-on-demand").Price(p), lineDAX).Amount.Value
	}
	return month
}

// globalTable is the units of the vector's days: a month that asks for a day's writes, in as many
// regions as the table then had.
func (v *vector) globalTable(t *testing.T) map[string]float64 {
	t.Helper()
	got := map[string]float64{}
	for _, day := range v.Inputs.Days {
		p := portfolio(day.Writes/(vectorHours*3600), 1, 12)
		x := &p.Tables[0]
		each := units.Write(day.ItemB, false)
		x.ReadUnits, x.WriteUnits = leaf(0, "units"), leaf(each, "units")
		if day.GSIAll {
			x.IndexCount, x.IndexBytes, x.IndexWrites = 1, leaf(float64(day.ItemB), "bytes"), leaf(each, "units")
			x.WriteUnits = leaf(2*each, "units")
		}
		if day.Replicas > 1 {
			p.Config.DynamoDB.Replicas = make([]costmodel.Region, day.Replicas-1)
			for i := range p.Config.DynamoDB.Replicas {
				p.Config.DynamoDB.Replicas[i] = "us-east-1"
			}
		}
		for _, l := range offer(t, price.Default(), "dynamodb-on-demand").Price(p).Lines {
			switch {
			case l.Name == lineWrites && day.Replicas > 1, strings.HasPrefix(l.Name, "replicated-writes"):
				got["rWRU"] += l.Quantity.Value
			case l.Name == lineWrites, strings.HasPrefix(l.Name, "index-writes"):
				got["WRU"] += l.Quantity.Value
			}
		}
	}
	for k, n := range got {
		got[k] = math.Round(n*1e6) / 1e6
	}
	return got
}
