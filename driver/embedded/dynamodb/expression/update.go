package expression

import (
	"slices"
	"strings"

	"crossover/driver/embedded/dynamodb/attribute"
)

// An Update is an update expression.
type Update struct {
	sets    []assignment
	removes []Path
	adds    []change
	deletes []change
	late    error // what is told only when nothing is wrong with the places
}

type assignment struct {
	p Path
	v operand // evaluated on the item as it was
}

type change struct {
	p Path
	v attribute.Value
}

// ErrOperand is wrapped when an update meets a value of the wrong type.
const ErrOperand = attribute.Invalid("An operand in the update expression has an incorrect data type")

// errMissing: the service's own words.
const errMissing = attribute.Invalid("The provided expression refers to an attribute that does not exist in the item")

// errPath: the service's own words.
const errPath = attribute.Invalid("The document path provided in the update expression is invalid for update")

type arithmetic struct {
	a, b     operand
	subtract bool
}

func (o arithmetic) eval(it attribute.Item) (attribute.Value, bool) {
	a, okA := o.a.eval(it)
	b, okB := o.b.eval(it)
	if !okA || !okB || a.Type != attribute.N || b.Type != attribute.N {
		return attribute.Value{}, false
	}
	v, err := attribute.Add(a, b, o.subtract)
	return v, err == nil
}

type ifNotExists struct {
	p    Path
	then operand
}

func (o ifNotExists) eval(it attribute.Item) (attribute.Value, bool) {
	if v, ok := o.p.get(it); ok {
		return v, true
	}
	return o.then.eval(it)
}

type listAppend struct{ a, b operand }

func (o listAppend) eval(it attribute.Item) (attribute.Value, bool) {
	a, okA := o.a.eval(it)
	b, okB := o.b.eval(it)
	if !okA || !okB || a.Type != attribute.L || b.Type != attribute.L {
		return attribute.Value{}, false
	}
	return attribute.Value{Type: attribute.L, List: append(slices.Clone(a.List), b.List...)}, true
}

// ParseUpdate parses an update expression.
func ParseUpdate(text string, n *Names) (*Update, error) {
	u, err := parseUpdate(text, n)
	if err != nil {
		return nil, attribute.Invalidf("Invalid UpdateExpression: %s", err)
	}
	return u, nil
}

func parseUpdate(text string, n *Names) (*Update, error) {
	p, err := newParser(text, n)
	if err != nil {
		return nil, err
	}
	u := &Update{}
	seen := map[string]bool{}
	for p.peek().kind != end {
		t := p.next()
		clause := strings.ToUpper(t.text)
		if t.kind != word || !slices.Contains([]string{"SET", "REMOVE", "ADD", "DELETE"}, clause) {
			return nil, p.fail(t)
		}
		if seen[clause] {
			return nil, attribute.Invalidf("The \"%s\" section can only be used once in an update "+
				"expression;", clause)
		}
		seen[clause] = true
		for {
			if err := p.action(u, clause); err != nil {
				return nil, err
			}
			if !p.symbol(",") {
				break
			}
		}
	}
	if err := apart(u.paths()); err != nil {
		return nil, err
	}
	return u, u.late
}

func (p *parser) action(u *Update, clause string) error {
	path, err := p.path()
	if err != nil {
		return err
	}
	switch clause {
	case "SET":
		if err := p.expect("="); err != nil {
			return err
		}
		v, err := p.setValue(u)
		u.sets = append(u.sets, assignment{path, v})
		return err
	case "REMOVE":
		u.removes = append(u.removes, path)
		return nil
	}
	t := p.next()
	if t.kind != value {
		return p.fail(t)
	}
	o, err := p.literal(t)
	if err != nil {
		return err
	}
	c := change{path, o.(literal).v}
	if !isSet(c.v.Type) && (clause == "DELETE" || c.v.Type != attribute.N) {
		u.later(attribute.Invalidf("Incorrect operand type for operator or function; operator: %s, operand "+
			"type: %s, typeSet: ALLOWED_FOR_%s_OPERAND",
			clause, typeNames[c.v.Type], clause))
	}
	if clause == "ADD" {
		u.adds = append(u.adds, c)
	} else {
		u.deletes = append(u.deletes, c)
	}
	return nil
}

// setValue parses the right side of SET: an operand, or two with + or - between them.
func (p *parser) setValue(u *Update) (operand, error) {
	a, err := p.setOperand(u)
	if err != nil {
		return nil, err
	}
	for _, sign := range []string{"+", "-"} {
		if p.symbol(sign) {
			b, err := p.setOperand(u)
			if err != nil {
				return nil, err
			}
			u.later(literals(sign, attribute.N, a, b))
			return arithmetic{a, b, sign == "-"}, nil
		}
	}
	return a, nil
}

func (p *parser) setOperand(u *Update) (operand, error) {
	t := p.peek()
	if t.kind != word || p.toks[p.pos+1].text != "(" {
		return p.operand()
	}
	p.pos += 2
	switch t.text {
	case "if_not_exists":
		path, err := p.path()
		if err != nil {
			return nil, err
		}
		if err := p.expect(","); err != nil {
			return nil, err
		}
		v, err := p.setOperand(u)
		if err != nil {
			return nil, err
		}
		return ifNotExists{path, v}, p.expect(")")
	case "list_append":
		a, err := p.setOperand(u)
		if err != nil {
			return nil, err
		}
		if err := p.expect(","); err != nil {
			return nil, err
		}
		b, err := p.setOperand(u)
		if err != nil {
			return nil, err
		}
		u.later(literals("list_append", attribute.L, a, b))
		return listAppend{a, b}, p.expect(")")
	}
	return nil, attribute.Invalidf("Invalid function name; function: %s", t.text)
}

