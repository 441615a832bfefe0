// Package partiql parses the statements of PartiQL that DynamoDB takes (AWS DynamoDB Developer
// Guide, "PartiQL - a SQL-compatible query language for Amazon DynamoDB"), and says them in
// DynamoDB's own expressions.
package partiql

import (
	"strings"

	"crossover/driver/embedded/dynamodb/attribute"
)

type kind uint8

const (
	end    kind = iota
	word        // a keyword, or a name without quotes
	name        // "name"
	text        // 'text'
	number      // 1.5e3
	symbol      // anything else
)

type token struct {
	kind kind
	text string
	at   int
}

// MaxStatement is the longest statement in bytes (API Reference, ExecuteStatement).
const MaxStatement = 8192

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c == '$' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }

// fail returns an error in the service's words for a statement that does not parse.
func fail(format string, args ...any) error {
	return attribute.Invalidf("Statement wasn't well formed, can't be processed: "+format, args...)
}

func lex(s string) ([]token, error) {
	var out []token
	for i := 0; i < len(s); {
		c, start := s[i], i
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
			continue
		case letter(c):
			for i < len(s) && (letter(s[i]) || digit(s[i])) {
				i++
			}
			out = append(out, token{word, s[start:i], start})
		case digit(c):
			i = numeral(s, i)
			out = append(out, token{number, s[start:i], start})
		case c == '\'' || c == '"':
			t, next, ok := quoted(s, i)
			if !ok {
				return nil, fail("unterminated quotation at %d", start)
			}
			i = next
			k := text
			if c == '"' {
				k = name
			}
			out = append(out, token{k, t, start})
		case len(s) > i+1 && strings.Contains(" << >> <> != <= >= ", " "+s[i:i+2]+" "):
			i += 2
			out = append(out, token{symbol, s[start:i], start})
		case strings.IndexByte("=<>(),.[]{}:?*+-;", c) >= 0:
			i++
			out = append(out, token{symbol, s[start:i], start})
		default:
			return nil, fail("unexpected character at %d", start)
		}
	}
	return append(out, token{end, "end of statement", len(s)}), nil
}

// numeral returns where a number ends that begins at i.
func numeral(s string, i int) int {
	digits := func() {
		for i < len(s) && digit(s[i]) {
			i++
		}
	}
	digits()
	if i+1 < len(s) && s[i] == '.' && digit(s[i+1]) {
		i++
		digits()
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		j := i + 1
		if j < len(s) && (s[j] == '+' || s[j] == '-') {
			j++
		}
		if j < len(s) && digit(s[j]) {
			i = j
			digits()
		}
	}
	return i
}

// quoted reads a quotation that begins at i; a doubled quotation mark stands for one.
func quoted(s string, i int) (t string, next int, ok bool) {
	mark := s[i]
	var b strings.Builder
	for i++; i < len(s); i++ {
		if s[i] != mark {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == mark {
			b.WriteByte(mark)
			i++
			continue
		}
		return b.String(), i + 1, true
	}
	return "", i, false
}
