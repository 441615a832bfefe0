package partiql

import (
	"fmt"
	"strings"

	"crossover/driver/embedded/dynamodb/attribute"
	"crossover/driver/embedded/dynamodb/expression"
)

// A Kind is what a statement does.
type Kind string

// The kinds.
const (
	Select Kind = "SELECT"
	Insert Kind = "INSERT"
	Update Kind = "UPDATE"
	Delete Kind = "DELETE"
	// Exists is EXISTS(SELECT ...), which only a transaction may have: a condition check.
	Exists Kind = "EXISTS"
)

// A Statement is one statement, in the terms of DynamoDB's own expressions. Every attribute
// name and value in them is a placeholder of Names.
type Statement struct {
	Kind         Kind
	Table, Index string
	Projection   string // "" for all attributes
	Where        []Conjunct
	Descending   bool
	Order        []string // the attributes of ORDER BY
	Updates      string   // an update expression
	Returning    string   // ReturnValues, "" for NONE
	Item         attribute.Item
	Names        expression.Names
}

// A Conjunct is one of the conditions that AND joins. Where it compares one attribute with
// values, those are named: such a condition may choose a key.
type Conjunct struct {
	Text      string
	Attribute string
	Op        string // = < <= > >= BETWEEN IN begins_with
	Values    []attribute.Value
}

// Condition returns conjuncts as one condition expression; "" for none.
func Condition(all []Conjunct) string {
	var texts []string
	for _, c := range all {
		texts = append(texts, group(c.Text))
	}
	return strings.Join(texts, " AND ")
}

// group puts parentheses around a condition, unless it has them: DynamoDB refuses redundant ones.
// A condition's text has placeholders in the place of names and values, and so no others.
func group(text string) string {
	depth := 0
	for i, c := range text {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth == 0 && i < len(text)-1 {
			return "(" + text + ")"
		}
	}
	return text
}

// Parse parses a statement; parameters stand for its question marks, and all must be used.
func Parse(statement string, parameters []attribute.Value) (*Statement, error) {
	if statement == "" || len(statement) > MaxStatement {
		return nil, attribute.Invalidf("1 validation error detected: Value at 'statement' failed to satisfy constraint: "+
			"Member must have length less than or equal to %d and greater than or equal to 1", MaxStatement)
	}
	toks, err := lex(statement)
	if err != nil {
		return nil, err
	}
	p := &parser{toks: toks, parameters: parameters, out: &Statement{}, named: map[string]string{}}
	p.out.Names = expression.Names{Names: map[string]string{}, Values: attribute.Item{}}
	if err := p.statement(); err != nil {
		return nil, err
	}
	p.symbol(";")
	if t := p.peek(); t.kind != end {
		return nil, p.unexpected(t)
	}
	if p.used != len(parameters) {
		return nil, attribute.Invalidf("Number of parameters in request and statement don't match.")
	}
	return p.out, nil
}

type parser struct {
	toks       []token
	pos        int
	parameters []attribute.Value
	used       int
	named      map[string]string // placeholder by name
	depth      int
	out        *Statement
}

// maxDepth bounds how deep values and conditions nest.
const maxDepth = 64

func (p *parser) deeper() error {
	if p.depth++; p.depth > maxDepth {
		return fail("it nests too deeply")
	}
	return nil
}

func (p *parser) peek() token { return p.toks[p.pos] }

func (p *parser) next() token {
	t := p.toks[p.pos]
	if t.kind != end {
		p.pos++
	}
	return t
}

func (p *parser) unexpected(t token) error { return fail("unexpected %q at %d", t.text, t.at) }

func (p *parser) keyword(w string) bool {
	if t := p.peek(); t.kind == word && strings.EqualFold(t.text, w) {
		p.pos++
		return true
	}
	return false
}

func (p *parser) symbol(s string) bool {
	if t := p.peek(); t.kind == symbol && t.text == s {
		p.pos++
		return true
	}
	return false
}

func (p *parser) expect(s string) error {
	if !p.symbol(s) {
		return p.unexpected(p.peek())
	}
	return nil
}

