package report

import (
	"fmt"
	"math"
	"testing"

	"crossover/costmodel/tco"
	"crossover/results/figure"
)

func priceOf(value float64, unit, confidence string) figure.Figure {
	f := figure.New(value, unit, figure.Price, "AWS price list, us-east-1")
	f.Date, f.Confidence = "2026-02-01", confidence
	return f
}

// line is a bill's line: quantity times price.
func line(name, title string, quantity, price figure.Figure, unit string) tco.Line {
	amount := math.Round(100*quantity.Value*price.Value) / 100
	return tco.Line{
		Name: name, Title: title, Quantity: quantity, Price: price,
		Amount: figure.Derive(amount, unit, "quantity × price", figure.In("quantity", quantity), figure.In("price", price)),
	}
}

// offer sums lines up over the horizon.
func offer(system, name, title string, months int, lines ...tco.Line) tco.Offer {
	o := tco.Offer{Name: name, System: system, Title: title, Status: "priced", Lines: lines}
	var monthly, once, soft float64
	var inputs []figure.Input
	for _, l := range lines {
		inputs = append(inputs, figure.In(l.Title, l.Amount))
		switch {
		case l.Once:
			once += l.Amount.Value
		default:
			monthly += l.Amount.Value
		}
		if l.Soft {
			soft += l.Amount.Value
		}
	}
	m := float64(months)
	o.Monthly = figure.Derive(monthly, "USD/month", "sum of the lines", inputs...)
	o.Total = figure.Derive(monthly*m+once, "USD", "months × first month + once", inputs...)
	o.TotalHard = figure.Derive((monthly-soft)*m+once, "USD", "without people", inputs...)
	return o
}

func people(hours float64) tco.Line {
	l := line("people", "Engineers' time", figure.New(hours, "h/month", figure.Assumed, "default"), figure.New(100, "USD/h", figure.Assumed, "default"), "USD/month")
	l.Soft = true
	return l
}

func dynamoOffers(load float64, basis figure.Basis) []tco.Offer {
	units := func(perOp float64, name string) figure.Figure {
		ops := figure.New(load, "operations/s", figure.Assumed, "cost.demand.mean")
		per := figure.New(perOp, "units/operation", basis, "run 20260304T093000-dynamodb on dynamodb")
		return figure.Derive(load*perOp*2.628, "million units/month", "operations/s × units × 2.628 million seconds", figure.In("load", ops), figure.In(name, per))
	}
	storage := line("storage", "Storage", figure.New(93.1, "GB", figure.Assumed, "cost.items × mean item"), priceOf(0.25, "USD/GB-month", "high"), "USD/month")
	reserved := line("upfront", "Reserved capacity, paid upfront", figure.New(12, "blocks of 100 units", figure.Assumed, "plan"), priceOf(150, "USD/block", "medium"), "USD")
	reserved.Once = true
	return []tco.Offer{
		offer("dynamodb", "dynamodb-reserved-1y", "Provisioned, auto scaling, reserved for 1 year", 36,
			line("write_units", "Write capacity", units(0.35, "write units"), priceOf(0.31, "USD/million units", "medium"), "USD/month"),
			line("read_units", "Read capacity", units(0.45, "read units"), priceOf(0.062, "USD/million units", "medium"), "USD/month"), storage, reserved, people(4)),
		offer("dynamodb", "dynamodb-on-demand", "On demand", 36,
			line("write_units", "Write request units", units(0.4, "write units"), priceOf(0.625, "USD/million units", "high"), "USD/month"),
			line("read_units", "Read request units", units(0.45, "read units"), priceOf(0.125, "USD/million units", "high"), "USD/month"), storage, people(4)),
	}
}

