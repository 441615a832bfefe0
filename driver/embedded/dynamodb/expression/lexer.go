// Package expression parses and evaluates DynamoDB's expressions: condition, filter, key
// condition, projection and update.
package expression

import (
	"strings"

	"crossover/driver/embedded/dynamodb/attribute"
)

// A token is one word of an expression.
type token struct {
	kind tokenKind
	text string
	at   int // byte offset
}

type tokenKind uint8

const (
	end tokenKind = iota
	word
	name   // #name
	value  // :value
	index  // digits
	symbol // one of = <> < <= > >= ( ) , . [ ] + -
)

// maxExpression is the longest expression in bytes (Developer Guide, "Expression parameters").
const maxExpression = 4096

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }

// lex splits an expression into words.
func lex(text string) ([]token, error) {
	if len(text) > maxExpression {
		return nil, attribute.Invalidf("Expression size has exceeded the maximum allowed size; expression "+
			"size: %d", len(text))
	}
	var out []token
	for i := 0; i < len(text); {
		c := text[i]
		start := i
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
			continue
		case letter(c), c == '#', c == ':':
			i++
			for i < len(text) && (letter(text[i]) || digit(text[i])) {
				i++
			}
			kind := word
			if c == '#' {
				kind = name
			} else if c == ':' {
				kind = value
			}
			if kind != word && i == start+1 {
				return nil, syntax(text, string(c), start)
			}
			out = append(out, token{kind, text[start:i], start})
		case digit(c):
			for i < len(text) && digit(text[i]) {
				i++
			}
			out = append(out, token{index, text[start:i], start})
		case strings.HasPrefix(text[i:], "<>"), strings.HasPrefix(text[i:], "<="), strings.HasPrefix(text[i:], ">="):
			i += 2
			out = append(out, token{symbol, text[start:i], start})
		case strings.IndexByte("=<>(),.[]+-", c) >= 0:
			i++
			out = append(out, token{symbol, text[start:i], start})
		default:
			return nil, syntax(text, string(c), start)
		}
	}
	return append(out, token{end, "<EOF>", len(text)}), nil
}

// syntax returns DynamoDB's own words for an expression that does not parse.
func syntax(text, tok string, at int) error {
	from := max(0, at-10)
	return attribute.Invalidf("Syntax error; token: \"%s\", near: "+
		"\"%s\"", tok, text[from:min(len(text), at+len(tok)+5)])
}
