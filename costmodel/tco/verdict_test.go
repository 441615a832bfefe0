package tco

import (
	"math"
	"strings"
	"testing"

	"crossover/costmodel/price"
)

// wants holds an offer to amounts worked out by hand.
func wants(t *testing.T, o *Offer, amounts map[string]float64, monthly, total, hard float64) {
	t.Helper()
	got := lines(o)
	for name, want := range amounts {
		if x, ok := got[name]; !ok || math.Abs(x-want) > 0.005 {
			t.Errorf("%s %s: $%.2f, by hand $%.2f", o.Name, name, x, want)
		}
		delete(got, name)
	}
	for name, x := range got {
		if x != 0 {
			t.Errorf("%s %s: $%.2f, which was not worked out", o.Name, name, x)
		}
	}
	for _, c := range []struct {
		what      string
		got, want float64
	}{{"first month", o.Monthly.Value, monthly}, {"horizon", o.Total.Value, total}, {"horizon without people", o.TotalHard.Value, hard}} {
		if math.Abs(c.got-c.want) > 0.005 {
			t.Errorf("%s, %s: $%.2f, by hand $%.2f", o.Name, c.what, c.got, c.want)
		}
	}
}

func decides(t *testing.T, r *Result, decision, dynamodb, aerospike string, saving, savingHard float64) {
	t.Helper()
	v := r.Verdict
	if v.Decision != decision {
		t.Errorf("%s, by hand %s: %s %q", v.Decision, decision, v.Sentence, v.Because)
	}
	if d, a := best(r, "dynamodb"), best(r, "aerospike"); d.Name != dynamodb || a.Name != aerospike {
		t.Errorf("cheapest %s and %s, by hand %s and %s", d.Name, a.Name, dynamodb, aerospike)
	}
	if v.Saving == nil || math.Abs(v.Saving.Value-saving) > 0.005 || math.Abs(v.SavingHard.Value-savingHard) > 0.005 {
		t.Errorf("saving %v and %v without people, by hand %v and %v", v.Saving, v.SavingHard, saving, savingHard)
	}
}

// TestSmallSteadyStays: 50 operations/s day and night on a million items of 1 KiB, 80 % reads,
// eventually consistent; 36 months in us-east-1.
//
// DynamoDB, provisioned with a one-year savings plan:
//
//	reads    40/s × 0.5 = 20 units/s, ÷ 70 % = 28.6 → 29 RCU × 730 h × $0.00013 =   $2.7521 → $2.75
//	writes   10/s × 1   = 10 units/s, ÷ 70 % = 14.3 → 15 WCU × 730 h × $0.00065 =   $7.1175 → $7.12
//	plan     12 % of the list price of both, $9.8696                          = − $1.1844 → −$1.18
//	storage  10^6 × (1,024 + 100) B = 1.0468 GiB × $0.25                      =   $0.2617 → $0.26
//	people   4 h × $100                                                       = $400.00
//	month    $408.95; 36 months $14,722.20, without people $322.20
//
// The next is reserved capacity for three years. Fifteen WCU do not fill a block of 100, nor do
// 29 RCU: 29 × $3.4164 = $99.08 over three years against $78.05 for a block, which pays; 15 ×
// $17.082 = $256.23 against $392.87, which does not. $36 once, 0.0016 × 730 = $1.17, $7.12,
// $0.26 and people are $408.55 a month, $14,743.80 in all: dearer than the plan by $21.60.
//
// Aerospike, i4i.large, two copies: every constraint is met by far with one node (CPU: 50 × 29 µs
// + 10 × 29 µs), so that the fewest nodes decide: 3.
//
//	record     35 header + 1 count + 4 end; set "crossover-small-steady" 1 + 22; pk "item#0"
//	           1 + 2 + 5 + 6 = 14; ver 1 + 3 + 5 + 16 = 25; a00 1 + 3 + 5 + (1,024 − 30) = 1,003
//	           in all 1,105 → 1,120 B, rounded up to 16
//	instances  3 × 730 h × $0.172                                           = $376.68
//	clients    (50 × 1,120 + 50 × 200) B/s × 2,628,000 s = 173.448 GB; × 67 % × 2 directions
//	           = 232.42032 GB = 216.458 GiB × $0.01                         =   $2.16
//	replicas   10/s × (1,120 + 200) B = 13,200 B/s → 34.6896 GB → 46.484064 GB = 43.2917 GiB = $0.43
//	people     40 h × $100 = $4,000; migration 480 h × $100 = $48,000 once
//	both run   one month of DynamoDB provisioned, without people: 2.75 + 7.12 + 0.26 = $10.13
//	month      $4,379.27; 36 months $157,653.72 + $48,010.13 = $205,663.85
//	           without people 36 × $379.27 + $10.13 = $13,663.85
//
// Aerospike costs $190,941.65 more; without people $13,341.65 more.
func TestSmallSteadyStays(t *testing.T) {
	r := compute(t, smallSteady, nil)
	wants(t, offerOf(t, r, "dynamodb-provisioned-savings-plan"), map[string]float64{
		"reads": 2.75, "writes": 7.12, "savings-plan": -1.18, "storage": 0.26, "people": 400,
	}, 408.95, 14_722.20, 322.20)
	wants(t, offerOf(t, r, "dynamodb-reserved-3y"), map[string]float64{
		"upfront-rcu-1": 36, "reserved-rcu": 1.17, "writes": 7.12, "storage": 0.26, "people": 400,
	}, 408.55, 14_743.80, 343.80)
	a := offerOf(t, r, "aerospike-ce-i4i.large")
	wants(t, a, map[string]float64{
		"instances": 376.68, "cross-az-clients": 2.16, "cross-az-replicas": 0.43, "people": 4000, "migration": 48_000, "double-running": 10.13,
	}, 4_379.27, 205_663.85, 13_663.85)
	if a.Nodes.Count.Value != 3 || !binds(a, "min_nodes") {
		t.Errorf("%v nodes", a.Nodes.Count.Value)
	}
	decides(t, r, Stay, "dynamodb-provisioned-savings-plan", a.Name, -190_941.65, -13_341.65)
	if p := r.Verdict.Probability.Value; p < Confident {
		t.Errorf("probability %v", p)
	}
}