func aerospikeOffers(nodes float64) []tco.Offer {
	var out []tco.Offer
	for i, instance := range []string{"i4i.xlarge", "i4i.2xlarge", "i3en.2xlarge"} {
		rate := figure.New(52_000/float64(i+1), "operations/s", figure.Assumed, "default: 29 µs of server CPU per request")
		countOf := func(n float64, formula string) figure.Figure {
			return figure.Derive(n, "nodes", formula, figure.In("operations/s per node", rate))
		}
		n := countOf(nodes, "largest of the constraints")
		o := offer("aerospike", "aerospike-ce-"+instance, "Community Edition on "+instance+", savings plan for 3 years", 36,
			line("instances", "Instances", n, priceOf(112.5*float64(i+1), "USD/month", "high"), "USD/month"),
			line("cross_az", "Traffic between zones", figure.New(1210, "GB/month", figure.Assumed, "cross_az 67 %"), priceOf(0.02, "USD/GB", "high"), "USD/month"),
			people(40), migration())
		o.Nodes = &tco.Nodes{Instance: instance, Count: n, Constraints: []tco.Constraint{
			{Name: "device_capacity", Title: "device capacity", Nodes: countOf(2, "replicated bytes / (device bytes × 50 %)")},
			{Name: "cpu", Title: "CPU at the peak", Nodes: countOf(nodes-1, "peak operations/s × CPU per operation / (cores × 50 %)")},
			{Name: "loss_of_node", Title: "loss of a node at the peak", Nodes: countOf(nodes, "CPU at the peak + spare nodes"), Binding: true},
		}}
		out = append(out, o)
	}
	return out
}

func migration() tco.Line {
	l := line("migration", "Migration and double running", figure.New(480, "h", figure.Assumed, "default"), figure.New(100, "USD/h", figure.Assumed, "default"), "USD")
	l.Once = true
	return l
}

// costResult is a whole result for a mean load in operations/s.
func costResult(load, nodes float64, basis figure.Basis) *tco.Result {
	c := &tco.Result{
		Format: 1, Tool: "v0.1.0", Scenario: "hot-key-demo", Region: "us-east-1", Horizon: 36,
		BookDigest: "sha256:1122334455667788990011223344556677889900aabbccddeeff001122334455", BookDate: "2026-02-01",
		Demand: []tco.Named{
			{Name: "mean_ops", Title: "Mean load", Figure: figure.New(load, "operations/s", figure.Assumed, "cost.demand.mean")},
			{Name: "item_bytes", Title: "Mean item", Figure: figure.New(1433.6, "bytes", basis, "run 20260304T093000-dynamodb on dynamodb")},
			{Name: "growth", Title: "Growth", Figure: figure.New(0.4, "share/year", figure.Assumed, "cost.demand.growth")},
		},
		Runs: []tco.RunRef{{Run: "20260304T093000-dynamodb", Target: "dynamodb", Kind: map[bool]string{true: "real", false: "embedded"}[basis == figure.Measured], Used: []string{"read units per read", "write units per update"}}},
		Assumptions: []tco.Assumption{
			{Name: "aerospike.cpu_per_op", Title: "server CPU time of one request", Figure: figure.New(29, "µs", figure.Assumed, "default: seen on Community Edition 8.1 with 1 KB records")},
			{Name: "aerospike.max_device_use", Title: "share of device capacity in use", Figure: figure.New(0.5, "share", figure.Assumed, "default")},
		},
	}
	c.Offers = append(c.Offers, dynamoOffers(load, basis)...)
	c.Offers = append(c.Offers, aerospikeOffers(nodes)...)
	c.Offers = append(
		c.Offers,
		tco.Offer{Name: "aerospike-ee", System: "aerospike", Title: "Enterprise Edition on i4i.xlarge", Status: "not priced", Reason: "no public list price of the licence; give cost.aerospike.licence_usd_per_unique_tb_year"},
		tco.Offer{Name: "dynamodb-free", System: "dynamodb", Title: "Free tier", Status: "excluded", Reason: "the demand is above it"},
	)
	c.Offers[0].Warnings = []string{"reserved prices are of medium confidence"}
	crossing := 3_400.0
	for l := 100.0; l < 200_000; l *= 1.3 {
		point := tco.CurvePoint{
			Load:    figure.New(l, "operations/s", figure.Assumed, "scaled"),
			Monthly: map[string]figure.Figure{}, Offer: map[string]string{"dynamodb": "dynamodb-on-demand", "aerospike": "aerospike-ce-i4i.xlarge"},
		}
		point.Monthly["dynamodb"] = figure.New(40+1.31*l, "USD/month", figure.Modelled, "model")
		point.Monthly["aerospike"] = figure.New(4_494+112.5*math.Ceil(l/20_000), "USD/month", figure.Assumed, "model")
		c.Curve = append(c.Curve, point)
	}
	c.Crossover = tco.Crossover{
		Found:   true,
		Points:  []tco.Named{{Name: "crossing", Title: "Aerospike becomes the cheaper one at", Figure: figure.Derive(crossing, "operations/s", "where the curves meet", figure.In("cpu_per_op", c.Assumptions[0].Figure))}},
		Regions: []tco.Region{{From: 0, To: crossing, System: "dynamodb"}, {From: crossing, System: "aerospike"}},
		Note:    "Items, peak and throughput were scaled with the mean load.",
	}
	return c
}

