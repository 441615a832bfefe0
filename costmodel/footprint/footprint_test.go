package footprint

import "testing"

func TestDeviceBytes(t *testing.T) {
	for _, c := range []struct {
		name string
		r    Record
		want int
	}{
		// Vector V34, derived from the server's source: 35 header + 6 set + 1 count + 12 id +
		// 31 email + 1007 p + 4 end = 1096, rounded up to 1104.
		{"users", Record{Set: "users", Bins: []Bin{{"id", Integer, 0}, {"email", String, 20}, {"p", Blob, 1000}}}, 1104},
		// 35 + 1 + 4 + (1 + 1 + 5 + 8) = 55 → 64.
		{"one bin, no set", Record{Bins: []Bin{{"a", String, 8}}}, 64},
		// The same with expiry: 59 → 64; and a ninth to twelfth byte of key: 59 + 5 + 4 = 68 → 80.
		{"expiry", Record{Expiry: true, Bins: []Bin{{"a", String, 8}}}, 64},
		{"key", Record{Expiry: true, Key: 4, Bins: []Bin{{"a", String, 8}}}, 80},
	} {
		if got := c.r.DeviceBytes(); got != c.want {
			t.Errorf("%s: %d bytes, want %d", c.name, got, c.want)
		}
	}
}

func TestClusterIndexBytes(t *testing.T) {
	// Vectors V29 (Aerospike documentation, record sizing) and V31 (46 million records, 5.9 GB).
	if got := ClusterIndexBytes(100_000_000, 2); got != 12_800_000_000 {
		t.Errorf("V29: %d", got)
	}
	if got := float64(ClusterIndexBytes(46_000_000, 2)) / 1e9; got < 5.85 || got > 6.15 {
		t.Errorf("V31: %v GB, want 6 within 0.15", got)
	}
}
