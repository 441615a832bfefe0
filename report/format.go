package report

import (
	"math"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// english groups digits by commas, whatever the machine's locale: a report must not differ
// from one machine to the next.
var english = message.NewPrinter(language.English)

// amount shows a value with its unit: money in whole dollars above ten and cents below,
// everything else to about three significant digits.
func amount(v float64, unit string) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "–"
	}
	if rest, ok := strings.CutPrefix(unit, "USD"); ok {
		return money(v) + strings.ReplaceAll(rest, "/", " / ")
	}
	switch unit {
	case "bytes":
		return bytesText(v)
	case "share":
		return percent(v)
	case "":
		return quantity(v)
	}
	return quantity(v) + " " + unit
}

// money shows US dollars.
func money(v float64) string {
	sign := ""
	if v < 0 {
		sign, v = "−", -v
	}
	switch {
	case v != 0 && v < 0.01:
		return sign + "$" + strconv.FormatFloat(v, 'g', 3, 64)
	case v < 10:
		return sign + english.Sprintf("$%.2f", v)
	}
	return sign + english.Sprintf("$%.0f", v)
}

// quantity shows a plain number to about three significant digits, whole above a hundred.
func quantity(v float64) string {
	a := math.Abs(v)
	switch {
	case v == math.Trunc(v) && a < 1e15:
		return english.Sprintf("%.0f", v)
	case a >= 100:
		return english.Sprintf("%.0f", v)
	case a >= 10:
		return english.Sprintf("%.1f", v)
	case a >= 0.01:
		return english.Sprintf("%.3g", v)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

func percent(v float64) string {
	return strconv.FormatFloat(100*v, 'g', 3, 64) + " %"
}

// bytesText shows bytes in binary units, which is how items and memory are counted here.
func bytesText(v float64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	i := 0
	for v >= 1024 && i < len(units)-1 {
		v /= 1024
		i++
	}
	return strconv.FormatFloat(v, 'g', 4, 64) + " " + units[i]
}

// nanos shows a latency in the unit that keeps three significant digits readable.
func nanos(ns int64) string {
	d := time.Duration(ns)
	switch {
	case d >= 10*time.Second:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	case d >= time.Second:
		return strconv.FormatFloat(d.Seconds(), 'f', 2, 64) + " s"
	case d >= time.Millisecond:
		return strconv.FormatFloat(float64(d)/1e6, 'g', 3, 64) + " ms"
	}
	return strconv.FormatFloat(float64(d)/1e3, 'g', 3, 64) + " µs"
}

func count(n uint64) string { return english.Sprintf("%d", n) }
