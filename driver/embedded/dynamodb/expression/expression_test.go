package expression

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"crossover/driver/embedded/dynamodb/attribute"
)

func item(t testing.TB, text string) attribute.Item {
	t.Helper()
	var it attribute.Item
	if err := json.Unmarshal([]byte(text), &it); err != nil {
		t.Fatal(err)
	}
	return it
}

const subject = `{"id":{"S":"a"},"n":{"N":"5"},"tags":{"SS":["x","y"]},"things":{"L":[{"N":"1"},{"S":"two"}]},"nums":{"NS":["9","1"]},"entries":{"L":[{"N":"1"},{"M":{"x":{"N":"1"},"y":{"N":"2"}}}]},"doc":{"M":{"child":{"N":"7"},"deep":{"M":{"er":{"BOOL":true}}}}}}`

const values = `{":five":{"N":"5"},":six":{"N":"6"},":a":{"S":"a"},":x":{"S":"x"},":z":{"S":"z"},":true":{"BOOL":true},":S":{"S":"S"},":one":{"N":"1"},":l":{"L":[{"N":"3"}]},":ten":{"NS":["10","-2"]},":nine":{"NS":["9"]},":set":{"SS":["y","z"]}}`

func names(t testing.TB) *Names {
	return &Names{Names: map[string]string{"#n": "n", "#doc": "doc"}, Values: item(t, values)}
}