// stay is a result for a small workload, with its verdict.
func stay(basis figure.Basis) *tco.Result {
	c := costResult(900, 3, basis)
	saving := figure.Derive(-112_430, "USD", "DynamoDB's total − Aerospike's total", figure.In("dynamodb", c.Offers[0].Total), figure.In("aerospike", c.Offers[2].Total))
	hard := figure.Derive(18_210, "USD", "without people", figure.In("dynamodb", c.Offers[0].TotalHard), figure.In("aerospike", c.Offers[2].TotalHard))
	c.Verdict = tco.Verdict{
		Decision: tco.Stay, Sentence: "Stay on DynamoDB: over 36 months its cheapest offer costs less than the cheapest Aerospike cluster.",
		Basis:  "modelled and assumed: no run on a real target",
		Saving: &saving, SavingHard: &hard,
		Because:     []string{"At 900 operations/s three nodes stand mostly idle.", "People's time decides it: without it the order changes."},
		MeasureNext: []string{"Operations/s per node on a real cluster with this workload."},
	}
	return c
}

// migrate is a result for a large workload, measured.
func migrate() *tco.Result {
	c := costResult(60_000, 6, figure.Measured)
	saving := figure.Derive(2_412_870, "USD", "DynamoDB's total − Aerospike's total", figure.In("dynamodb", c.Offers[0].Total), figure.In("aerospike", c.Offers[2].Total))
	sure := figure.New(0.97, "share", figure.Modelled, "2,000 draws from the assumptions' ranges")
	c.Verdict = tco.Verdict{
		Decision: tco.Migrate, Sentence: "Migrate: over 36 months the cheapest Aerospike cluster costs less than DynamoDB's cheapest offer.",
		Basis: "units measured on DynamoDB; node rate assumed", Saving: &saving, Probability: &sure,
		Because: []string{"DynamoDB's request units are 91 % of its bill and grow with the load."},
	}
	analysed(c)
	return c
}

