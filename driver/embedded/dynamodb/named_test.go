package dynamodb

import (
	"strings"
	"testing"
)

// TestNamed holds the fast check of table names to the pattern that the API states.
func TestNamed(t *testing.T) {
	names := []string{"", "ab", "abc", strings.Repeat("a", 255), strings.Repeat("a", 256), "a-b_c.D9"}
	for c := range 256 {
		names = append(names, "ab"+string([]byte{byte(c)})+"d")
	}
	for _, n := range names {
		if got, want := named(n), tableNamePattern.MatchString(n); got != want {
			t.Errorf("%q: %v, want %v", n, got, want)
		}
	}
}
