package workload

import (
	"math"
	"testing"
	"time"
)

func TestParseBytes(t *testing.T) {
	for text, want := range map[string]uint64{
		"0B": 0, "1B": 1, "512B": 512, "1KiB": 1024, "1.5KiB": 1536, "1 KiB": 1024, "4MiB": 4 << 20, "2GiB": 2 << 30,
		"1TiB": 1 << 40, "400_000B": 400_000, "1e3B": 1000, "0.5KiB": 512,
	} {
		if got, err := ParseBytes(text); err != nil || got != want {
			t.Errorf("ParseBytes(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "B", "1", "1KB", "1kB", "1K", "1kib", "KiB", "-1B", "0.5B", "1.0001KiB", "NaNB", "InfB", "0x10B", "1e30B", "1KiBB", "1,000B", "1 B B",
	} {
		if got, err := ParseBytes(text); err == nil {
			t.Errorf("ParseBytes(%q) = %d, want an error", text, got)
		}
	}
}

func TestBytesHint(t *testing.T) {
	for text, want := range map[string]string{
		"1KB": "1KiB", "4kb": "4KiB", "4k": "4KiB", "1kib": "1KiB", "2MB": "2MiB", "2m": "2MiB", "3GB": "3GiB", "1tb": "1TiB",
		"100": "100B", "1 KB": "1KiB", "KB": "", "big": "", "": "",
	} {
		if got := bytesHint(text); got != want {
			t.Errorf("bytesHint(%q) = %q, want %q", text, got, want)
		}
		if want != "" {
			if _, err := ParseBytes(want); err != nil {
				t.Errorf("the hint %q is no size itself", want)
			}
		}
	}
}

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "0s": 0, "500ms": 500 * time.Millisecond, "30s": 30 * time.Second, "5m": 5 * time.Minute, "1h30m": 90 * time.Minute,
		"1_000ms": time.Second, "1.5s": 1500 * time.Millisecond, "10us": 10 * time.Microsecond, "1ns": 1,
	} {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("ParseDuration(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "30", "-1s", "1d", "1 s", "s", "1s1", "300y", "9999999h"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("ParseDuration(%q) = %v, want an error", text, got)
		}
	}
}

func TestParseRate(t *testing.T) {
	for text, want := range map[string]float64{
		"0/s": 0, "5000/s": 5000, "5_000/s": 5000, "0.5/s": 0.5, "90/min": 1.5, "7200/h": 2, "1e6/s": 1e6, "1 /s": 1,
	} {
		if got, err := ParseRate(text); err != nil || math.Abs(got-want) > 1e-12*want {
			t.Errorf("ParseRate(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "5000", "/s", "-1/s", "1/d", "1/sec", "NaN/s", "1e13/s", "5000/s/s", "5,000/s"} {
		if got, err := ParseRate(text); err == nil {
			t.Errorf("ParseRate(%q) = %v, want an error", text, got)
		}
	}
}

func TestParseShare(t *testing.T) {
	for text, want := range map[string]float64{"0%": 0, "70%": 0.7, "0.1%": 0.001, "100%": 1, "150%": 1.5, "1_0%": 0.1} {
		if got, err := ParseShare(text); err != nil || math.Abs(got-want) > 1e-15 {
			t.Errorf("ParseShare(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "%", "0.7", "70", "-1%", "70%%", "NaN%", "seventy%"} {
		if got, err := ParseShare(text); err == nil {
			t.Errorf("ParseShare(%q) = %v, want an error", text, got)
		}
	}
}

func TestValidPercentile(t *testing.T) {
	for name, want := range map[string]bool{
		"p50": true, "p1": true, "p99": true, "p99.9": true, "p99.999": true, "max": true, "p0.5": true,
		"p0": false, "p100": false, "p0.0": false, "p": false, "99": false, "P99": false, "p-1": false, "p9_9": false, "p 99": false,
		"p5e1": false, "p99.": false, "p99.99999999": false, "mean": false, "": false,
	} {
		if got := validPercentile(name); got != want {
			t.Errorf("validPercentile(%q) = %v, want %v", name, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	keys := []string{"uniform", "zipfian", "hotspot", "sequential", "latest", "to", "from", "for"}
	for found, want := range map[string]string{
		"zipfan": "zipfian", "zipf": "zipfian", "Uniform": "uniform", "latset": "latest", "sequentail": "sequential", "hot": "hotspot",
		"x": "", "ab": "", "gaussian": "", "fro": "from",
	} {
		if got := nearest(found, keys); got != want {
			t.Errorf("nearest(%q) = %q, want %q", found, got, want)
		}
	}
}

// FuzzScalars parses anything by every parser: no panic, and what is accepted has its range.
func FuzzScalars(f *testing.F) {
	for _, s := range []string{"1KiB", "0.1%", "5000/s", "1h30m", "1_000", "-0B", "1e308%", "p99.9", "", "1e-320/s", "١B"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, err := ParseBytes(s); err == nil && n > 1<<60 {
			t.Errorf("ParseBytes(%q) = %d", s, n)
		}
		if d, err := ParseDuration(s); err == nil && d < 0 {
			t.Errorf("ParseDuration(%q) = %v", s, d)
		}
		if r, err := ParseRate(s); err == nil && !(r >= 0 && r <= 1e12) {
			t.Errorf("ParseRate(%q) = %v", s, r)
		}
		if p, err := ParseShare(s); err == nil && !(p >= 0 && !math.IsInf(p, 0)) {
			t.Errorf("ParseShare(%q) = %v", s, p)
		}
		if hint := bytesHint(s); hint != "" {
			if _, err := ParseBytes(hint); err != nil {
				t.Errorf("bytesHint(%q) = %q, which is no size", s, hint)
			}
		}
		validPercentile(s)
	})
}
