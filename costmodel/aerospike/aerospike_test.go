package aerospike

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"crossover/costmodel"
	"crossover/costmodel/catalogue"
	"crossover/costmodel/demand"
	"crossover/costmodel/price"
	"crossover/results/figure"
)

func leaf(v float64, unit string) figure.Figure {
	return figure.New(v, unit, figure.Assumed, "test")
}

// defaults are the cost section's.
func defaults() costmodel.AerospikeConfig {
	return costmodel.AerospikeConfig{
		Replication: 2, CPUPerOp: 29 * time.Microsecond, CPUPerReplica: 29 * time.Microsecond, CPUPerRecord: 5 * time.Microsecond,
		MaxCPU: 0.5, MaxDeviceUse: 0.5, MaxDeviceRate: 0.6, DeviceRate: 1, DefragLWM: 0.5, MaxRAM: 0.6, MaxNetwork: 0.5,
		MinNodes: 3, SpareNodes: 1, LicenceUSD: -1, WireBytes: 200, Backups: 7, CrossAZ: 0.67,
	}
}

// portfolio is one table of so many mean operations/s, half of them reads and half writes of
// 1,024-byte records, and so many items; the day is flat.
func portfolio(ops, items float64, months int) *costmodel.Portfolio {
	c := &costmodel.Config{GB: "GiB", Aerospike: defaults()}
	t := costmodel.Table{
		Name: "t", MeanOps: leaf(ops, "operations/s"), Load: demand.Flat(), Growth: leaf(0, "share"),
		Items: leaf(items, "items"), ItemBytes: leaf(1000, "bytes"), Record: leaf(1024, "bytes"),
		DevReads: leaf(0.5, "records"), DevWrites: leaf(0.5, "records"), Requests: leaf(1, "requests"),
		Everywhere: leaf(0, "requests"), Records: leaf(0, "records"), WriteShare: leaf(0.5, "share"),
	}
	return &costmodel.Portfolio{Region: "us-east-1", Months: months, Config: c, Tables: []costmodel.Table{t}}
}