func TestConditions(t *testing.T) {
	it := item(t, subject)
	for text, want := range map[string]bool{
		"n = :five": true, "#n <> :five": false, "n < :six AND n >= :five": true, "n BETWEEN :five AND :six": true,
		"id IN (:x, :a)": true, "id IN (:x, :z)": false, "attribute_exists(doc.deep.er)": true, "attribute_not_exists(nope)": true,
		"#doc.deep.er = :true": true, "things[0] = :one": true, "contains(tags, :x)": true, "contains(tags, :z)": false,
		"begins_with(id, :a)": true, "attribute_type(id, :S)": true, "size(things) < :five": true, "size(id) = :one": true,
		"NOT n = :five": false, "NOT (n = :six) AND (id = :z OR id = :a)": true, "n = :a": false, "nope = :a": false, "nope <> :a": true,
		"n = :six OR n = :five AND id = :z": false,
	} {
		c, err := ParseCondition("ConditionExpression", text, names(t))
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := c.Holds(it); got != want {
			t.Errorf("%s holds: %v, want %v", text, got, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "can not be empty",
		"n =":                      "Syntax error",
		"n = :nope":                "attribute value: :nope",
		"#nope = :a":               "attribute name: #nope",
		"status = :a":              "reserved keyword: status",
		"begins_with(id, :five)":   "Incorrect operand type",
		"attribute_type(id, :a)":   "Invalid attribute type name",
		"n BETWEEN :six AND :five": "upper bound to be greater",
		"n BETWEEN :a AND :five":   "same data type",
		"foo(n)":                   "Invalid function name",
		"n = :five :six":           "Syntax error",
		"(n = :five":               "Syntax error",
		"n ; :five":                "Syntax error",
		strings.Repeat("NOT ", 200) + "n = :five": "too many nested",
	} {
		if _, err := ParseCondition("ConditionExpression", text, names(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.30s: %v, want %q", text, err, want)
		}
	}
}

func TestUpdates(t *testing.T) {
	for text, want := range map[string]string{
		"SET n = n + :one":                     `"n":{"N":"6"}`,
		"SET n = n - :six":                     `"n":{"N":"-1"}`,
		"SET fresh = if_not_exists(fresh, :a)": `"fresh":{"S":"a"}`,
		"SET n = if_not_exists(n, :six)":       `"n":{"N":"5"}`,
		"SET things = list_append(things, :l)": `"things":{"L":[{"N":"1"},{"S":"two"},{"N":"3"}]}`,
		"SET things[0] = :a":                   `"things":{"L":[{"S":"a"},{"S":"two"}]}`,
		"SET things[9] = :a":                   `"things":{"L":[{"N":"1"},{"S":"two"},{"S":"a"}]}`,
		"SET doc.deep.er = :a REMOVE n":        `"doc":{"M":{"child":{"N":"7"},"deep":{"M":{"er":{"S":"a"}}}}}`,
		"REMOVE things[0]":                     `"things":{"L":[{"S":"two"}]}`,
		"REMOVE things[0], things[1]":          `"things":{"L":[]}`,
		"ADD n :six, tags :set":                `"tags":{"SS":["x","y","z"]}`,
		"DELETE tags :set":                     `"tags":{"SS":["x"]}`,
		"ADD visits :one":                      `"visits":{"N":"1"}`,
		"ADD nums :ten":                        `"nums":{"NS":["-2","1","9","10"]}`,
		"DELETE nums :nine":                    `"nums":{"NS":["1"]}`,
		// A removal from a list moves what comes after: the later places must go first.
		"REMOVE entries[0], entries[1].x": `"entries":{"L":[{"M":{"y":{"N":"2"}}}]}`,
		"SET n = id":                      `"n":{"S":"a"}`,
	} {
		before := item(t, subject)
		u, err := ParseUpdate(text, names(t))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		after, err := u.Apply(before)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got, err := json.Marshal(after)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(got), want) {
			t.Errorf("%s gave %s, want %s in it", text, got, want)
		}
		if original := item(t, subject); !(attribute.Value{Type: attribute.M, Map: before}).Equal(attribute.Value{Type: attribute.M, Map: original}) {
			t.Errorf("%s changed the item that it was applied to", text)
		}
	}
	for _, text := range []string{"SET n = :five, n = :six", "SET doc.deep = :a REMOVE doc.deep.er", "SET n = :one SET id = :a", "ADD n :nope", "n = :one", "ADD n :a", "DELETE n :one", "SET n = :one,"} {
		if _, err := ParseUpdate(text, names(t)); err == nil {
			t.Errorf("%s was taken", text)
		}
	}
	for text, want := range map[string]error{
		"SET n = nope": errMissing, "SET n = nope + :one": errMissing, "SET n = if_not_exists(nay, nope)": errMissing,
		"SET n = list_append(nope, :l)": errMissing, "SET n = list_append(id, :l)": ErrOperand, "SET n = id + :one": ErrOperand,
		"SET nope.deep = :a": errPath, "SET id.deep = :a": errPath, "ADD id :one": ErrOperand, "DELETE tags :nine": ErrOperand,
	} {
		u, err := ParseUpdate(text, names(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := u.Apply(item(t, subject)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", text, err, want)
		}
	}
}

func TestKeyConditions(t *testing.T) {
	for _, text := range []string{"id = :a", "id = :a AND n > :five", "id = :a AND n BETWEEN :five AND :six", "n = :five AND id = :a", "id = :a AND begins_with(n, :x)"} {
		k, err := ParseKeyCondition(text, "id", "n", names(t))
		if err != nil || k.Partition.Text != "a" {
			t.Errorf("%s: %+v, %v", text, k, err)
		}
	}
	k, err := ParseKeyCondition("id = :a AND (n BETWEEN :five AND :six)", "id", "n", names(t))
	if err != nil || k.Sort == nil || k.Sort.Op != "BETWEEN" || k.Sort.A.Text != "5" || k.Sort.B.Text != "6" {
		t.Errorf("%+v, %v", k, err)
	}
	for _, text := range []string{
		"n = :five", "id > :a", "id = :a AND other = :x", "id = :a AND n <> :five", "id = :a OR n = :five", "id = :a AND contains(n, :x)",
		"id = :a AND id = :a", "id = :a AND n = :five AND n = :six", "id = :a AND n BETWEEN :six AND :five", "id = :a AND begins_with(n, :five)",
		"id = n", "id = :a AND NOT n = :five", "id = :a AND n IN (:five)", "id = :a AND attribute_exists(n)", "id.x = :a", "id = :a AND n < id",
	} {
		if k, err := ParseKeyCondition(text, "id", "n", names(t)); err == nil {
			t.Errorf("%s was taken: %+v", text, k)
		}
	}
}

func TestTops(t *testing.T) {
	c, err := ParseCondition("FilterExpression", "n = :one AND (NOT doc.x BETWEEN :one AND m OR size(k[1]) IN (:one, n)) AND contains(tags, id) AND attribute_exists(e.f)", names(t))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := Tops(c), []string{"n", "doc", "m", "k", "tags", "id", "e"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestProjection(t *testing.T) {
	paths, err := Projection("id, doc.child, things[1]", &Names{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(Project(item(t, subject), paths))
	if want := `{"doc":{"M":{"child":{"N":"7"}}},"id":{"S":"a"},"things":{"L":[{"S":"two"}]}}`; err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
	if _, err := Projection("doc, doc.child", &Names{}); err == nil {
		t.Error("overlapping paths were taken")
	}
}

// TestRefusalsOfWhatParses: what DynamoDB refuses of expressions that parse.
func TestRefusalsOfWhatParses(t *testing.T) {
	for text, want := range map[string]string{
		"n = n":                        "Invalid ConditionExpression: The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [n]",
		"contains(doc.tags, doc.tags)": "Invalid ConditionExpression: The first operand must be distinct from the remaining operands for this operator or function; operator: contains, first operand: [doc, tags]",
		"((n = :five))":                "Invalid ConditionExpression: The expression has redundant parentheses;",
		"((n = :five) OR (n = :five))": "",
		"(n = :five)":                  "",
	} {
		n := &Names{Values: item(t, `{":five":{"N":"5"}}`)}
		_, err := ParseCondition("ConditionExpression", text, n)
		if got := fmt.Sprint(err); got != want && (want != "" || err != nil) {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"SET a.b = :s, a[0] = :s":    "Invalid UpdateExpression: Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a, [0]]",
		"SET a.b[1] = :s REMOVE a.b": "Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a, b, [1]], path two: [a, b]",
		"SET a = b + :s":             "Invalid UpdateExpression: Incorrect operand type for operator or function; operator or function: +, operand type: S",
		"SET a = list_append(b, :s)": "Invalid UpdateExpression: Incorrect operand type for operator or function; operator or function: list_append, operand type: S",
		"SET a = b + :s, a = :s":     "Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a]",
		"ADD a :s":                   "Invalid UpdateExpression: Incorrect operand type for operator or function; operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND",
	} {
		n := &Names{Values: item(t, `{":s":{"S":"s"}}`)}
		if _, err := ParseUpdate(text, n); fmt.Sprint(err) != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// TestRemoveFromNothing: a place within something that is not there can't be removed; one that
// could be there can.
func TestRemoveFromNothing(t *testing.T) {
	it := item(t, `{"l":{"L":[{"S":"x"}]},"m":{"M":{}}}`)
	for text, fails := range map[string]bool{
		"REMOVE a": false, "REMOVE a.b": true, "REMOVE l[7]": false, "REMOVE l.x": true, "REMOVE m.x": false, "REMOVE m[0]": true,
		"DELETE a.b :t": true, "DELETE m.b :t": false, "ADD a.b :t": true, "ADD m.b :t": false,
	} {
		n := &Names{Values: item(t, `{":t":{"SS":["t"]}}`)}
		u, err := ParseUpdate(text, n)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = u.Apply(it); (err != nil) != fails || err != nil && err != errPath {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestReservedWords holds the list to AWS's: 573 words, and the digest of them in order, taken
// from the Developer Guide's page.
func TestReservedWords(t *testing.T) {
	words := slices.Sorted(maps.Keys(reserved))
	digest := fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(words, " "))))
	if len(words) != 573 || digest != "ec03430512527777ecf5b5c01c6449bafc48146cd4f6e512f478217e87675975" {
		t.Errorf("%d words with digest %s", len(words), digest)
	}
}

func TestUnused(t *testing.T) {
	n := &Names{Names: map[string]string{"#n": "n"}, Values: item(t, `{":a":{"S":"a"}}`)}
	if _, err := ParseCondition("ConditionExpression", "#n = :a", n); err != nil || n.Unused() != nil {
		t.Errorf("%v, %v", err, n.Unused())
	}
	n = &Names{Names: map[string]string{"#n": "n"}, Values: item(t, `{":a":{"S":"a"}}`)}
	if _, err := ParseCondition("ConditionExpression", "attribute_exists(#n)", n); err != nil || n.Unused() == nil {
		t.Errorf("%v, and the unused value was not named", err)
	}
}

func FuzzExpressions(f *testing.F) {
	for _, s := range []string{"n = :five AND NOT (id IN (:a))", "SET a.b[3] = list_append(x, :l) REMOVE y", "id, doc.child[2]", "id = :a AND begins_with(n, :x)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		it := item(t, subject)
		if c, err := ParseCondition("FilterExpression", text, names(t)); err == nil {
			c.Holds(it)
		}
		if u, err := ParseUpdate(text, names(t)); err == nil {
			if out, err := u.Apply(it); err == nil {
				if _, err := json.Marshal(out); err != nil {
					t.Fatal(err)
				}
			}
		}
		if p, err := Projection(text, names(t)); err == nil {
			Project(it, p)
		}
		_, _ = ParseKeyCondition(text, "id", "n", names(t))
	})
}
