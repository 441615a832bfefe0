package aerospike

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Answers of a Community Edition server 8.1.2.0, shortened.
func TestParsePairs(t *testing.T) {
	for _, c := range []struct {
		text, sep string
		want      map[string]string
	}{
		{"failed_best_practices=true;cluster_size=2;cluster_key=56DBEDC86F06;batch_index_queue=0:0,0:0", ";", map[string]string{
			"failed_best_practices": "true", "cluster_size": "2", "cluster_key": "56DBEDC86F06", "batch_index_queue": "0:0,0:0",
		}},
		{"objects=100000:tombstones=0:truncating=false:", ":", map[string]string{"objects": "100000", "tombstones": "0", "truncating": "false"}},
		{"type=unknown", ";", map[string]string{"type": "unknown"}},
		{"", ";", map[string]string{}},
		{";;=x;a;b=", ";", map[string]string{"b": ""}},
	} {
		if diff := cmp.Diff(c.want, parsePairs(c.text, c.sep)); diff != "" {
			t.Errorf("%q: want (-), got (+):\n%s", c.text, diff)
		}
	}
}

func TestInfoErrors(t *testing.T) {
	for _, c := range []struct{ answer, code string }{
		{"ERROR:4:unrecognized command", "4"},
		{"ERROR:20:namespace not found on node", "20"},
		{"FAIL:201:no such index", "201"},
		{"ERROR::something", ""},
		{"FAIL=25", "25"},
		{"ok", ""},
		{"errors=3", ""},
		{"", ""},
	} {
		if got := infoCode(c.answer); got != c.code {
			t.Errorf("%q: code %q, expected %q", c.answer, got, c.code)
		}
		if bad := infoError(c.answer) != ""; bad != (strings.HasPrefix(c.answer, "ERROR") || strings.HasPrefix(c.answer, "FAIL")) {
			t.Errorf("%q: taken as an error: %v", c.answer, bad)
		}
	}
}

func TestParseStatus(t *testing.T) {
	text := `{"identity":"crossover embedded Aerospike, 3 nodes (modelled)","node":"BB901","reads":3,"writes":4,"busy":0.42,"write_queue_bytes":5,"throttles":{"KEY_BUSY":3},"events":[{"name":"x","detail":"y"}]}`
	s, ok := parseStatus(text)
	if !ok || s.Reads != 3 || s.Writes != 4 || s.Busy != 0.42 || s.Queue != 5 || s.Throttles["KEY_BUSY"] != 3 || len(s.Events) != 1 {
		t.Errorf("%+v, %v", s, ok)
	}
	for _, real := range []string{"ERROR:4:unrecognized command", "", "{", "{}", `{"identity":3}`, `["identity"]`} {
		if _, ok := parseStatus(real); ok {
			t.Errorf("%q was taken for crossover's own cluster", real)
		}
	}
}

func TestNumber(t *testing.T) {
	for text, want := range map[string]float64{"0": 0, "12": 12, "-3": -3, "1.000": 1, "true": 1, "false": 0} {
		if got, ok := number(text); !ok || got != want {
			t.Errorf("%q: %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "inf", "NaN", "0x10", "1e9", "null", "0:0,0:0", "12KB", "-", "1.2.3"} {
		if got, ok := number(text); ok {
			t.Errorf("%q is %v", text, got)
		}
	}
}

// FuzzInfo: whatever a server answers, what is read of it can be written as JSON.
func FuzzInfo(f *testing.F) {
	for _, seed := range []string{
		"a=1;b=2", "ERROR:4:x", "objects=1:truncating=true:;", `{"identity":"x","busy":1e300}`, "a=inf;b=nan;c=1e999", "=;=;", "\x00=\xff",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		numbers := map[string]float64{}
		for _, sep := range []string{";", ":"} {
			for name, value := range parsePairs(text, sep) {
				if name == "" || strings.Contains(name, "=") {
					t.Errorf("name %q", name)
				}
				if n, ok := number(value); ok {
					numbers[name] = n
				}
			}
		}
		s, ok := parseStatus(text)
		if ok && infoError(text) != "" {
			t.Error("an error and a status")
		}
		if code := infoCode(text); code != "" && infoError(text) == "" {
			t.Errorf("code %q of no error", code)
		}
		if _, err := json.Marshal([]any{numbers, s}); err != nil {
			t.Error(err)
		}
	})
}