func (p *parser) expectWord(w string) error {
	if !p.keyword(w) {
		return p.unexpected(p.peek())
	}
	return nil
}

func (p *parser) statement() (err error) {
	switch {
	case p.keyword("SELECT"):
		return p.selection()
	case p.keyword("EXISTS"):
		if err = p.expect("("); err == nil {
			err = p.expectWord("SELECT")
		}
		if err == nil {
			err = p.selection()
		}
		p.out.Kind = Exists
		if err != nil {
			return err
		}
		return p.expect(")")
	case p.keyword("INSERT"):
		return p.insertion()
	case p.keyword("UPDATE"):
		return p.update()
	case p.keyword("DELETE"):
		p.out.Kind = Delete
		if err = p.expectWord("FROM"); err == nil {
			err = p.table()
		}
		if err == nil {
			err = p.whereAndReturning()
		}
		return err
	}
	return p.unexpected(p.peek())
}

// table reads a table's name, and an index's behind a dot.
func (p *parser) table() error {
	t := p.next()
	if t.kind != word && t.kind != name {
		return p.unexpected(t)
	}
	p.out.Table = t.text
	if p.symbol(".") {
		if t = p.next(); t.kind != word && t.kind != name {
			return p.unexpected(t)
		}
		p.out.Index = t.text
	}
	return nil
}

func (p *parser) selection() error {
	p.out.Kind = Select
	if !p.symbol("*") {
		var paths []string
		for {
			path, _, err := p.path()
			if err != nil {
				return err
			}
			paths = append(paths, path)
			if !p.symbol(",") {
				break
			}
		}
		p.out.Projection = strings.Join(paths, ", ")
	}
	if err := p.expectWord("FROM"); err != nil {
		return err
	}
	if err := p.table(); err != nil {
		return err
	}
	if p.keyword("WHERE") {
		if err := p.where(); err != nil {
			return err
		}
	}
	if !p.keyword("ORDER") {
		return nil
	}
	if err := p.expectWord("BY"); err != nil {
		return err
	}
	for {
		_, top, err := p.path()
		if err != nil {
			return err
		}
		p.out.Order = append(p.out.Order, top)
		if p.keyword("DESC") {
			p.out.Descending = true
		} else {
			p.keyword("ASC")
		}
		if !p.symbol(",") {
			return nil
		}
	}
}

func (p *parser) insertion() error {
	p.out.Kind = Insert
	if err := p.expectWord("INTO"); err != nil {
		return err
	}
	if err := p.table(); err != nil {
		return err
	}
	if err := p.expectWord("VALUE"); err != nil {
		return err
	}
	v, err := p.value()
	if err != nil {
		return err
	}
	if v.Type != attribute.M {
		return fail("the value of an INSERT must be a map")
	}
	p.out.Item = v.Map
	return nil
}

func (p *parser) update() error {
	p.out.Kind = Update
	if err := p.table(); err != nil {
		return err
	}
	clauses := map[string][]string{}
	for {
		var err error
		switch {
		case p.keyword("SET"):
			err = p.assignments(clauses)
		case p.keyword("REMOVE"):
			err = p.removals(clauses)
		default:
			var parts []string
			for _, clause := range []string{"SET", "REMOVE", "ADD", "DELETE"} {
				if all := clauses[clause]; len(all) > 0 {
					parts = append(parts, clause+" "+strings.Join(all, ", "))
				}
			}
			if len(parts) == 0 {
				return p.unexpected(p.peek())
			}
			p.out.Updates = strings.Join(parts, " ")
			return p.whereAndReturning()
		}
		if err != nil {
			return err
		}
	}
}

func (p *parser) removals(clauses map[string][]string) error {
	for {
		path, _, err := p.path()
		if err != nil {
			return err
		}
		clauses["REMOVE"] = append(clauses["REMOVE"], path)
		if !p.symbol(",") {
			return nil
		}
	}
}