// TestLargeSteadyMigrates: 400,000 operations/s day and night on 200 million items of 256 B,
// half reads, eventually consistent, and half writes; 36 months in us-east-1.
//
// DynamoDB, reserved for three years:
//
//	reads    200,000/s × 0.5 = 100,000 units/s, ÷ 70 % = 142,857.1 → 142,858 RCU. A block costs
//	         36 + 0.0016 × 26,280 h = $78.05; the last one holds 58 units, worth 58 × $3.4164 =
//	         $198.15: 1,429 blocks. Upfront × $36 = $51,444; 1,429 × 730 × 0.0016 = $1,669.07
//	writes   200,000 units/s, ÷ 70 % = 285,714.3 → 285,715 WCU. A block costs 180 + 0.0081 ×
//	         26,280 = $392.87; the last one would hold 15 units, worth 15 × $17.082 = $256.23: it
//	         does not pay, 2,857 blocks. Upfront × $180 = $514,260; 2,857 × 730 × 0.0081 =
//	         $16,893.441 → $16,893.44; 15 WCU provisioned × 730 × 0.00065 = $7.12
//	storage  200 × 10^6 × 356 B = 66.3102 GiB × $0.25 = $16.58
//	people   $400
//	month    $18,986.21; 36 months $683,503.56 + $565,704 = $1,249,207.56; without people
//	         $1,234,807.56
//
// Aerospike, i4i.4xlarge, 16 vCPUs of which half may be used, two copies:
//
//	record     40 + set "crossover-large-steady" 23 + pk 14 + ver 25 + a00 9 + 226 = 337 → 352 B
//	nodes      CPU: 400,000 × 29 µs + 200,000 replicas × 29 µs = 17.4 CPUs, ÷ 8 = 2.175 → 3, and
//	           one that may be lost: 4. The next, memory: 200 × 10^6 × 2 × 64 B = 25.6 GB of
//	           82.5 GB a node; device reads: 200,000 of 385,400 × 60 %: both one node
//	instances  4 × 730 h × $1.373 = $4,009.16
//	clients    400,000 × 352 + 400,000 × 200 = 220.8 MB/s × 2,628,000 s = 580.2624 TB; × 67 % × 2
//	           = 777.551616 TB = 724,151.38 GiB × $0.01 = $7,241.51
//	replicas   200,000 × 552 B = 110.4 MB/s, half of that: $3,620.76
//	people     $4,000; migration $48,000 once
//	both run   one month of DynamoDB provisioned: 142,858 × 730 × 0.00013 = $13,557.22;
//	           285,715 × 730 × 0.00065 = $135,571.77; storage $16.58: $149,145.57 once
//	month      $18,871.43; 36 months $679,371.48 + $197,145.57 = $876,517.05; without people
//	           36 × $14,871.43 + $149,145.57 = $684,517.05
//
// Aerospike costs $372,690.51 less, 30 % of DynamoDB's cost; without people $550,290.51 less.
func TestLargeSteadyMigrates(t *testing.T) {
	r := compute(t, largeSteady, nil)
	wants(t, offerOf(t, r, "dynamodb-reserved-3y"), map[string]float64{
		"upfront-rcu-1": 51_444, "reserved-rcu": 1_669.07, "upfront-wcu-1": 514_260, "reserved-wcu": 16_893.44, "writes": 7.12, "storage": 16.58, "people": 400,
	}, 18_986.21, 1_249_207.56, 1_234_807.56)
	a := offerOf(t, r, "aerospike-ce-i4i.4xlarge")
	wants(t, a, map[string]float64{
		"instances": 4_009.16, "cross-az-clients": 7_241.51, "cross-az-replicas": 3_620.76, "people": 4000, "migration": 48_000, "double-running": 149_145.57,
	}, 18_871.43, 876_517.05, 684_517.05)
	if a.Nodes.Count.Value != 4 || !binds(a, "cpu") {
		t.Errorf("%v nodes", a.Nodes.Count.Value)
	}
	decides(t, r, Migrate, "dynamodb-reserved-3y", a.Name, 372_690.51, 550_290.51)
	// CPU per operation is assumed and binds: page one must say so, with where it flips.
	f := r.Verdict.Flip
	if f == nil || f.Name != "operations/s per node" || f.Now.Value != 100_000 || f.At.Value >= 100_000 || f.At.Value < 100_000/rateReach {
		t.Fatalf("flip %+v", f)
	}
	if !strings.Contains(r.Verdict.Basis, "no run on a real target") || !strings.Contains(strings.Join(r.Verdict.Because, "\n"), "an assumed rate that no run has measured") {
		t.Errorf("basis %q, because %q", r.Verdict.Basis, r.Verdict.Because)
	}
}