// analysed adds what is worked out from the offers.
func analysed(c *tco.Result) {
	usd := func(v float64) figure.Figure { return figure.New(v, "USD", figure.Modelled, "test") }
	at := func(v float64) *figure.Figure { f := usd(v); return &f }
	share := func(v float64) figure.Figure { return figure.New(v, "share", figure.Assumed, "test") }
	spread := func(v float64) tco.Spread { return tco.Spread{P10: usd(0.8 * v), P50: usd(v), P90: usd(1.3 * v)} }
	saving := spread(2_300_000)
	c.Uncertainty = &tco.Uncertainty{
		Draws: 10_000, Note: "10,000 draws with a fixed seed.", Saving: &saving,
		Systems: map[string]tco.Spread{"dynamodb": spread(3_000_000), "aerospike": spread(700_000)},
		Tornado: []tco.Bar{
			{Name: "aerospike.device_rate", Title: "the devices' rates", Low: share(0.7), High: share(1.1), AtHigh: at(2_420_000), ChangesIt: true},
			{Name: "demand.growth", Title: "growth of load and items a year", Low: share(0.3), High: share(0.5), AtLow: at(1_900_000), AtHigh: at(2_900_000)},
			{Name: "aerospike.max_cpu", Title: "CPU use at the peak", Low: share(0.35), High: share(0.7), AtLow: at(2_380_000), AtHigh: at(2_450_000)},
		},
		Information: []tco.Named{{Name: "demand.growth", Title: "growth of load and items a year", Figure: usd(1_234.56)}},
	}
	f := &tco.CashFlow{
		Offer:   map[string]string{"dynamodb": c.Offers[0].Name, "aerospike": c.Offers[2].Name},
		ByMonth: map[string][]float64{}, Basis: "as offers/…/total", Present: map[string]figure.Figure{"dynamodb": usd(2_600_000), "aerospike": usd(600_000)},
		Saving: at(2_000_000), Investment: at(48_000), PaybackNote: "A migration has paid for itself by the end of month 2 of 36; not discounted.",
	}
	for m := range c.Horizon {
		f.ByMonth["dynamodb"] = append(f.ByMonth["dynamodb"], 78_000+500*float64(m))
		f.ByMonth["aerospike"] = append(f.ByMonth["aerospike"], 17_000)
	}
	f.ByMonth["aerospike"][0] += 126_000
	c.CashFlow = f
	c.Fixes = &tco.Fixes{Today: c.Offers[1].Name, Note: "Each by itself.", List: []tco.Fix{
		{Name: c.Offers[0].Name, Title: "change to " + c.Offers[0].Title, Saving: usd(640_000)},
		{Name: "cache", Title: "a DAX cluster of 3 × r5.large in front", Saving: usd(120_000), Note: "The share of hits is assumed."},
	}}
	licence := figure.New(41_500, "USD/TB-year", figure.Assumed, "search")
	c.BreakEven = []tco.BreakEven{
		{Name: "dynamodb-discount", Title: "private discount on DynamoDB at which it would cost as little as Aerospike", Note: "No discount up to 99 % does it."},
		{Name: "licence", Title: "licence of Aerospike Enterprise Edition up to which it costs no more than DynamoDB", Figure: &licence, Note: "Per TB of unique data."},
	}
	c.Plane = &tco.Plane{Note: "Load and items are scaled apart."}
	for i := range 5 {
		row := tco.PlaneRow{Data: figure.New(math.Pow(10, float64(9+i)), "bytes", figure.Assumed, "a row of the plane"), Lowest: "dynamodb"}
		row.Changes = append(row.Changes, figure.New(3_400*math.Pow(1.4, float64(i)), "operations/s", figure.Assumed, "search"))
		row.Unpriced = append(row.Unpriced, "")
		if i < 3 {
			row.Changes, row.Unpriced = append(row.Changes, figure.New(2e6, "operations/s", figure.Assumed, "search")), append(row.Unpriced, "aerospike")
		}
		c.Plane.Rows = append(c.Plane.Rows, row)
	}
}

// undetermined is a result whose verdict hangs on one assumption.
func undetermined() *tco.Result {
	c := costResult(3_500, 3, figure.Modelled)
	now := c.Assumptions[0].Figure
	at := figure.Derive(34, "µs", "where the totals are equal", figure.In("cpu_per_op", now))
	c.Verdict = tco.Verdict{
		Decision: tco.Undetermined, Sentence: "The totals differ by less than the assumptions allow to tell.",
		Basis: "modelled and assumed: no run on a real target", Because: []string{"The totals are within 3 % of each other."},
		MeasureNext: []string{"Server CPU time per request on i4i.xlarge.", "The price of reserved capacity as offered to you."},
		Flip:        &tco.Flip{Name: "server CPU time of one request (aerospike.cpu_per_op)", Now: now, At: at, Note: "Measure it on the instance type that you would buy."},
	}
	c.Warnings = []string{"The price of reserved capacity is of medium confidence and alone could change the verdict."}
	return c
}