// assignments reads what follows SET.
func (p *parser) assignments(clauses map[string][]string) error {
	for {
		path, _, err := p.path()
		if err != nil {
			return err
		}
		if err := p.expect("="); err != nil {
			return err
		}
		clause, value, err := p.assigned(path)
		if err != nil {
			return err
		}
		clauses[clause] = append(clauses[clause], value)
		if !p.symbol(",") {
			return nil
		}
	}
}

// assigned reads the right side of an assignment and returns the update expression's clause for
// it: set_add and set_delete have clauses of their own.
func (p *parser) assigned(path string) (clause, out string, err error) {
	for function, clause := range map[string]string{"set_add": "ADD", "set_delete": "DELETE"} {
		if !p.call(function) {
			continue
		}
		of, _, err := p.path()
		if err != nil {
			return "", "", err
		}
		if of != path {
			return "", "", fail("%s must name the attribute that is set", function)
		}
		if err := p.expect(","); err != nil {
			return "", "", err
		}
		v, err := p.value()
		if err != nil {
			return "", "", err
		}
		return clause, path + " " + p.placeholder(v), p.expect(")")
	}
	a, err := p.term()
	if err != nil {
		return "", "", err
	}
	for _, sign := range []string{"+", "-"} {
		if p.symbol(sign) {
			b, err := p.term()
			return "SET", path + " = " + a + " " + sign + " " + b, err
		}
	}
	return "SET", path + " = " + a, nil
}

// call consumes a function's name and its opening parenthesis.
func (p *parser) call(function string) bool {
	t := p.peek()
	if t.kind == word && strings.EqualFold(t.text, function) && p.toks[p.pos+1].text == "(" {
		p.pos += 2
		return true
	}
	return false
}

// term reads an operand of SET.
func (p *parser) term() (string, error) {
	for _, function := range []string{"list_append", "if_not_exists"} {
		if !p.call(function) {
			continue
		}
		a, err := p.term()
		if err != nil {
			return "", err
		}
		if err := p.expect(","); err != nil {
			return "", err
		}
		b, err := p.term()
		if err != nil {
			return "", err
		}
		return function + "(" + a + ", " + b + ")", p.expect(")")
	}
	o, err := p.operand()
	return o.text, err
}

func (p *parser) whereAndReturning() error {
	if err := p.expectWord("WHERE"); err != nil {
		return err
	}
	if err := p.where(); err != nil {
		return err
	}
	if !p.keyword("RETURNING") {
		return nil
	}
	what := ""
	switch {
	case p.keyword("ALL"):
		what = "ALL_"
	case p.keyword("MODIFIED"):
		what = "UPDATED_"
	default:
		return p.unexpected(p.peek())
	}
	switch {
	case p.keyword("OLD"):
		what += "OLD"
	case p.keyword("NEW"):
		what += "NEW"
	default:
		return p.unexpected(p.peek())
	}
	if p.out.Kind == Delete && what != "ALL_OLD" {
		return attribute.Invalidf("Unsupported operation: DELETE statements can only return ALL OLD")
	}
	p.out.Returning = what
	return p.expect("*")
}

// placeholder returns the placeholder of a value.
func (p *parser) placeholder(v attribute.Value) string {
	k := fmt.Sprintf(":v%d", len(p.out.Names.Values))
	p.out.Names.Values[k] = v
	return k
}

// path reads a document path; top is the attribute that it begins at.
func (p *parser) path() (out, top string, err error) {
	for {
		t := p.next()
		if t.kind != word && t.kind != name || t.text == "" {
			return "", "", p.unexpected(t)
		}
		k, ok := p.named[t.text]
		if !ok {
			k = fmt.Sprintf("#n%d", len(p.named))
			p.named[t.text], p.out.Names.Names[k] = k, t.text
		}
		if out == "" {
			top, out = t.text, k
		} else {
			out += "." + k
		}
		for p.symbol("[") {
			i := p.next()
			if i.kind != number || strings.Trim(i.text, "0123456789") != "" {
				return "", "", p.unexpected(i)
			}
			out += "[" + i.text + "]"
			if err := p.expect("]"); err != nil {
				return "", "", err
			}
		}
		if !p.symbol(".") {
			return out, top, nil
		}
	}
}