func (u *Update) later(err error) {
	if u.late == nil {
		u.late = err
	}
}

// literals refuses a literal operand that is not of the type which an operator takes.
func literals(operator string, takes attribute.Type, operands ...operand) error {
	for _, o := range operands {
		if l, ok := o.(literal); ok && l.v.Type != takes {
			return attribute.Invalidf("Incorrect operand type for operator or function; operator or function: %s, "+
				"operand type: %s", operator, l.v.Type)
		}
	}
	return nil
}

// paths returns every place that the update changes.
func (u *Update) paths() []Path {
	out := []Path{}
	for _, s := range u.sets {
		out = append(out, s.p)
	}
	out = append(out, u.removes...)
	for _, c := range append(slices.Clone(u.adds), u.deletes...) {
		out = append(out, c.p)
	}
	return out
}

// Tops returns the attributes that the update changes, or changes within.
func (u *Update) Tops() []string {
	var out []string
	for _, p := range u.paths() {
		if !slices.Contains(out, p.Top()) {
			out = append(out, p.Top())
		}
	}
	return out
}

// Updated returns the parts of an item that the update's places name, as UPDATED_OLD and
// UPDATED_NEW return them.
func (u *Update) Updated(it attribute.Item) attribute.Item { return Project(it, u.paths()) }

// Apply returns a changed copy of an item. Right-hand sides see the item as it was.
func (u *Update) Apply(it attribute.Item) (attribute.Item, error) {
	out := make(attribute.Item, len(it)+len(u.sets))
	for n, v := range it {
		out[n] = v
	}
	for _, s := range u.sets {
		v, ok := s.v.eval(it)
		if !ok {
			return nil, why(s.v, it)
		}
		if !s.p.set(out, v) {
			return nil, errPath
		}
	}
	// Later list elements go first, so that the places of the others still stand.
	removes := slices.Clone(u.removes)
	slices.SortFunc(removes, func(a, b Path) int { return b.compare(a) })
	for _, p := range removes {
		if !p.parent(it) {
			return nil, errPath
		}
		p.remove(out)
	}
	for _, c := range u.adds {
		if err := c.add(it, out); err != nil {
			return nil, err
		}
	}
	for _, c := range u.deletes {
		if err := c.subtract(it, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// why says what kept a right-hand side from having a value: a missing attribute, or an operand
// of the wrong type.
func why(o operand, it attribute.Item) error {
	var parts []operand
	switch o := o.(type) {
	case arithmetic:
		parts = []operand{o.a, o.b}
	case listAppend:
		parts = []operand{o.a, o.b}
	case ifNotExists:
		return why(o.then, it)
	default:
		return errMissing
	}
	for _, p := range parts {
		if _, ok := p.eval(it); !ok {
			return why(p, it)
		}
	}
	return ErrOperand
}

// typeNames are the types as the service's messages spell them out.
var typeNames = map[attribute.Type]string{
	attribute.S: "STRING", attribute.N: "NUMBER", attribute.B: "BINARY", attribute.BOOL: "BOOLEAN", attribute.NULL: "NULL",
	attribute.L: "LIST", attribute.M: "MAP", attribute.SS: "STRING_SET", attribute.NS: "NUMBER_SET", attribute.BS: "BINARY_SET",
}

func isSet(t attribute.Type) bool {
	return t == attribute.SS || t == attribute.NS || t == attribute.BS
}

func (c change) add(it, out attribute.Item) error {
	have, ok := c.p.get(it)
	v := c.v
	if ok {
		if have.Type != c.v.Type {
			return ErrOperand
		}
		if have.Type == attribute.N {
			var err error
			if v, err = attribute.Add(have, c.v, false); err != nil {
				return err
			}
		} else {
			v = union(have, c.v)
		}
	}
	if !c.p.set(out, v) {
		return errPath
	}
	return nil
}

func union(a, b attribute.Value) attribute.Value {
	texts := slices.Clone(a.Texts)
	for _, t := range b.Texts {
		if !slices.Contains(texts, t) {
			texts = append(texts, t)
		}
	}
	v := attribute.Value{Type: a.Type, Texts: texts}
	v.SortSet()
	return v
}

func (c change) subtract(it, out attribute.Item) error {
	have, ok := c.p.get(it)
	switch {
	case !c.p.parent(it):
		return errPath
	case !ok:
		return nil
	}
	if have.Type != c.v.Type || !isSet(have.Type) {
		return ErrOperand
	}
	left := slices.DeleteFunc(slices.Clone(have.Texts), func(t string) bool { return slices.Contains(c.v.Texts, t) })
	if len(left) == 0 {
		c.p.remove(out)
		return nil
	}
	if !c.p.set(out, attribute.Value{Type: have.Type, Texts: left}) {
		return errPath
	}
	return nil
}
