package partiql

import (
	"strings"

	"crossover/driver/embedded/dynamodb/attribute"
)

// literalWords are the words that are values.
var literalWords = map[string]bool{"true": true, "false": true, "null": true}

// value reads a value: a literal, or the next parameter.
func (p *parser) value() (attribute.Value, error) {
	if err := p.deeper(); err != nil {
		return attribute.Value{}, err
	}
	defer func() { p.depth-- }()
	t := p.next()
	switch {
	case t.kind == text:
		return attribute.Value{Type: attribute.S, Text: t.text}, nil
	case t.kind == number:
		return numeric(t.text)
	case t.kind == word && literalWords[strings.ToLower(t.text)]:
		if strings.EqualFold(t.text, "null") {
			return attribute.Value{Type: attribute.NULL, Bool: true}, nil
		}
		return attribute.Value{Type: attribute.BOOL, Bool: strings.EqualFold(t.text, "true")}, nil
	case t.kind != symbol:
		return attribute.Value{}, p.unexpected(t)
	}
	switch t.text {
	case "?":
		if p.used == len(p.parameters) {
			return attribute.Value{}, attribute.Invalidf("Number of parameters in request and statement don't match.")
		}
		p.used++
		return p.parameters[p.used-1], nil
	case "-", "+":
		if n := p.next(); n.kind == number {
			return numeric(strings.TrimPrefix(t.text, "+") + n.text)
		}
	case "[":
		list, err := p.list("]")
		return attribute.Value{Type: attribute.L, List: list}, err
	case "<<":
		return p.set()
	case "{":
		return p.document()
	}
	return attribute.Value{}, p.unexpected(t)
}

func numeric(s string) (attribute.Value, error) {
	n, err := attribute.Normalise(s)
	return attribute.Value{Type: attribute.N, Text: n}, err
}

// list reads values up to a closing symbol.
func (p *parser) list(closing string) ([]attribute.Value, error) {
	out := []attribute.Value{}
	if p.symbol(closing) {
		return out, nil
	}
	for {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		if p.symbol(closing) {
			return out, nil
		}
		if err := p.expect(","); err != nil {
			return nil, err
		}
	}
}

// set reads a set of strings, numbers or binaries.
func (p *parser) set() (attribute.Value, error) {
	list, err := p.list(">>")
	if err != nil {
		return attribute.Value{}, err
	}
	if len(list) == 0 {
		return attribute.Value{}, fail("a set may not be empty")
	}
	out := attribute.Value{Type: list[0].Type + "S"}
	for _, v := range list {
		if v.Type+"S" != out.Type || v.Type != attribute.S && v.Type != attribute.N && v.Type != attribute.B {
			return attribute.Value{}, fail("a set has strings, numbers or binaries, all of one type")
		}
		out.Texts = append(out.Texts, v.Text)
	}
	out.SortSet()
	for i := 1; i < len(out.Texts); i++ {
		if out.Texts[i] == out.Texts[i-1] {
			return attribute.Value{}, attribute.Invalidf("Input collection contains duplicates")
		}
	}
	return out, nil
}

// document reads a map; its names are in single quotation marks.
func (p *parser) document() (attribute.Value, error) {
	out := attribute.Value{Type: attribute.M, Map: attribute.Item{}}
	if p.symbol("}") {
		return out, nil
	}
	for {
		t := p.next()
		if t.kind != text && t.kind != name {
			return attribute.Value{}, p.unexpected(t)
		}
		if err := p.expect(":"); err != nil {
			return attribute.Value{}, err
		}
		v, err := p.value()
		if err != nil {
			return attribute.Value{}, err
		}
		out.Map[t.text] = v
		if p.symbol("}") {
			return out, nil
		}
		if err := p.expect(","); err != nil {
			return attribute.Value{}, err
		}
	}
}
