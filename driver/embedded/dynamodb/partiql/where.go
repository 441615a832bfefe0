package partiql

import (
	"strings"

	"crossover/driver/embedded/dynamodb/attribute"
)

// where reads a condition and takes it apart at its outer ANDs.
func (p *parser) where() error {
	for {
		c, err := p.not()
		if err != nil {
			return err
		}
		if p.keyword("OR") {
			// OR binds less than AND: all that has been read is its left side.
			left := Condition(append(p.out.Where, c))
			right, err := p.or()
			if err != nil {
				return err
			}
			p.out.Where = []Conjunct{{Text: left + " OR " + right}}
			return nil
		}
		p.out.Where = append(p.out.Where, c)
		if !p.keyword("AND") {
			return nil
		}
	}
}

func (p *parser) or() (string, error) {
	out, err := p.and()
	for err == nil && p.keyword("OR") {
		var more string
		more, err = p.and()
		out += " OR " + more
	}
	return out, err
}

func (p *parser) and() (string, error) {
	c, err := p.not()
	out := c.Text
	for err == nil && p.keyword("AND") {
		c, err = p.not()
		out += " AND " + c.Text
	}
	return out, err
}

func (p *parser) not() (Conjunct, error) {
	if err := p.deeper(); err != nil {
		return Conjunct{}, err
	}
	defer func() { p.depth-- }()
	if p.keyword("NOT") {
		c, err := p.not()
		return Conjunct{Text: "NOT " + c.Text}, err
	}
	if p.symbol("(") {
		inner, err := p.or()
		if err != nil {
			return Conjunct{}, err
		}
		return Conjunct{Text: group(inner)}, p.expect(")")
	}
	return p.predicate()
}

// An operand is a path, a value, or the size of a path.
type operand struct {
	text  string
	top   string // of a path of one step
	value *attribute.Value
}

func (p *parser) operand() (operand, error) {
	if p.call("size") {
		path, _, err := p.path()
		if err != nil {
			return operand{}, err
		}
		return operand{text: "size(" + path + ")"}, p.expect(")")
	}
	if t := p.peek(); t.kind == name || t.kind == word && !literalWords[strings.ToLower(t.text)] {
		path, top, err := p.path()
		if strings.ContainsAny(path, ".[") {
			top = ""
		}
		return operand{text: path, top: top}, err
	}
	v, err := p.value()
	if err != nil {
		return operand{}, err
	}
	return operand{text: p.placeholder(v), value: &v}, nil
}

func (p *parser) predicate() (Conjunct, error) {
	for _, function := range []string{"begins_with", "contains", "attribute_type"} {
		if p.call(function) {
			return p.function(function)
		}
	}
	a, err := p.operand()
	if err != nil {
		return Conjunct{}, err
	}
	t := p.peek()
	switch {
	case t.kind == symbol && strings.Contains(" = <> != < <= > >= ", " "+t.text+" "):
		p.next()
		b, err := p.operand()
		op := strings.Replace(t.text, "!=", "<>", 1)
		return choose(a, op, a.text+" "+op+" "+b.text, b), err
	case p.keyword("BETWEEN"):
		low, err := p.operand()
		if err == nil {
			err = p.expectWord("AND")
		}
		if err != nil {
			return Conjunct{}, err
		}
		high, err := p.operand()
		return choose(a, "BETWEEN", a.text+" BETWEEN "+low.text+" AND "+high.text, low, high), err
	case p.keyword("IN"):
		return p.in(a)
	case p.keyword("IS"):
		return p.is(a)
	}
	return Conjunct{}, p.unexpected(t)
}

// choose returns a comparison; one of an attribute with values may choose a key.
func choose(a operand, op, text string, with ...operand) Conjunct {
	c := Conjunct{Text: text}
	for _, o := range with {
		if o.value == nil || a.top == "" || op == "<>" {
			return Conjunct{Text: text}
		}
		c.Values = append(c.Values, *o.value)
	}
	c.Attribute, c.Op = a.top, op
	return c
}

func (p *parser) function(function string) (Conjunct, error) {
	a, err := p.operand()
	if err == nil {
		err = p.expect(",")
	}
	if err != nil {
		return Conjunct{}, err
	}
	b, err := p.operand()
	if err != nil {
		return Conjunct{}, err
	}
	c := Conjunct{Text: function + "(" + a.text + ", " + b.text + ")"}
	if function == "begins_with" {
		c = choose(a, function, c.Text, b)
	}
	return c, p.expect(")")
}

// in reads a list in brackets or parentheses.
func (p *parser) in(a operand) (Conjunct, error) {
	closing := ")"
	if !p.symbol("(") {
		if err := p.expect("["); err != nil {
			return Conjunct{}, err
		}
		closing = "]"
	}
	var list []operand
	var texts []string
	for {
		o, err := p.operand()
		if err != nil {
			return Conjunct{}, err
		}
		list, texts = append(list, o), append(texts, o.text)
		if p.symbol(closing) {
			return choose(a, "IN", a.text+" IN ("+strings.Join(texts, ", ")+")", list...), nil
		}
		if err := p.expect(","); err != nil {
			return Conjunct{}, err
		}
	}
}

// is reads what follows IS: [NOT] MISSING or [NOT] NULL.
func (p *parser) is(a operand) (Conjunct, error) {
	not := p.keyword("NOT")
	switch {
	case p.keyword("MISSING") && not:
		return Conjunct{Text: "attribute_exists(" + a.text + ")"}, nil
	case p.toks[p.pos-1].is("MISSING"):
		return Conjunct{Text: "attribute_not_exists(" + a.text + ")"}, nil
	case p.keyword("NULL"):
		text := "attribute_type(" + a.text + ", " + p.placeholder(attribute.Value{Type: attribute.S, Text: "NULL"}) + ")"
		if not {
			text = "NOT " + text
		}
		return Conjunct{Text: text}, nil
	}
	return Conjunct{}, p.unexpected(p.peek())
}

func (t token) is(w string) bool { return t.kind == word && strings.EqualFold(t.text, w) }
