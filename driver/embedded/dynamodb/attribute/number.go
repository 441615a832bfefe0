package attribute

import (
	"math/big"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// The limits of a number (Developer Guide, "Data types"): 38 significant digits, magnitudes
// from 1e-130 to below 1e126.
const (
	maxDigits   = 38
	minExponent = -130
	maxExponent = 125
)

// parse reads a number and splits it into sign, significant digits without leading or
// trailing zeroes, and the decimal exponent of the first digit.
func parse(text string) (negative bool, digits string, exponent int, err error) {
	s := strings.TrimSpace(text)
	bad := Invalidf("The parameter cannot be converted to a numeric value: %s", text)
	if s == "" || len(s) > 200 || strings.Trim(s, "0123456789+-.eE") != "" {
		return false, "", 0, bad
	}
	d, decErr := decimal.NewFromString(s)
	if decErr != nil {
		return false, "", 0, bad
	}
	digits = new(big.Int).Abs(d.Coefficient()).String()
	if digits == "0" {
		return false, "", 0, nil
	}
	exponent = len(digits) - 1 + int(d.Exponent())
	digits = strings.TrimRight(digits, "0")
	switch {
	case len(digits) > maxDigits:
		return false, "", 0, Invalidf("Attempting to store more than 38 significant digits in a Number")
	case exponent > maxExponent:
		return false, "", 0, Invalidf("Number overflow. Attempting to store a number with magnitude larger " +
			"than supported range")
	case exponent < minExponent:
		return false, "", 0, Invalidf("Number underflow. Attempting to store a number with magnitude " +
			"smaller than supported range")
	}
	return d.IsNegative(), digits, exponent, nil
}

// Normalise returns a number's text as DynamoDB returns it, or a validation error.
func Normalise(text string) (string, error) {
	if plainInteger(text) {
		return text, nil
	}
	negative, digits, exponent, err := parse(text)
	if err != nil || digits == "" {
		return "0", err
	}
	out := ""
	switch {
	case exponent < 0 && exponent >= -7:
		out = "0." + strings.Repeat("0", -exponent-1) + digits
	case exponent >= 0 && exponent < 40 && len(digits) <= exponent+1:
		out = digits + strings.Repeat("0", exponent+1-len(digits))
	case exponent >= 0 && exponent < 40:
		out = digits[:exponent+1] + "." + digits[exponent+1:]
	default:
		out = decimal.NewFromBigInt(mustInt(digits), int32(exponent-len(digits)+1)).String()
	}
	if negative {
		out = "-" + out
	}
	return out, nil
}

// plainInteger reports whether a number is an integer that is written as it is returned: most
// are, and need no parsing.
func plainInteger(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	if digits == "" || len(digits) > maxDigits || digits[0] == '0' && len(text) > 1 {
		return false
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return false
		}
	}
	return true
}

func mustInt(digits string) *big.Int {
	n, ok := new(big.Int).SetString(digits, 10)
	if !ok {
		panic("attribute: digits that are not: " + digits)
	}
	return n
}

// SortableNumber returns bytes whose order is the order of the numbers. The text must have
// been normalised.
func SortableNumber(text string) string {
	negative, digits, exponent, err := parse(text)
	if err != nil {
		panic("attribute: a stored number does not parse: " + text)
	}
	if digits == "" {
		return "\x01"
	}
	e := exponent - minExponent + 1 // 1 to 257
	b := append([]byte{2, byte(e >> 8), byte(e)}, digits...)
	if negative {
		// The complement reverses the order; the end mark keeps a prefix behind what it begins.
		b[0] = 0xff
		for i := range b {
			b[i] = ^b[i]
		}
		b = append(b, 0xff)
	}
	return string(b)
}

// Add returns a + b, or a - b when subtract is set, as a number value.
func Add(a, b Value, subtract bool) (Value, error) {
	x, errX := decimal.NewFromString(a.Text)
	y, errY := decimal.NewFromString(b.Text)
	if errX != nil || errY != nil {
		return Value{}, Invalidf("An operand in the update expression has an incorrect data type")
	}
	if subtract {
		y = y.Neg()
	}
	text, err := Normalise(x.Add(y).String())
	return Value{Type: N, Text: text}, err
}

// NumberOf returns the number whose SortableNumber is given.
func NumberOf(sortable string) string {
	b := []byte(sortable)
	if len(b) < 4 {
		return "0"
	}
	negative := b[0] < 2
	if negative {
		for i := range b {
			b[i] = ^b[i]
		}
		b = b[:len(b)-1] // the end mark
	}
	digits := string(b[3:])
	exponent := int(b[1])<<8 + int(b[2]) + minExponent - 1
	text, err := Normalise(digits + "e" + strconv.Itoa(exponent-len(digits)+1))
	if err != nil {
		return digits
	}
	if negative {
		text = "-" + text
	}
	return text
}