func binds(o *Offer, constraint string) bool {
	for _, c := range o.Nodes.Constraints {
		if c.Name == constraint {
			return c.Binding
		}
	}
	return false
}

// TestFlipIsWhereItFlips prices on both sides of the rate at which the verdict is said to change.
func TestFlipIsWhereItFlips(t *testing.T) {
	r := compute(t, largeSteady, nil)
	factor := r.Verdict.Flip.At.Value / r.Verdict.Flip.Now.Value
	for _, c := range []struct {
		slack float64
		want  string
	}{{0.999, "aerospike"}, {1.001, "dynamodb"}} {
		cpu := 29 / factor * c.slack
		us := formatMicros(cpu)
		r := offered(t, largeSteady, map[string]string{"aerospike.cpu_per_op": us, "aerospike.cpu_per_replica_write": us})
		if got := cheaper(r); got != c.want {
			t.Errorf("at %s a request %s is cheaper, want %s", us, got, c.want)
		}
	}
}

func TestUndetermined(t *testing.T) {
	t.Run("no EC2 price in the region", func(t *testing.T) {
		r := compute(t, strings.Replace(smallSteady, "cost:", "cost:\n  regions: [eu-west-1]", 1), nil)
		v := r.Verdict
		if v.Decision != Undetermined || v.Saving != nil || !strings.Contains(v.Sentence, "No offer of Aerospike could be priced in eu-west-1") || len(v.MeasureNext) == 0 {
			t.Errorf("%+v", v)
		}
		if a := best(r, "aerospike"); a != nil {
			t.Errorf("priced without a price: %+v", a)
		}
		if r.Crossover.Found || !strings.Contains(r.Crossover.Note, "could not be priced") {
			t.Errorf("crossover %+v", r.Crossover)
		}
	})
	t.Run("a doubtful price decides", func(t *testing.T) {
		// With people and the migration left out, and DynamoDB's on-demand write price in Ireland of low
		// confidence (half as much either way), the verdict hangs on that price.
		book, err := price.Overlay(price.Default(), "mine.yaml", []byte("regions:\n  us-east-1:\n    reserved.3y.wcu.hourly_per_100: {value: 0.0081, confidence: low}\n    reserved.1y.wcu.hourly_per_100: {value: 0.0128, confidence: low}\n"))
		if err != nil {
			t.Fatal(err)
		}
		near := map[string]string{"demand.mean": "170_000/s"}
		v := computeWith(t, largeSteady, near, book).Verdict
		if v.Decision != Undetermined || !strings.Contains(v.Sentence, "reserved.3y.wcu.hourly_per_100 (low confidence)") {
			t.Errorf("%s: %s", v.Decision, v.Sentence)
		}
	})
	t.Run("too close to matter", func(t *testing.T) {
		v := compute(t, largeSteady, map[string]string{"demand.mean": "170_000/s"}).Verdict
		if v.Decision != Undetermined || !strings.Contains(v.Sentence, "is not worth a decision") {
			t.Errorf("%s: %s", v.Decision, v.Sentence)
		}
	})
	t.Run("not sure enough", func(t *testing.T) {
		v := compute(t, largeSteady, map[string]string{"demand.mean": "240_000/s"}).Verdict
		if v.Decision != Undetermined || !strings.Contains(v.Sentence, "of the draws of the assumptions; 90 % are asked for") {
			t.Errorf("%s: %s", v.Decision, v.Sentence)
		}
	})
}
