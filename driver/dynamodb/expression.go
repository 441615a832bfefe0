package dynamodb

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"crossover/workload"
	"crossover/workload/op"
)

// placeholders are those of one request's expressions: attributes of the scenario may be
// called as a reserved word is, and DynamoDB refuses placeholders that no expression uses, so
// that all expressions of a request take theirs from one list.
type placeholders struct {
	sc     *workload.Scenario
	names  map[string]string
	values map[string]types.AttributeValue
}

// name returns the placeholder of an attribute's name.
func (w *placeholders) name(attribute string) string {
	for placeholder, n := range w.names {
		if n == attribute {
			return placeholder
		}
	}
	if w.names == nil {
		w.names = map[string]string{}
	}
	placeholder := "#n" + strconv.Itoa(len(w.names))
	w.names[placeholder] = attribute
	return placeholder
}

// value returns the placeholder of a value, which is what it holds when the request is sent.
func (w *placeholders) value(v types.AttributeValue) string {
	if w.values == nil {
		w.values = map[string]types.AttributeValue{}
	}
	placeholder := ":v" + strconv.Itoa(len(w.values))
	w.values[placeholder] = v
	return placeholder
}

// comparators are the relations as expressions spell them (AWS DynamoDB Developer Guide,
// "Condition and filter expressions, operators, and functions").
var comparators = [op.RelationCount]string{
	op.Equal: "=", op.NotEqual: "<>", op.Below: "<", op.AtMost: "<=", op.AtLeast: ">=", op.Above: ">",
}

// compare returns a comparison as an expression. What is missing differs from everything to
// DynamoDB, but compares with nothing to a scenario.
func (w *placeholders) compare(c *op.Comparison) string {
	name := w.name(c.Attribute)
	text := fmt.Sprintf("%s %s %s", name, comparators[c.Relation], w.value(compared(c)))
	if c.Relation == op.NotEqual {
		return "attribute_exists(" + name + ") AND " + text
	}
	return text
}

func compared(c *op.Comparison) types.AttributeValue {
	if c.IsText {
		return &types.AttributeValueMemberS{Value: c.Text}
	}
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(c.Number, 10)}
}

// condition returns a write's condition as an expression; nil is none.
func (w *placeholders) condition(c op.Condition, compare *op.Comparison) *string {
	switch c {
	case op.MustExist:
		return mustExist
	case op.MustNotExist:
		return mustNotExist
	case op.Compares:
		return aws.String(w.compare(compare))
	}
	return nil
}

// filter returns a filter expression; nil is none.
func (w *placeholders) filter(c *op.Comparison) *string {
	if c == nil {
		return nil
	}
	return aws.String(w.compare(c))
}

// projection returns a projection expression of attributes by their place; nil is all.
func (w *placeholders) projection(places []int) *string {
	if places == nil {
		return nil
	}
	var names []string
	for _, i := range places {
		names = append(names, w.name(w.sc.AttributeName(i)))
	}
	return aws.String(strings.Join(names, ", "))
}

// An update is an update expression, and what it sends of the item.
type update struct {
	placeholders
	text *string
	sent []sentValue
}

// A sentValue is an attribute that an update sends.
type sentValue struct {
	name  string
	value types.AttributeValue
}

// bytes returns how many bytes of the item an update sends.
func (u *update) bytes() (n uint64) {
	for _, s := range u.sent {
		n += uint64(len(s.name) + valueBytes(s.value))
	}
	return n
}

// send notes a value that an update sends, and returns its placeholder.
func (u *update) send(name string, v types.AttributeValue) string {
	u.sent = append(u.sent, sentValue{name, v})
	return u.value(v)
}

// newUpdate returns the update that a step stands for, its values held by an item that is
// filled before each request. Every one sets the version too, as a put does, so that what reads
// it finds that the item has changed.
func newUpdate(sc *workload.Scenario, it *item, step op.Step, ask *op.Ask) *update {
	u := &update{placeholders: placeholders{sc: sc}}
	text := "SET " + workload.AttrVersion + " = " + u.send(workload.AttrVersion, &it.version)
	switch step {
	case op.StepSet:
		for _, i := range ask.Attributes {
			name := sc.AttributeName(i)
			text += ", " + u.name(name) + " = " + u.send(name, it.attributes[name])
		}
	case op.StepIncrement:
		name := sc.AttributeName(ask.Attribute)
		amount := &types.AttributeValueMemberN{Value: strconv.FormatInt(ask.Amount, 10)}
		text += " ADD " + u.name(name) + " " + u.send(name, amount)
	}
	u.text = aws.String(text)
	return u
}

// newAppend returns the update that appends the first elements of the item's list.
func newAppend(sc *workload.Scenario, it *item, ask *op.Ask) *update {
	u := &update{placeholders: placeholders{sc: sc}}
	name := sc.AttributeName(ask.Attribute)
	text := "SET " + workload.AttrVersion + " = " + u.send(workload.AttrVersion, &it.version)
	whole, _ := it.attributes[name].(*types.AttributeValueMemberL) // the scenario was checked
	more := &types.AttributeValueMemberL{Value: whole.Value[:ask.Elements]}
	// The list of an item that is not there begins empty, as Aerospike's does.
	text += fmt.Sprintf(", %s = list_append(if_not_exists(%[1]s, %s), %s)",
		u.name(name), u.value(&types.AttributeValueMemberL{Value: []types.AttributeValue{}}), u.send(name, more))
	u.text = aws.String(text)
	return u
}

// newTouch returns the update that renews an item's time to live.
func newTouch(sc *workload.Scenario, expiry types.AttributeValue) *update {
	u := &update{placeholders: placeholders{sc: sc}}
	u.text = aws.String("SET " + u.name(workload.AttrExpiry) + " = " + u.send(workload.AttrExpiry, expiry))
	return u
}
