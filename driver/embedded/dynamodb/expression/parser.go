package expression

import (
	"slices"
	"strconv"
	"strings"

	"crossover/driver/embedded/dynamodb/attribute"
)

// Names and Values are what a request gives for #name and :value; Use records which of them
// the expressions of one request used, since the service refuses what is left over.
type Names struct {
	Names  map[string]string
	Values attribute.Item
	used   map[string]bool
}

// Unused returns an error that names what no expression used.
func (n *Names) Unused() error {
	var left []string
	for k := range n.Names {
		if !n.used[k] {
			left = append(left, k)
		}
	}
	if len(left) > 0 {
		slices.Sort(left)
		return attribute.Invalidf("Value provided in ExpressionAttributeNames unused in expressions: keys: "+
			"{%s}", strings.Join(left, ", "))
	}
	for k := range n.Values {
		if !n.used[k] {
			left = append(left, k)
		}
	}
	if len(left) > 0 {
		slices.Sort(left)
		return attribute.Invalidf("Value provided in ExpressionAttributeValues unused in expressions: keys: "+
			"{%s}", strings.Join(left, ", "))
	}
	return nil
}

func (n *Names) use(k string) {
	if n.used == nil {
		n.used = map[string]bool{}
	}
	n.used[k] = true
}

type parser struct {
	text  string
	toks  []token
	pos   int
	names *Names
	depth int
	group [2]int // the first and last token of the parentheses that were closed last
}

// maxNesting bounds recursion; DynamoDB's own limit is 300 operators in an expression.
const maxNesting = 100

func newParser(text string, n *Names) (*parser, error) {
	if strings.TrimSpace(text) == "" {
		return nil, attribute.Invalidf("The expression can not be empty;")
	}
	toks, err := lex(text)
	if err != nil {
		return nil, err
	}
	return &parser{text: text, toks: toks, names: n}, nil
}

func (p *parser) peek() token { return p.toks[p.pos] }

func (p *parser) next() token {
	t := p.toks[p.pos]
	if t.kind != end {
		p.pos++
	}
	return t
}

func (p *parser) fail(t token) error { return syntax(p.text, t.text, t.at) }

func (p *parser) symbol(s string) bool {
	if t := p.peek(); t.kind == symbol && t.text == s {
		p.pos++
		return true
	}
	return false
}

func (p *parser) expect(s string) error {
	if !p.symbol(s) {
		return p.fail(p.peek())
	}
	return nil
}

// keyword consumes a word whatever its case.
func (p *parser) keyword(w string) bool {
	if t := p.peek(); t.kind == word && strings.EqualFold(t.text, w) {
		p.pos++
		return true
	}
	return false
}

func (p *parser) path() (Path, error) {
	var out Path
	for {
		t := p.next()
		switch t.kind {
		case word:
			if reserved[strings.ToUpper(t.text)] {
				return nil, attribute.Invalidf("Attribute name is a reserved keyword; reserved keyword: %s", t.text)
			}
			out = append(out, step{t.text, -1})
		case name:
			full, ok := p.names.Names[t.text]
			if !ok {
				return nil, attribute.Invalidf("An expression attribute name used in the document path is "+
					"not defined; attribute name: %s", t.text)
			}
			p.names.use(t.text)
			out = append(out, step{full, -1})
		default:
			return nil, p.fail(t)
		}
		for p.symbol("[") {
			t := p.next()
			if t.kind != index {
				return nil, p.fail(t)
			}
			n, err := strconv.Atoi(t.text)
			if err != nil {
				return nil, attribute.Invalidf("List index is not within the allowable range; index: [%s]", t.text)
			}
			out = append(out, step{"", n})
			if err := p.expect("]"); err != nil {
				return nil, err
			}
		}
		if !p.symbol(".") {
			return out, nil
		}
	}
}

// An operand gives a value, or none where its attribute is missing.
type operand interface {
	eval(it attribute.Item) (attribute.Value, bool)
}

type literal struct{ v attribute.Value }

func (l literal) eval(attribute.Item) (attribute.Value, bool) { return l.v, true }

type pathOperand struct{ p Path }

func (o pathOperand) eval(it attribute.Item) (attribute.Value, bool) { return o.p.get(it) }

type sizeOperand struct{ p Path }

func (o sizeOperand) eval(it attribute.Item) (attribute.Value, bool) {
	v, ok := o.p.get(it)
	if !ok {
		return v, false
	}
	n := 0
	switch v.Type {
	case attribute.S, attribute.B:
		n = len(v.Text)
	case attribute.L:
		n = len(v.List)
	case attribute.M:
		n = len(v.Map)
	case attribute.SS, attribute.NS, attribute.BS:
		n = len(v.Texts)
	default:
		return attribute.Value{}, false
	}
	return attribute.Value{Type: attribute.N, Text: strconv.Itoa(n)}, true
}

func (p *parser) literal(t token) (operand, error) {
	v, ok := p.names.Values[t.text]
	if !ok {
		return nil, attribute.Invalidf("An expression attribute value used in expression is not defined; "+
			"attribute value: %s", t.text)
	}
	p.names.use(t.text)
	return literal{v}, nil
}

func (p *parser) operand() (operand, error) {
	t := p.peek()
	if t.kind == value {
		p.next()
		return p.literal(t)
	}
	if t.kind == word && t.text == "size" && p.toks[p.pos+1].text == "(" {
		p.pos += 2
		path, err := p.path()
		if err != nil {
			return nil, err
		}
		return sizeOperand{path}, p.expect(")")
	}
	path, err := p.path()
	return pathOperand{path}, err
}

// Projection parses a projection expression.
func Projection(text string, n *Names) ([]Path, error) {
	p, err := newParser(text, n)
	if err != nil {
		return nil, attribute.Invalidf("Invalid ProjectionExpression: %s", err)
	}
	var out []Path
	for {
		path, err := p.path()
		if err != nil {
			return nil, attribute.Invalidf("Invalid ProjectionExpression: %s", err)
		}
		out = append(out, path)
		if p.peek().kind == end {
			if err := apart(out); err != nil {
				return nil, attribute.Invalidf("Invalid ProjectionExpression: %s", err)
			}
			return out, nil
		}
		if err := p.expect(","); err != nil {
			return nil, attribute.Invalidf("Invalid ProjectionExpression: %s", err)
		}
	}
}
