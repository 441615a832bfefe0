package expression

import (
	"fmt"
	"slices"
	"strings"

	"crossover/driver/embedded/dynamodb/attribute"
)

// A Condition is a condition or filter expression.
type Condition interface {
	// Holds reports whether an item meets the condition; a missing item is an empty one.
	Holds(it attribute.Item) bool
}

type (
	and struct{ a, b Condition }
	or  struct{ a, b Condition }
	not struct{ a Condition }
)

func (c and) Holds(it attribute.Item) bool { return c.a.Holds(it) && c.b.Holds(it) }
func (c or) Holds(it attribute.Item) bool  { return c.a.Holds(it) || c.b.Holds(it) }
func (c not) Holds(it attribute.Item) bool { return !c.a.Holds(it) }

type comparison struct {
	op   string
	a, b operand
}

func (c comparison) Holds(it attribute.Item) bool {
	a, okA := c.a.eval(it)
	b, okB := c.b.eval(it)
	if !okA || !okB {
		return c.op == "<>" && okA != okB
	}
	switch c.op {
	case "=":
		return a.Equal(b)
	case "<>":
		return !a.Equal(b)
	}
	order, ok := a.Compare(b)
	if !ok {
		return false
	}
	switch c.op {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

type between struct{ v, low, high operand }

func (c between) Holds(it attribute.Item) bool {
	return comparison{">=", c.v, c.low}.Holds(it) && comparison{"<=", c.v, c.high}.Holds(it)
}

type in struct {
	v    operand
	list []operand
}

func (c in) Holds(it attribute.Item) bool {
	for _, o := range c.list {
		if (comparison{"=", c.v, o}).Holds(it) {
			return true
		}
	}
	return false
}

type exists struct {
	p    Path
	want bool
}

func (c exists) Holds(it attribute.Item) bool {
	_, ok := c.p.get(it)
	return ok == c.want
}

type call struct {
	name string
	a, b operand
}

func (c call) Holds(it attribute.Item) bool {
	a, okA := c.a.eval(it)
	b, okB := c.b.eval(it)
	if !okA || !okB {
		return false
	}
	switch c.name {
	case "attribute_type":
		return b.Text == string(a.Type)
	case "begins_with":
		return a.Type == b.Type && (a.Type == attribute.S || a.Type == attribute.B) && strings.HasPrefix(a.Text, b.Text)
	}
	// contains
	switch a.Type {
	case attribute.S, attribute.B:
		return a.Type == b.Type && strings.Contains(a.Text, b.Text)
	case attribute.SS, attribute.NS, attribute.BS:
		for _, t := range a.Texts {
			if b.Type == a.Type[:1] && t == b.Text {
				return true
			}
		}
	case attribute.L:
		for _, e := range a.List {
			if e.Equal(b) {
				return true
			}
		}
	}
	return false
}

// ParseCondition parses a condition or filter; kind names it in errors (ConditionExpression).
func ParseCondition(kind, text string, n *Names) (Condition, error) {
	p, err := newParser(text, n)
	if err == nil {
		var c Condition
		if c, err = p.or(); err == nil {
			if t := p.peek(); t.kind != end {
				err = p.fail(t)
			} else {
				return c, nil
			}
		}
	}
	return nil, attribute.Invalidf("Invalid %s: %s", kind, err)
}

func (p *parser) or() (Condition, error) {
	c, err := p.and()
	for err == nil && p.keyword("OR") {
		var b Condition
		b, err = p.and()
		c = or{c, b}
	}
	return c, err
}

func (p *parser) and() (Condition, error) {
	c, err := p.not()
	for err == nil && p.keyword("AND") {
		var b Condition
		b, err = p.not()
		c = and{c, b}
	}
	return c, err
}

func (p *parser) not() (Condition, error) {
	if p.depth++; p.depth > maxNesting {
		return nil, attribute.Invalidf("The expression has too many nested operators")
	}
	defer func() { p.depth-- }()
	if p.keyword("NOT") {
		c, err := p.not()
		return not{c}, err
	}
	if first := p.pos; p.symbol("(") {
		c, err := p.or()
		if err == nil {
			err = p.expect(")")
		}
		if err == nil && p.group == [2]int{first + 1, p.pos - 2} {
			err = attribute.Invalidf("The expression has redundant parentheses;")
		}
		p.group = [2]int{first, p.pos - 1}
		return c, err
	}
	return p.predicate()
}

func (p *parser) predicate() (Condition, error) {
	if t := p.peek(); t.kind == word && p.toks[p.pos+1].text == "(" && t.text != "size" {
		return p.function()
	}
	a, err := p.operand()
	if err != nil {
		return nil, err
	}
	t := p.peek()
	switch {
	case t.kind == symbol && strings.Contains(" = <> < <= > >= ", " "+t.text+" "):
		p.next()
		b, err := p.operand()
		if err != nil {
			return nil, err
		}
		return comparison{t.text, a, b}, distinct(t.text, a, b)
	case p.keyword("BETWEEN"):
		low, err := p.operand()
		if err != nil {
			return nil, err
		}
		if !p.keyword("AND") {
			return nil, p.fail(p.peek())
		}
		high, err := p.operand()
		if err != nil {
			return nil, err
		}
		return between{a, low, high}, bounds(low, high)
	case p.keyword("IN"):
		return p.in(a)
	}
	return nil, p.fail(t)
}

// maxIn is how many values IN may have (Developer Guide, "Comparison operator reference").
const maxIn = 100

func (p *parser) in(a operand) (Condition, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	c := in{v: a}
	for {
		o, err := p.operand()
		if err != nil {
			return nil, err
		}
		c.list = append(c.list, o)
		if len(c.list) > maxIn {
			return nil, attribute.Invalidf("The IN operator is provided with too many operands; number of "+
				"operands: %d", len(c.list))
		}
		if p.symbol(")") {
			return c, nil
		}
		if err := p.expect(","); err != nil {
			return nil, err
		}
	}
}

func (p *parser) function() (Condition, error) {
	t := p.next()
	p.next() // the parenthesis that predicate saw
	switch t.text {
	case "attribute_exists", "attribute_not_exists":
		path, err := p.path()
		if err != nil {
			return nil, err
		}
		return exists{path, t.text == "attribute_exists"}, p.expect(")")
	case "attribute_type", "begins_with", "contains":
		a, err := p.operand()
		if err != nil {
			return nil, err
		}
		if err := p.expect(","); err != nil {
			return nil, err
		}
		b, err := p.operand()
		if err != nil {
			return nil, err
		}
		if err := p.expect(")"); err != nil {
			return nil, err
		}
		if err := distinct(t.text, a, b); err != nil {
			return nil, err
		}
		return call{t.text, a, b}, argument(t.text, b)
	}
	return nil, attribute.Invalidf("Invalid function name; function: %s", t.text)
}

// distinct refuses an attribute that is held against itself.
func distinct(operator string, a, b operand) error {
	x, okX := a.(pathOperand)
	y, okY := b.(pathOperand)
	if okX && okY && slices.Equal(x.p, y.p) {
		return attribute.Invalidf("The first operand must be distinct from the remaining operands for this operator or "+
			"function; operator: %s, first operand: %s", operator, x.p.inWords())
	}
	return nil
}

// bounds refuses a BETWEEN whose literal bounds are the wrong way round, or of unlike types.
func bounds(low, high operand) error {
	l, okL := low.(literal)
	h, okH := high.(literal)
	if !okL || !okH {
		return nil
	}
	order, ok := l.v.Compare(h.v)
	switch {
	case !ok && l.v.Type != h.v.Type:
		return attribute.Invalidf("The BETWEEN operator requires same data type for lower and upper bounds; "+
			"lower bound operand: AttributeValue: %s, upper bound operand: AttributeValue: "+
			"%s", inWords(l.v), inWords(h.v))
	case order > 0:
		return attribute.Invalidf("The BETWEEN operator requires upper bound to be greater than or equal to "+
			"lower bound; "+
			"lower bound operand: AttributeValue: %s, upper bound operand: AttributeValue: "+
			"%s", inWords(l.v), inWords(h.v))
	}
	return nil
}

// inWords returns a scalar as error messages show it: {S:text}.
func inWords(v attribute.Value) string { return fmt.Sprintf("{%s:%s}", v.Type, v.Text) }

// argument refuses a literal of a type that a function does not take.
func argument(function string, o operand) error {
	l, ok := o.(literal)
	if !ok {
		return nil
	}
	t := l.v.Type
	switch {
	case function == "begins_with" && t != attribute.S && t != attribute.B, function == "attribute_type" && t != attribute.S:
		return attribute.Invalidf("Incorrect operand type for operator or function; operator or function: "+
			"%s, operand type: %s", function, t)
	case function == "attribute_type" && !types[l.v.Text]:
		return attribute.Invalidf("Invalid attribute type name found; type: %s, valid types: "+
			"{B,NULL,SS,BOOL,L,BS,N,NS,S,M}", l.v.Text)
	}
	return nil
}

var types = map[string]bool{
	"S": true, "N": true, "B": true, "BOOL": true, "NULL": true, "L": true, "M": true, "SS": true, "NS": true, "BS": true,
}

// Tops returns the attributes that a condition is about, each once.
func Tops(c Condition) []string {
	var out []string
	add := func(o operand) {
		var p Path
		switch o := o.(type) {
		case pathOperand:
			p = o.p
		case sizeOperand:
			p = o.p
		default:
			return
		}
		if !slices.Contains(out, p.Top()) {
			out = append(out, p.Top())
		}
	}
	var walk func(c Condition)
	walk = func(c Condition) {
		switch c := c.(type) {
		case and:
			walk(c.a)
			walk(c.b)
		case or:
			walk(c.a)
			walk(c.b)
		case not:
			walk(c.a)
		case comparison:
			add(c.a)
			add(c.b)
		case between:
			add(c.v)
			add(c.low)
			add(c.high)
		case in:
			add(c.v)
			for _, o := range c.list {
				add(o)
			}
		case exists:
			add(pathOperand{c.p})
		case call:
			add(c.a)
			add(c.b)
		}
	}
	walk(c)
	return out
}