func instance(t testing.TB, name string) catalogue.Instance {
	t.Helper()
	in, err := catalogue.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func offers(t testing.TB, p *costmodel.Portfolio) []*Offer {
	t.Helper()
	list, err := Offers(price.Default(), p.Region, &p.Config.Aerospike)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func offer(t testing.TB, p *costmodel.Portfolio, name string) *Offer {
	t.Helper()
	for _, o := range offers(t, p) {
		if o.Name() == name {
			return o
		}
	}
	t.Fatalf("no offer is called %s", name)
	return nil
}

// TestNeeds works every constraint out by hand for an i4i.large: 2 vCPUs, 16 GiB, 468 GB,
// 50,000 reads/s, 378 MB/s read, 280 MB/s written, 0.781 Gbit/s. 100,000 operations/s, half of
// them writes, 300 million items of 1,024 bytes on the device, two copies.
func TestNeeds(t *testing.T) {
	p := portfolio(100_000, 300e6, 1)
	s := plan{instance: instance(t, "i4i.large"), copies: 2, community: true}
	needs, err := s.needs(&p.Config.Aerospike, loadOf(p, 0, true))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{
		// 300e6 × 1,024 × 2 = 614.4 GB over 468 GB × 50 %.
		"device_capacity": 614.4 / 234,
		// 300e6 × 2 × 64 B = 38.4 GB over 16 GiB × 60 % = 10.307921510 GB.
		"ram_index": 38.4 / 10.3079215104,
		// 50,000 reads/s over 50,000 × 60 % = 1.667 nodes. In bytes: 50,000 × 1,024 = 51.2 MB/s and
		// as much as defragmentation writes again, 50,000 × 1,024 × 2 copies = 102.4 MB/s, together
		// 153.6 over 378 × 60 % = 226.8: 0.677. The larger.
		"device_reads": 50_000.0 / 30_000,
		// 50,000 × 1,024 × 2 copies × 2 for defragmentation = 204.8 MB/s over 280 × 60 % = 168.
		"device_writes": 204.8 / 168,
		// 100,000 × 29 µs + 50,000 × 29 µs for the replicas = 4.35 CPUs over 2 × 50 % = 1.
		"cpu": 4.35,
		// Out: 50,000 × 1,024 read, as much to replicas, and 150,000 × 200 of overhead = 132.4 MB/s;
		// in: 50,000 × 1,024 × 2 and the overhead, the same; over 97.625 MB/s × 50 %.
		"network":     132.4 / 48.8125,
		"replication": 2,
	}
	for _, n := range needs {
		if math.Abs(n.nodes-want[n.name]) > 1e-6 {
			t.Errorf("%s: %v nodes, want %v", n.name, n.nodes, want[n.name])
		}
		delete(want, n.name)
	}
	if len(want) > 0 {
		t.Errorf("no constraints %v", want)
	}
	// CPU binds: 4.35 nodes are 5, and one may be lost.
	z, err := s.size(&p.Config.Aerospike, loadOf(p, 0, true))
	if err != nil || z.count != 6 || z.binding != "cpu" {
		t.Errorf("size: %d nodes, %s binds, %v; want 6, cpu", z.count, z.binding, err)
	}
	// Over three zones of which one may be lost: with three copies 5.8 CPUs, 6 nodes in two zones.
	s.copies, s.byZone = 3, true
	if z, err := s.size(&p.Config.Aerospike, loadOf(p, 0, true)); err != nil || z.count != 9 || z.binding != "cpu" {
		t.Errorf("by zone: %d nodes, %s binds, %v; want 9, cpu", z.count, z.binding, err)
	}
}

func TestLargeRecordsReadMoreBlocks(t *testing.T) {
	p := portfolio(1000, 1000, 1)
	p.Tables[0].Record = leaf(10_000, "bytes")
	l := loadOf(p, 0, true)
	// 10,000 bytes are 20 sectors, 10,240 bytes, 2.5 reads of 4 KiB; 500 reads/s.
	if l.readBytes != 500*10_240 || l.readBlocks != 500*2.5 {
		t.Errorf("%v bytes/s, %v blocks/s", l.readBytes, l.readBlocks)
	}
}

func TestFanOut(t *testing.T) {
	p := portfolio(10_000, 1000, 1)
	p.Tables[0].Requests = leaf(0.9, "requests")
	p.Tables[0].Everywhere = leaf(0.1, "requests")
	p.Tables[0].Records = leaf(5, "records")
	s := plan{instance: instance(t, "i4i.large"), copies: 2}
	needs, err := s.needs(&p.Config.Aerospike, loadOf(p, 0, true))
	if err != nil {
		t.Fatal(err)
	}
	// 9,000 × 29 µs + 50,000 records × 5 µs + 5,000 × 29 µs = 0.656 CPUs to share out; 1,000
	// queries/s × 29 µs = 0.029 CPUs on every node, out of 1 that may be used.
	for _, n := range needs {
		if want := 0.656 / 0.971; n.name == "cpu" && math.Abs(n.nodes-want) > 1e-9 {
			t.Errorf("cpu: %v nodes, want %v", n.nodes, want)
		}
	}
	p = portfolio(400_000, 1000, 1)
	p.Tables[0].Everywhere = leaf(0.1, "requests") // 40,000 queries/s are 1.16 CPUs of each node
	if b := offer(t, p, "aerospike-ce-i4i.large").Price(p); b.Status != "excluded" || !strings.Contains(b.Reason, "however many nodes there are") {
		t.Errorf("queries beyond any cluster: %s %s", b.Status, b.Reason)
	}
}

func TestCommunityLimits(t *testing.T) {
	// i3en.24xlarge has 60 TB; Community Edition may configure 2 × 2 copies × 640 GiB of it.
	big := plan{instance: instance(t, "i3en.24xlarge"), copies: 2, community: true}
	if got := big.capacityBytes(); got != 4*640*(1<<30) {
		t.Errorf("%v bytes", got)
	}
	big.community = false
	if got := big.capacityBytes(); got != 60e12 {
		t.Errorf("Enterprise: %v bytes", got)
	}
	// 8 nodes of which one may be lost hold 7 × 1.37439 TB × 50 % of two copies of 1,024 bytes:
	// 4.697 × 10^9 items, rounded down.
	fits := portfolio(1000, 4.69e9, 1)
	name := "aerospike-ce-i3en.12xlarge"
	if b := offer(t, fits, name).Price(fits); b.Status != "priced" || b.Nodes.Count.Value != 8 {
		t.Errorf("8 nodes: %s %s %+v", b.Status, b.Reason, b.Nodes)
	}
	over := portfolio(1000, 4.71e9, 1)
	if b := offer(t, over, name).Price(over); b.Status != "excluded" || !strings.Contains(b.Reason, "9, at most 8 (device_capacity binds)") {
		t.Errorf("9 nodes: %s %s", b.Status, b.Reason)
	}
	// The month in which growth passes the limit is named.
	grows := portfolio(1000, 4.6e9, 36)
	grows.Tables[0].Growth = leaf(0.1, "share")
	if b := offer(t, grows, name).Price(grows); b.Status != "excluded" || !strings.Contains(b.Reason, "month 4:") {
		// 4.6e9 × 1.1^(m/12) passes 4.698e9 at m = 12 × ln(1.0213)/ln(1.1) = 2.65: the 4th month.
		t.Errorf("growth: %s %s", b.Status, b.Reason)
	}
}

// TestLines works the bill of 6 i4i.large out by hand; the load is TestNeeds's.
func TestLines(t *testing.T) {
	p := portfolio(100_000, 300e6, 36)
	p.Config.People = costmodel.PeopleConfig{USDPerHour: 100, DynamoDBHours: 4, AerospikeHours: 40, MigrationHours: 480}
	p.Config.DynamoDB.PITR = true
	p.Config.Aerospike.LicenceUSD = 5000
	p.Config.Aerospike.Discount = 0.05
	for _, c := range []struct {
		offer, line string
		amount      float64
	}{
		// 6 × 730 h × $0.172 = $753.36; 5 % off is $37.668.
		{"aerospike-ce-i4i.large", "instances", 753.36},
		{"aerospike-ce-i4i.large", "discount", -37.67},
		// Clients: 50,000 × 1,024 × 2 and 100,000 × 200 = 122.4 MB/s; × 2,628,000 s = 321.6672 TB;
		// × 67 % × 2 directions = 431.034 TB = 401,431.92 GiB; × $0.01 = $4,014.32.
		{"aerospike-ce-i4i.large", "cross-az-clients", 4014.32},
		// Replicas: 50,000 × 1,224 = 61.2 MB/s: exactly half of that, $2,007.16.
		{"aerospike-ce-i4i.large", "cross-az-replicas", 2007.16},
		// Three copies, each in its zone: 2 × 61.2 MB/s × 2,628,000 × 2 = 643.3344 TB = 599,151.9 GiB.
		{"aerospike-ee-i4i.large-rf3-3az", "cross-az-replicas", 5991.52},
		{"aerospike-ee-i4i.large-rf3-3az", "instances", 1130.04},
		// 7 × 300e6 × 1,024 B = 2,002.716 GiB × $0.023.
		{"aerospike-ce-i4i.large", "backups", 46.06},
		// 300e6 × 1,024 B = 0.3072 TB × $5,000 / 12.
		{"aerospike-ee-i4i.large", "licence", 128},
		{"aerospike-ce-i4i.large", "people", 4000},
		{"aerospike-ce-i4i.large", "migration", 48_000},
		// 3 i3en.xlarge would need 4 vCPUs each: 4.35 / 2 → 3, and one more: 4 × 730 × $0.452 × 0.6814.
		{"aerospike-ce-i3en.xlarge-1y", "instances-committed", 899.34},
		{"aerospike-ce-i3en.xlarge-1y", "instances", 0},
	} {
		b := offer(t, p, c.offer).Price(p)
		found := false
		for _, l := range b.Lines {
			if l.Name == c.line {
				found = true
				if math.Abs(l.Amount.Value-c.amount) > 0.005 {
					t.Errorf("%s %s: $%v, want $%v", c.offer, c.line, l.Amount.Value, c.amount)
				}
			}
		}
		if !found {
			t.Errorf("%s: no line %s (%s %s)", c.offer, c.line, b.Status, b.Reason)
		}
	}
}

// TestGrowth: nodes are added in the month that needs them; a commitment covers those that there
// were when its term began.
func TestGrowth(t *testing.T) {
	p := portfolio(100_000, 1e6, 24)
	p.Tables[0].Growth = leaf(1, "share")
	l, _, err := offer(t, p, "aerospike-ce-i3en.2xlarge-1y").ledger(p)
	if err != nil {
		t.Fatal(err)
	}
	// 8 vCPUs at 50 % carry 4 CPUs; 4.35 × 2^(m/12) CPUs need 2 nodes until 8 CPUs (m = 10.55),
	// 3 until 12 (m = 17.56), 4 until 16 (m = 22.55), then 5; and one more throughout.
	for m, n := range l.counts {
		want := 3
		switch {
		case m > 22:
			want = 6
		case m > 17:
			want = 5
		case m > 10:
			want = 4
		}
		if n != want {
			t.Errorf("month %d: %d nodes, want %d", m+1, n, want)
		}
	}
	all, _ := l.Ledger.Sums()
	if all[12] <= all[0] || all[23] <= all[12] {
		t.Errorf("the bill does not grow with the nodes: %v", all)
	}
	b := offer(t, p, "aerospike-ce-i3en.2xlarge-1y").Price(p)
	if !strings.Contains(b.Nodes.Count.Note, "6 nodes in month 24") {
		t.Errorf("note on the count: %q", b.Nodes.Count.Note)
	}
}

func TestWhatIsLeftOut(t *testing.T) {
	p := portfolio(100, 1000, 36)
	statuses := map[string]string{}
	for _, o := range offers(t, p) {
		b := o.Price(p)
		statuses[b.Name] = b.Status + ": " + b.Reason
	}
	if got := statuses["aerospike-ee"]; !strings.HasPrefix(got, "not priced: no public list price") {
		t.Errorf("Enterprise without a quotation: %q", got)
	}
	if got := statuses["aerospike-committed"]; !strings.HasPrefix(got, "not priced: the price book has no ec2.1y_ratio") {
		t.Errorf("commitments without a ratio: %q", got)
	}
	p.Region = "eu-west-1"
	list := offers(t, p)
	for _, o := range list {
		if b := o.Price(p); b.Status == "priced" {
			t.Errorf("%s was priced in eu-west-1", b.Name)
		}
	}
	if b := list[0].Price(p); b.Name != "aerospike-without-price" || !strings.Contains(b.Reason, "no EC2 price of them in eu-west-1") {
		t.Errorf("%+v", b)
	}
	p.Region = "us-east-1"
	p.Config.Aerospike.Instances = []string{"r8gd.large"}
	if b := offers(t, p)[0].Price(p); b.Status != "excluded" || !strings.Contains(b.Reason, "rates of their devices are not known") {
		t.Errorf("unknown device rates: %+v", b)
	}
	p.Config.Aerospike.Instances = []string{"i4i.xlrage"}
	if _, err := Offers(price.Default(), p.Region, &p.Config.Aerospike); err == nil || !strings.Contains(err.Error(), `"i4i.xlarge"`) {
		t.Errorf("a misspelt type: %v", err)
	}
	short := portfolio(100, 1000, 11)
	if b := offer(t, short, "aerospike-ce-i3en.large-1y").Price(short); b.Status != "excluded" || b.Reason != errShort.Error() {
		t.Errorf("a year within eleven months: %s %s", b.Status, b.Reason)
	}
}

func TestRackWarning(t *testing.T) {
	p := portfolio(100, 1000, 36)
	p.Config.Aerospike.LicenceUSD = 1
	has := func(name, text string) bool {
		return strings.Contains(fmt.Sprint(offer(t, p, name).Price(p).Warnings), text)
	}
	for _, text := range []string{"no TLS", "no rack awareness"} {
		if !has("aerospike-ce-i4i.large", text) || has("aerospike-ee-i4i.large", text) {
			t.Errorf("%q is said of the wrong edition", text)
		}
	}
	if !has("aerospike-ce-i4i.large", "2 copies in memory") || has("aerospike-ce-i4i.large-rf3-3az", "2 copies in memory") {
		t.Error("the difference in durability is not said of two copies alone")
	}
}

// TestProperties: the count is at least what each constraint asks for, and its largest; more
// load never takes fewer nodes nor costs less; three copies never take fewer than two; figures
// are valid; Sums and Price agree.
func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ops := math.Pow(10, rapid.Float64Range(0, 6).Draw(t, "log load"))
		items := math.Pow(10, rapid.Float64Range(3, 10).Draw(t, "log items"))
		name := rapid.SampledFrom([]string{"i4i.large", "i4i.4xlarge", "i3en.2xlarge", "i4g.large", "i7ie.3xlarge"}).Draw(t, "instance")
		c := defaults()
		c.MinNodes = rapid.IntRange(1, 6).Draw(t, "fewest nodes")
		c.SpareNodes = rapid.IntRange(0, 2).Draw(t, "spare nodes")
		c.CacheHit = rapid.Float64Range(0, 1).Draw(t, "cache hits")
		in, err := catalogue.Find(name)
		if err != nil {
			t.Fatal(err)
		}
		counts := map[string]int{}
		for _, scale := range []float64{1, 1.3} {
			p := portfolio(ops*scale, items*scale, 1)
			for _, copies := range []int{2, 3} {
				s := plan{instance: in, copies: copies}
				z, err := s.size(&c, loadOf(p, 0, true))
				if err != nil {
					t.Fatal(err)
				}
				tight := z.count == s.floor(&c)
				for _, n := range z.needs {
					if float64(z.count-c.SpareNodes) < n.nodes-1e-6 {
						t.Fatalf("%d nodes, %d of them spare: %s asks for %v", z.count, c.SpareNodes, n.name, n.nodes)
					}
					tight = tight || z.count == s.withLoss(&c, n.nodes)
				}
				if !tight || z.count < c.MinNodes {
					t.Fatalf("%d nodes: no constraint asks for so many", z.count)
				}
				key := fmt.Sprint(copies)
				if z.count < counts[key] {
					t.Fatalf("%d nodes at %v times the load, %d without", z.count, scale, counts[key])
				}
				counts[key] = z.count
			}
			if counts["3"] < counts["2"] {
				t.Fatalf("three copies take %d nodes, two %d", counts["3"], counts["2"])
			}
		}
	})
}

