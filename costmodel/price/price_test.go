package price

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"crossover/results/figure"
)

func TestDefaultPrices(t *testing.T) {
	b := Default()
	for _, c := range []struct {
		region, key, want string
		confidence        Confidence
	}{
		{"us-east-1", "ondemand.std.rru", "0.000000125", High},
		{"us-east-1", "ondemand.std.wru", "0.000000625", High},
		{"us-east-1", "provisioned.std.wcu_h", "0.00065", High},
		{"us-east-1", "reserved.3y.wcu.hourly_per_100", "0.0081", High},
		{"us-east-1", "provisioned.ia.rcu_h", "0.00016", High},
		{"us-east-1", "ec2.on_demand.i4i.xlarge", "0.343", High},
		{"us-east-1", "ec2.1y_ratio.i3en", "0.6814", Medium},
		{"us-east-1", "savingsplan.1y.ondemand_discount", "0.18", Medium},
		{"us-east-1", "backup.cold", "0.03", Low},
		{"eu-west-1", "ondemand.std.wru", "0.0000007055", Low},
		{"ap-northeast-2", "provisioned.std.rcu_h", "0.00014098", High},
	} {
		p, ok := b.Find(c.region, c.key)
		if !ok || p.Value.String() != c.want || p.Confidence != c.confidence {
			t.Errorf("%s %s: %v %s %s, want %s %s", c.region, c.key, ok, p.Value, p.Confidence, c.want, c.confidence)
		}
		if err := p.Figure().Valid(); err != nil {
			t.Errorf("%s %s: %v", c.region, c.key, err)
		}
		if p.Figure().Basis != figure.Price || p.Figure().Date == "" {
			t.Errorf("%s %s: figure %+v", c.region, c.key, p.Figure())
		}
	}
	if b.Hours().String() != "730" || b.Date() != "2026-11-23" {
		t.Errorf("hours %s, date %s", b.Hours(), b.Date())
	}
}

// TestBookWhole holds the book to what facts it was made from: every price with unit, source,
// date and confidence, conflicts kept as notes, no more and no fewer of them.
func TestBookWhole(t *testing.T) {
	counts := map[string]int{}
	for _, region := range Default().Regions() {
		list, err := Default().List(region, "")
		if err != nil {
			t.Fatal(err)
		}
		counts[region] = len(list)
		for _, p := range list {
			if p.Unit == "" || p.Source == "" || p.Date == "" || p.Confidence == "" || p.Value.IsNegative() {
				t.Errorf("%s %s: incomplete: %+v", region, p.Key, p)
			}
			if strings.HasPrefix(p.Key, "dax.") && !strings.Contains(p.Note, "CONFLICT") {
				t.Errorf("%s: the note on its conflict is gone", p.Key)
			}
		}
	}
	if diff := cmp.Diff(map[string]int{"us-east-1": 208, "eu-west-1": 15, "ap-southeast-1": 15, "ap-northeast-2": 7}, counts); diff != "" {
		t.Errorf("prices by region (-want +got):\n%s", diff)
	}
	if ec2, err := Default().List("us-east-1", "ec2.on_demand."); err != nil || len(ec2) != 153 {
		t.Errorf("%d EC2 prices, %v", len(ec2), err)
	}
}

func TestAbsentPriceIsAbsent(t *testing.T) {
	b := Default()
	if p, ok := b.Find("eu-west-1", "ec2.on_demand.i4i.xlarge"); ok {
		t.Errorf("an EC2 price of another region was taken over: %+v", p)
	}
	if got := b.USD("eu-west-1", "ec2.on_demand.i4i.xlarge"); got != 0 {
		t.Errorf("USD of an absent price: %v", got)
	}
	_, err := b.Need("eu-west-1", "storage.std", "pitr", "storage.ia")
	var short *Shortage
	if !errors.As(err, &short) || !slices.Equal(short.Keys, []string{"pitr", "storage.ia"}) {
		t.Errorf("Need: %v", err)
	}
	if _, err := b.List("us-eats-1", ""); err == nil || !strings.Contains(err.Error(), `"us-east-1"`) {
		t.Errorf("List of a misspelt region: %v", err)
	}
	if list, err := b.List("us-east-1", "reserved.1y."); err != nil || len(list) != 4 {
		t.Errorf("List by prefix: %d, %v", len(list), err)
	}
}

