package expression

import (
	"regexp"
	"strings"
)

// A regular expression's flags, as the C library's regcomp has them, to which a server passes
// them on.
const (
	regexExtended   = 1
	regexIgnoreCase = 2
	regexNewline    = 4
)

// regex builds a comparison of a string with a POSIX regular expression. Back references are
// refused: the expressions here are matched in linear time.
func (c *compiler) regex(n *node, list [][]byte) bool {
	if len(list) != 3 {
		return false
	}
	flags, ok := numberOf(list[0])
	if !ok {
		return false
	}
	pattern, ok := nameOf(list[1])
	if !ok || !c.arguments(n, list[2:]) || n.args[0].typ != String {
		return false
	}
	n.typ = Bool
	compiled, err := compileRegex(strings.TrimSuffix(string(pattern), "\x00"), flags)
	n.regex = compiled
	return err == nil
}

func compileRegex(pattern string, flags int64) (*regexp.Regexp, error) {
	if flags&regexExtended == 0 {
		pattern = extended(pattern)
	}
	modes := "s"
	if flags&regexNewline != 0 {
		modes = "m" // a dot does not match a new line, and ^ and $ match around one
	}
	if flags&regexIgnoreCase != 0 {
		modes += "i"
	}
	return regexp.Compile("(?" + modes + ")" + pattern)
}

// extended turns a basic regular expression into an extended one: in a basic one ( ) { } | + ?
// stand for themselves, and mean something after a backslash.
func extended(basic string) string {
	var b strings.Builder
	for i := 0; i < len(basic); i++ {
		switch c := basic[i]; {
		case c == '[': // a set is the same in both
			end := setEnd(basic[i:])
			b.WriteString(basic[i : i+end])
			i += end - 1
		case c == '\\' && i+1 < len(basic):
			i++
			if !strings.ContainsRune("(){}|+?", rune(basic[i])) {
				b.WriteByte('\\')
			}
			b.WriteByte(basic[i])
		case strings.ContainsRune("(){}|+?", rune(c)):
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '*' && (i == 0 || basic[i-1] == '^' || strings.HasSuffix(basic[:i], `\(`)):
			b.WriteString(`\*`) // there is nothing to repeat
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// setEnd returns how long the set is at the beginning of s; all of it when it does not end.
func setEnd(s string) int {
	i := 1
	if i < len(s) && s[i] == '^' {
		i++
	}
	if i < len(s) && s[i] == ']' {
		i++
	}
	for ; i < len(s); i++ {
		if s[i] == '[' && i+1 < len(s) && strings.IndexByte(":.=", s[i+1]) >= 0 {
			if end := strings.Index(s[i+2:], s[i+1:i+2]+"]"); end >= 0 {
				i += end + 3
				continue
			}
		}
		if s[i] == ']' {
			return i + 1
		}
	}
	return len(s)
}