func TestBills(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ops := math.Pow(10, rapid.Float64Range(0, 5).Draw(t, "log load"))
		growth := rapid.Float64Range(-0.3, 0.8).Draw(t, "growth")
		totals := map[string]costmodel.Cents{}
		for _, scale := range []float64{1, 1.5} {
			p := portfolio(ops*scale, 1e6*scale, 24)
			p.Tables[0].Growth = leaf(growth, "share")
			p.Config.Aerospike.Instances = []string{"i4i.large", "i3en.xlarge"}
			p.Config.Aerospike.LicenceUSD = 1000
			list, err := Offers(price.Default(), p.Region, &p.Config.Aerospike)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range list {
				all, _, ok := o.Sums(p)
				b := o.Price(p)
				if ok != (b.Status == "priced") {
					t.Fatalf("%s: Sums says %v, Price %s", o.Name(), ok, b.Status)
				}
				var total costmodel.Cents
				for m := range all {
					total += all[m]
					if all[m].USD() != b.ByMonth[m] {
						t.Fatalf("%s month %d: Sums %v, Price %v", o.Name(), m, all[m].USD(), b.ByMonth[m])
					}
				}
				// A committed node is paid when the load falls: only offers on demand are held to this.
				if ok && scale > 1 && o.years == 0 && total < totals[o.Name()] {
					t.Fatalf("%s costs %v at half as much load again, %v without", o.Name(), total, totals[o.Name()])
				}
				totals[o.Name()] = total
				if err := valid(b); err != nil {
					t.Fatalf("%s: %v", o.Name(), err)
				}
			}
		}
	})
}

func valid(b costmodel.Bill) error {
	var errs []error
	for _, l := range b.Lines {
		errs = append(errs, l.Quantity.Valid(), l.Price.Valid(), l.Amount.Valid())
	}
	if b.Nodes != nil {
		binding := 0
		errs = append(errs, b.Nodes.Count.Valid())
		for _, c := range b.Nodes.Constraints {
			errs = append(errs, c.Nodes.Valid())
			if c.Nodes.Value > b.Nodes.Count.Value {
				errs = append(errs, fmt.Errorf("%s asks for %v of %v nodes", c.Name, c.Nodes.Value, b.Nodes.Count.Value))
			}
			if c.Binding {
				binding++
				if c.Nodes.Value != b.Nodes.Count.Value {
					errs = append(errs, fmt.Errorf("%s binds with %v of %v nodes", c.Name, c.Nodes.Value, b.Nodes.Count.Value))
				}
			}
		}
		if binding != 1 {
			errs = append(errs, fmt.Errorf("%d constraints bind", binding))
		}
	}
	return errors.Join(errs...)
}
