package units

import "strings"

// What an item's parts count, in bytes (Developer Guide, "DynamoDB item sizes and formats").
const (
	SizeBool    = 1
	SizeNull    = 1
	SizeList    = 3 // of a list or map itself, contents apart
	SizeElement = 1 // more for each element of a list or map
)

// NumberSize returns what a number counts: about a byte for two significant digits, and one
// more; a negative one counts one more again. Leading and trailing zeroes do not count, so
// that 500 has one significant digit. The figure agrees with AWS's own item size calculator.
func NumberSize(n string) int {
	negative := strings.HasPrefix(n, "-")
	n = strings.TrimLeft(n, "+-")
	if i := strings.IndexAny(n, "eE"); i >= 0 {
		n = n[:i]
	}
	whole, fraction, _ := strings.Cut(n, ".")
	whole = strings.TrimLeft(whole, "0")
	fraction = strings.TrimRight(fraction, "0")
	digits := len(whole) + len(fraction)
	switch {
	case fraction == "":
		digits = len(strings.TrimRight(whole, "0"))
	case whole == "":
		digits = len(strings.TrimLeft(fraction, "0"))
	}
	size := (digits+1)/2 + 1
	if negative {
		size++
	}
	return min(size, 21)
}
