package dynamodb

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"crossover/driver/embedded/dynamodb/attribute"
	"crossover/driver/embedded/dynamodb/expression"
	"crossover/driver/embedded/dynamodb/wire"
)

// A request is one request's members. A getter returns the zero value for a member that was
// not sent, and keeps the first error; the caller looks at err once.
type request struct {
	fields wire.Fields
	err    error
}

func (r *request) has(name string) bool { return r.fields.Get(name) != nil }

func (r *request) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// read calls f with a reader of a member, if it was sent.
func (r *request) read(name string, f func(*wire.Reader) error) {
	if raw := r.fields.Get(name); raw != nil && r.err == nil {
		r.fail(f(wire.NewReader(raw)))
	}
}

// reader returns a reader of a member that was sent; ok is false where there is nothing to read.
func (r *request) reader(name string) (w wire.Reader, ok bool) {
	raw := r.fields.Get(name)
	return wire.ReaderOf(raw), raw != nil && r.err == nil
}

func (r *request) text(name string) string {
	w, ok := r.reader(name)
	if !ok {
		return ""
	}
	s, err := w.String()
	r.fail(err)
	return s
}

func (r *request) flag(name string) bool {
	w, ok := r.reader(name)
	if !ok {
		return false
	}
	b, err := w.Bool()
	r.fail(err)
	return b
}

// integer returns a whole number; a fraction is cut off.
func (r *request) integer(name string) int64 {
	w, ok := r.reader(name)
	if !ok {
		return 0
	}
	f, err := w.Float()
	r.fail(err)
	return int64(max(math.MinInt64/2, min(math.MaxInt64/2, f)))
}

func (r *request) item(name string) attribute.Item {
	w, ok := r.reader(name)
	if !ok {
		return nil
	}
	it, err := attribute.ReadItem(&w)
	r.fail(err)
	return it
}

// names returns an object of strings.
func (r *request) names(name string) (out map[string]string) {
	r.read(name, func(w *wire.Reader) error {
		out = map[string]string{}
		return members(w, func(key string) (err error) {
			out[key], err = w.String()
			return err
		})
	})
	return out
}

// members reads an object, calling f for each member's value.
func members(w *wire.Reader, f func(name string) error) error {
	more, err := w.Enter('{')
	for more && err == nil {
		name, err := w.Name()
		if err != nil {
			return err
		}
		if err := f(name); err != nil {
			return err
		}
		if more, err = w.More('{'); err != nil {
			return err
		}
	}
	return err
}

// elements reads a list, calling f for each element.
func elements(w *wire.Reader, f func() error) error {
	more, err := w.Enter('[')
	for more && err == nil {
		if err := f(); err != nil {
			return err
		}
		if more, err = w.More('['); err != nil {
			return err
		}
	}
	return err
}

// structures returns a list of objects, each as a request of its own.
func (r *request) structures(name string) (out []*request) {
	r.read(name, func(w *wire.Reader) error {
		return elements(w, func() error {
			x, err := structure(w)
			out = append(out, x)
			return err
		})
	})
	return out
}

// structure returns an object as a request of its own, or nil when it was not sent.
func (r *request) structure(name string) (out *request) {
	r.read(name, func(w *wire.Reader) (err error) { out, err = structure(w); return err })
	return out
}

func structure(w *wire.Reader) (*request, error) {
	if w.Next() != wire.Object {
		return nil, wire.TypeError("Unexpected field type")
	}
	raw, err := w.Raw()
	if err != nil {
		return nil, err
	}
	fields, err := wire.Request(raw)
	return &request{fields: fields}, err
}

// choice returns a member that has a set of values; "" when it was not sent.
func (r *request) choice(name string, values ...string) string {
	s := r.text(name)
	if r.err == nil && r.has(name) && !slices.Contains(values, s) {
		r.fail(unfit(s, small(name), "Member must satisfy enum value set: ["+strings.Join(values, ", ")+"]"))
	}
	return s
}

// require fails when a member was not sent.
func (r *request) require(name string) {
	if !r.has(name) {
		r.fail(unfit("null", small(name), "Member must not be null"))
	}
}

// small returns a member's name as messages spell it.
func small(name string) string { return strings.ToLower(name[:1]) + name[1:] }

// refuse fails when any of these members was sent: what is not modelled is not ignored.
func (r *request) refuse(names ...string) {
	for _, n := range names {
		if r.has(n) {
			r.fail(notModelled("the parameter " + n))
		}
	}
}

// placeholders returns ExpressionAttributeNames and -Values, checked.
func (r *request) placeholders() *expression.Names {
	n := &expression.Names{Names: r.names("ExpressionAttributeNames"), Values: r.item("ExpressionAttributeValues")}
	if !r.has("ExpressionAttributeNames") && !r.has("ExpressionAttributeValues") {
		return n
	}
	expressions := false
	for _, e := range []string{
		"KeyConditionExpression", "ConditionExpression", "FilterExpression", "UpdateExpression", "ProjectionExpression",
	} {
		expressions = expressions || r.has(e)
	}
	for _, member := range []struct {
		name, mark string
		keys       []string
	}{
		{"ExpressionAttributeNames", "#", keysOf(n.Names)},
		{"ExpressionAttributeValues", ":", keysOf(n.Values)},
	} {
		if !r.has(member.name) || r.err != nil {
			continue
		}
		if !expressions {
			r.fail(invalid("%s can only be specified when using expressions", member.name))
		}
		if len(member.keys) == 0 {
			r.fail(invalid("%s must not be empty", member.name))
		}
		for _, k := range member.keys {
			if !strings.HasPrefix(k, member.mark) || len(k) < 2 {
				r.fail(invalid("%s contains invalid key: Syntax error; key: \"%s\"", member.name, k))
			}
		}
	}
	return n
}

func keysOf[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// condition parses a condition or filter, or returns nil when it was not sent.
func (r *request) condition(name string, n *expression.Names) expression.Condition {
	text := r.text(name)
	if r.err != nil || !r.has(name) {
		return nil
	}
	c, err := expression.ParseCondition(name, text, n)
	r.fail(err)
	return c
}

// projection parses a projection, or returns nil for all attributes.
func (r *request) projection(n *expression.Names) []expression.Path {
	text := r.text("ProjectionExpression")
	if r.err != nil || !r.has("ProjectionExpression") {
		return nil
	}
	p, err := expression.Projection(text, n)
	r.fail(err)
	return p
}

// number formats a float as the service does: whole ones with one decimal.
func number(dst []byte, f float64) []byte {
	if f == math.Trunc(f) {
		return fmt.Appendf(dst, "%.1f", f)
	}
	return fmt.Appendf(dst, "%g", f)
}
