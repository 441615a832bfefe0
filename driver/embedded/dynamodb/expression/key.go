package expression

import (
	"crossover/driver/embedded/dynamodb/attribute"
)

// A KeyCondition is what a Query asks of the key: one partition key, and optionally a
// condition on the sort key.
type KeyCondition struct {
	Partition attribute.Value
	Sort      *SortCondition // nil for every sort key
}

// A SortCondition restricts the sort key. Op is one of = < <= > >=, BETWEEN and begins_with;
// only BETWEEN has a B.
type SortCondition struct {
	Op   string
	A, B attribute.Value
}

// ParseKeyCondition parses a key condition for a table with the given key names; sort is ""
// for a table without a sort key.
func ParseKeyCondition(text, partition, sort string, n *Names) (*KeyCondition, error) {
	c, err := ParseCondition("KeyConditionExpression", text, n)
	if err != nil {
		return nil, err
	}
	k := &KeyCondition{}
	found := false
	for _, part := range conjuncts(c) {
		top, op := about(part)
		switch {
		case top == "":
			return nil, attribute.Invalidf("Invalid operator used in KeyConditionExpression: %s", op)
		case top == partition && found, top == sort && k.Sort != nil:
			return nil, attribute.Invalidf("KeyConditionExpressions must only contain one condition per key")
		case top == partition:
			v, ok := equals(part)
			if !ok {
				return nil, attribute.Invalidf("Query key condition not supported")
			}
			k.Partition, found = v, true
		case top == sort:
			if k.Sort, err = sortCondition(part, op); err != nil {
				return nil, err
			}
		default:
			return nil, missing(found, partition, sort)
		}
	}
	if !found {
		return nil, missing(found, partition, sort)
	}
	return k, nil
}

func missing(found bool, partition, sort string) error {
	switch {
	case !found:
		return attribute.Invalidf("Query condition missed key schema element: %s", partition)
	case sort == "":
		return attribute.Invalidf("Query key condition not supported")
	}
	return attribute.Invalidf("Query condition missed key schema element: %s", sort)
}

// conjuncts takes a condition apart at its ANDs.
func conjuncts(c Condition) []Condition {
	if both, ok := c.(and); ok {
		return append(conjuncts(both.a), conjuncts(both.b)...)
	}
	return []Condition{c}
}

func equals(c Condition) (attribute.Value, bool) {
	eq, ok := c.(comparison)
	if !ok || eq.op != "=" {
		return attribute.Value{}, false
	}
	lit, ok := eq.b.(literal)
	return lit.v, ok
}

func sortCondition(c Condition, op string) (*SortCondition, error) {
	bad := attribute.Invalidf("Invalid operator used in KeyConditionExpression: %s", op)
	var a, b operand
	switch c := c.(type) {
	case comparison:
		a = c.b
	case between:
		a, b = c.low, c.high
	case call:
		a = c.b
	}
	if op == "<>" || op == "contains" || op == "attribute_type" {
		return nil, bad
	}
	lit, ok := a.(literal)
	if !ok {
		return nil, bad
	}
	k := &SortCondition{Op: op, A: lit.v}
	if b != nil {
		if lit, ok = b.(literal); !ok {
			return nil, bad
		}
		k.B = lit.v
	}
	return k, nil
}

// about returns the attribute that a key condition's part is about, or "" when the part is
// of no form that a key condition takes, and its operator.
func about(c Condition) (top, op string) {
	var o operand
	switch c := c.(type) {
	case comparison:
		o, op = c.a, c.op
	case between:
		o, op = c.v, "BETWEEN"
	case call:
		o, op = c.a, c.name
	case in:
		op = "IN"
	case or:
		op = "OR"
	case not:
		op = "NOT"
	case exists:
		op = "attribute_not_exists"
		if c.want {
			op = "attribute_exists"
		}
	}
	if p, ok := o.(pathOperand); ok && len(p.p) == 1 {
		return p.p.Top(), op
	}
	return "", op
}
