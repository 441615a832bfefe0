package report

import (
	"math"
	"regexp"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestAmount(t *testing.T) {
	for _, c := range []struct {
		v    float64
		unit string
		want string
	}{
		{0, "USD", "$0.00"},
		{0.004, "USD", "$0.004"},
		{9.999, "USD", "$10.00"},
		{12.3, "USD", "$12.30"},
		{99.99, "USD", "$99.99"},
		{99.996, "USD", "$100"},
		{1234567.4, "USD/month", "$1,234,567 / month"},
		{-18210.4, "USD", "−$18,210"},
		{-0.001, "USD/month", "−$0.001 / month"},
		// A unit price is not rounded to what is convenient.
		{0.000000125, "USD/request", "$0.000000125 / request"},
		{0.7812, "USD/million", "$0.7812 / million"},
		{112.5, "USD/node", "$112.50 / node"},
		{0.25, "USD/GB-month", "$0.25 / GB-month"},
		{1e6, "operations/s", "1,000,000 operations/s"},
		{1e21, "bytes", "888,178 PiB"},
		{12345.678, "units/s", "12,346 units/s"},
		{12.345, "units", "12.3 units"},
		{0.012345, "", "0.0123"},
		{9.996, "", "10.0"},
		{-2.5, "°", "−2.50 °"},
		{1024, "bytes", "1 KiB"},
		{1433.6, "bytes", "1.40 KiB"},
		{1023.9, "bytes", "1.00 KiB"},
		{5e18, "", "over 10^18"},
		{0.4, "share/year", "40 % / year"},
		{129, "100 units", "129 × 100 units"},
		{1500, "ns", "1.50 µs"},
		{math.NaN(), "USD", missing},
		{math.Inf(1), "bytes", missing},
		{math.Inf(-1), "share", missing},
		{math.NaN(), "ns", missing},
	} {
		if got := amount(c.v, c.unit); got != c.want {
			t.Errorf("amount(%v, %q) = %q, want %q", c.v, c.unit, got, c.want)
		}
	}
}

func TestPercent(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0 %", 0.001: "0.10 %", 0.07: "7 %", 0.0537: "5.4 %", 0.125: "12.5 %", 0.7: "70 %", 1: "100 %",
		1.5: "150 %", 0.9996: "100.0 %", 1e-7: "0.000010 %", -0.25: "−25 %", math.Inf(1): missing,
	} {
		if got := percent(v); got != want {
			t.Errorf("percent(%v) = %q, want %q", v, got, want)
		}
	}
}

func TestNanos(t *testing.T) {
	for ns, want := range map[int64]string{
		0: "0 µs", 1: "0.00100 µs", 850: "0.850 µs", 1234: "1.23 µs", 99_960: "100 µs", 999_400: "999 µs", 999_600: "1.00 ms",
		12_345_678: "12.3 ms", 999_600_000: "1.00 s", 1e10: "10.0 s", 6e11: "600 s", math.MaxInt64: "9,223,372,037 s",
	} {
		if got := nanos(ns); got != want {
			t.Errorf("nanos(%d) = %q, want %q", ns, got, want)
		}
	}
}

func TestLasting(t *testing.T) {
	for d, want := range map[time.Duration]string{
		45 * time.Second: "45 s", 32300 * time.Millisecond: "33 s", 3 * time.Minute: "3 min", 2*time.Hour + time.Minute: "2.1 h",
		50 * time.Hour: "3 days",
	} {
		if got := lasting(d); got != want {
			t.Errorf("lasting(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestLimitText(t *testing.T) {
	for _, c := range []struct {
		v          float64
		unit, want string
	}{{0.001, "share", "0.1 %"}, {5e6, "ns", "5 ms"}, {12.5e6, "ns", "12.5 ms"}, {100e6, "ns", "100 ms"}, {0.1, "share", "10 %"}} {
		if got := limitText(c.v, c.unit); got != c.want {
			t.Errorf("limitText(%v, %s) = %q, want %q", c.v, c.unit, got, c.want)
		}
	}
}

func TestAxisNumber(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.05: "0.05", 1: "1", 2.5: "2.5", 2000: "2,000", 1e4: "10k", 2.5e5: "250k", 5e6: "5M", 2e9: "2G",
	} {
		if got := axisNumber(v); got != want {
			t.Errorf("axisNumber(%v) = %q, want %q", v, got, want)
		}
	}
}

// odd is what no number in a report looks like.
var odd = regexp.MustCompile(`NaN|Inf|[0-9][eE][+-]?[0-9]|%!`)

// Whatever the value, no text has an exponent, NaN or Inf in it.
func TestNumbersArePlain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.OneOf(
			rapid.Float64(),
			rapid.Custom(func(t *rapid.T) float64 {
				return math.Pow(10, rapid.Float64Range(-9, 20).Draw(t, "power")) * rapid.Float64Range(-1, 1).Draw(t, "sign")
			}),
			rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64}),
		).Draw(t, "v")
		unit := rapid.SampledFrom([]string{"", "USD", "USD/month", "USD/unit", "bytes", "share", "nodes", "operations/s"}).Draw(t, "unit")
		for _, s := range []string{amount(v, unit), money(v), moneyCents(v), priceText(v), nanos(rapid.Int64().Draw(t, "ns"))} {
			if odd.MatchString(s) || s == "" {
				t.Fatalf("%v %s: %q", v, unit, s)
			}
		}
	})
}