// manyOffers gives each system n priced offers.
func manyOffers(n int) *tco.Result {
	c := stay(figure.Modelled)
	dynamo, aero := c.Offers[1], c.Offers[2]
	c.Offers = nil
	for i := range n {
		for _, o := range []tco.Offer{dynamo, aero} {
			o.Name = fmt.Sprintf("%s-%d", o.Name, i)
			o.Title = fmt.Sprintf("%s, variant %d", o.Title, i)
			c.Offers = append(c.Offers, o)
		}
	}
	return c
}

// The figures that the tests make are as complete as the cost model's have to be.
func TestFixturesAreValid(t *testing.T) {
	for _, c := range []*tco.Result{stay(figure.Modelled), migrate(), undetermined()} {
		for _, o := range c.Offers {
			if o.Status != "priced" {
				continue
			}
			for _, f := range []figure.Figure{o.Monthly, o.Total, o.TotalHard} {
				check(t, f.Valid())
			}
			for _, l := range o.Lines {
				check(t, l.Amount.Valid())
			}
		}
		for _, p := range c.Crossover.Points {
			check(t, p.Figure.Valid())
		}
	}
}

// That nobody else could be priced is not the same as costing less.
func TestRegionSentence(t *testing.T) {
	c := stay(figure.Modelled)
	for i := range c.Curve {
		if c.Curve[i].Load.Value > 10_000 {
			delete(c.Curve[i].Monthly, "aerospike")
		}
	}
	for _, x := range []struct {
		region tco.Region
		want   string
	}{
		{tco.Region{System: "dynamodb", To: 3400}, "Below 3,400 operations/s DynamoDB's cheapest offer costs less than the other's."},
		{tco.Region{System: "aerospike", From: 3400, To: 9000}, "From 3,400 to 9,000 operations/s Aerospike's cheapest offer costs less than the other's."},
		{tco.Region{System: "dynamodb", From: 10_001}, "From 10,001 operations/s on only DynamoDB has an offer that can be priced."},
		{tco.Region{System: "dynamodb"}, "At every load priced DynamoDB's cheapest offer costs less than the other's."},
		{tco.Region{From: 5e6}, "From 5,000,000 operations/s on no offer can be priced."},
	} {
		if got := regionSentence(c, x.region); got != x.want {
			t.Errorf("%+v: %q", x.region, got)
		}
	}
}

// Each price is listed once, with its source, and a doubtful one stands out.
func TestPrices(t *testing.T) {
	blocks := priceBlocks(stay(figure.Modelled))
	if len(blocks) != 2 || blocks[1].Fold == nil {
		t.Fatalf("%d blocks", len(blocks))
	}
	names := map[string]int{}
	medium := 0
	for _, row := range append(blocks[0].Table.Rows, blocks[1].Fold.Blocks[0].Table.Rows...) {
		names[row[0].Text+" "+row[1].Text]++
		if row[2].Strong {
			medium++
		}
		if row[3].Text == "" || row[4].Text == "" {
			t.Errorf("without source or date: %+v", row)
		}
	}
	if names["Storage $0.25 / GB-month"] != 1 || names["Write request units $0.625 / million units"] != 1 || medium != 3 {
		t.Errorf("%v, %d of medium confidence", names, medium)
	}
}

// A verdict's word is not said twice, and a share of draws names the system it is about.
func TestVerdictWords(t *testing.T) {
	v := verdictBlock(tco.Verdict{Decision: tco.Undetermined, Sentence: "Undetermined: no offer of Aerospike could be priced."})
	if v.Sentence != "No offer of Aerospike could be priced." {
		t.Errorf("%q", v.Sentence)
	}
	c := migrate()
	all := headlines(c)
	if last := all[len(all)-1]; last.Label != "Share of draws in which Aerospike is the cheaper one" || last.Value.Text != "97 %" {
		t.Errorf("%+v", last)
	}
	c.Verdict.Saving.Value = -1
	all = headlines(c)
	if last := all[len(all)-1]; last.Label != "Share of draws in which DynamoDB is the cheaper one" {
		t.Errorf("%+v", last)
	}
	if all[2].Label != "Aerospike costs more, over 36 months, by" || all[2].Value.Text != "$1.00" {
		t.Errorf("%+v", all[2])
	}
}