func TestOverlay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mine.yaml")
	text := `
date: 2027-01-02
regions:
  us-east-1:
    ondemand.std.wru: 0.0000005
  eu-west-1:
    ec2.on_demand.i4i.xlarge: {value: 0.383, source: our invoice, date: 2027-01, confidence: medium}
    ec2.3y_ratio.i4i: {value: 0.43}
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := b.Find("us-east-1", "ondemand.std.wru")
	if p.Value.String() != "0.0000005" || p.Unit != "WRU" || p.Source != "the user's price book mine.yaml" || p.Confidence != High {
		t.Errorf("a short price: %+v", p)
	}
	p, _ = b.Find("eu-west-1", "ec2.on_demand.i4i.xlarge")
	if p.Value.String() != "0.383" || p.Unit != "instance-hour" || p.Source != "our invoice" || p.Confidence != Medium {
		t.Errorf("a long price: %+v", p)
	}
	if _, ok := b.Find("eu-west-1", "ec2.3y_ratio.i4i"); !ok {
		t.Error("a ratio that the embedded book does not have was not taken")
	}
	if p, _ := b.Find("us-east-1", "ondemand.std.rru"); p.Value.String() != "0.000000125" {
		t.Errorf("a price that is not in the user's book: %+v", p)
	}
	if p, _ := Default().Find("us-east-1", "ondemand.std.wru"); p.Value.String() != "0.000000625" {
		t.Errorf("the embedded book was changed: %+v", p)
	}
	if b.Digest() == Default().Digest() || b.Date() != "2027-01-02" {
		t.Error("another book has the same digest or date")
	}
}

func TestOverlayRefuses(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"unknown key", "regions:\n  us-east-1:\n    ondemand.std.wur: 0.1\n", `b.yaml:3:5: unknown price "ondemand.std.wur"; did you mean "ondemand.std.wru"?`},
		{"unknown instance", "regions:\n  us-east-1:\n    ec2.on_demand.i4i.xlrage: 0.1\n", `b.yaml:3:5: unknown price "ec2.on_demand.i4i.xlrage"; did you mean "ec2.on_demand.i4i.xlarge"?`},
		{"unknown top key", "region:\n  us-east-1: {}\n", `b.yaml:1:1: unknown key "region"; did you mean "regions"?`},
		{"unknown inner key", "regions:\n  us-east-1:\n    pitr: {value: 1, confidense: high}\n", `b.yaml:3:22: pitr: unknown key "confidense"; did you mean "confidence"?`},
		{"no such region", "regions:\n  virginia:\n    pitr: 1\n", `b.yaml:2:3: "virginia" is not the name of an AWS region`},
		{"negative", "regions:\n  us-east-1:\n    pitr: -1\n", `b.yaml:3:11: pitr: found "-1", expected a number`},
		{"text", "regions:\n  us-east-1:\n    pitr: cheap\n", `b.yaml:3:11: pitr: found "cheap", expected a number`},
		{"infinite", "regions:\n  us-east-1:\n    pitr: .inf\n", `expected a number`},
		{"huge exponent", "regions:\n  us-east-1:\n    pitr: 1e99\n", `expected a number`},
		{"other unit", "regions:\n  us-east-1:\n    pitr: {value: 1, unit: GiB-month}\n", `pitr: unit "GiB-month", expected "GB-month"`},
		{"no value", "regions:\n  us-east-1:\n    pitr: {source: x}\n", `b.yaml:3:11: pitr: no value`},
		{"confidence", "regions:\n  us-east-1:\n    pitr: {value: 1, confidence: sure}\n", `confidence "sure", expected high, medium or low`},
		{"twice", "regions:\n  us-east-1:\n    pitr: 1\n    pitr: 2\n", `"pitr" a second time`},
		{"currency", "currency: EUR\nregions: {}\n", `b.yaml:1:11: currency "EUR", expected USD`},
		{"hours", "hours_per_month: 1000\nregions: {}\n", `expected 672 to 744`},
		{"version", "version: 2\nregions: {}\n", `version "2", this tool reads 1`},
		{"list", "- a\n", `b.yaml:1:1: expected a mapping`},
		{"empty", "", `an empty file`},
		{"no YAML", "regions: [\n", `b.yaml:1:1:`},
		{"alias", "regions:\n  us-east-1: &a {pitr: 1}\n  eu-west-1: *a\n", `an alias`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Overlay(Default(), "b.yaml", []byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
	// All problems at once, in the order of the file.
	_, err := Overlay(Default(), "b.yaml", []byte("regions:\n  us-east-1:\n    pitr: x\n    nonsense-of-all-kinds: 1\n"))
	if err == nil || strings.Count(err.Error(), "b.yaml:") != 2 {
		t.Errorf("two problems gave %v", err)
	}
}

func TestDigestStable(t *testing.T) {
	// Changes only with the book: whoever changes it changes this line too.
	const want = "sha256:d0984747f86bf4e54d24e8946093459f330e6c33ab2f6e2f222c5b055efbc0cf"
	if got := Default().Digest(); got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
	p, _ := Default().Find("us-east-1", "pitr")
	p.Value = p.Value.Add(decimal.New(1, -9))
	if Default().With(p).Digest() == Default().Digest() {
		t.Error("a price that differs in its ninth place gives the same digest")
	}
}

func TestWith(t *testing.T) {
	p, _ := Default().Find("us-east-1", "pitr")
	p.Value = decimal.NewFromInt(7)
	b := Default().With(p)
	if got, _ := b.Find("us-east-1", "pitr"); got.Value.String() != "7" {
		t.Errorf("the price laid over is not found: %+v", got)
	}
	if got := Default().USD("us-east-1", "pitr"); got != 0.2 {
		t.Errorf("the book beneath was changed: %v", got)
	}
}

func FuzzOverlay(f *testing.F) {
	f.Add([]byte("regions:\n  us-east-1:\n    pitr: {value: 0.1, source: x, date: 2027, confidence: low, note: n}\n"))
	f.Add([]byte("sources: {a: b}\nregions: {eu-west-1: {storage.std: 1e-3}}\n"))
	f.Add([]byte("regions: &a [*a]\n"))
	f.Add([]byte("? [x]\n: y\n"))
	f.Add(embedded)
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := Overlay(Default(), "b.yaml", text)
		if err != nil {
			var one *Error
			if !errors.As(err, &one) || one.Line < 1 || one.Column < 1 {
				t.Fatalf("an error without a place: %v", err)
			}
			return
		}
		for _, region := range b.Regions() {
			list, err := b.List(region, "")
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range list {
				if p.Value.IsNegative() || p.Unit == "" || p.Source == "" && p.Confidence == "" {
					t.Fatalf("accepted %+v", p)
				}
			}
		}
		b.Digest()
	})
}
