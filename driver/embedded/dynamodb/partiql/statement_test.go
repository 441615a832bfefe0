package partiql

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crossover/driver/embedded/dynamodb/attribute"
	"crossover/driver/embedded/dynamodb/expression"
)

// plain writes a statement's expressions with their placeholders replaced.
func plain(t *testing.T, s *Statement) string {
	t.Helper()
	var where []string
	for _, c := range s.Where {
		mark := ""
		if c.Op != "" {
			mark = "!" // it may choose a key
		}
		where = append(where, mark+c.Text)
	}
	out := strings.Join([]string{string(s.Kind), s.Table, s.Index, s.Projection, strings.Join(where, " & "), strings.Join(s.Order, ","), s.Updates, s.Returning}, "|")
	var pairs []string
	for k, n := range s.Names.Names {
		pairs = append(pairs, k, n)
	}
	for k, v := range s.Names.Values {
		text, err := v.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		pairs = append(pairs, k, string(text))
	}
	out = strings.NewReplacer(pairs...).Replace(out)
	if s.Item != nil {
		text, err := s.Item.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		out += "|" + string(text)
	}
	if s.Descending {
		out += "|desc"
	}
	return out
}

func TestParse(t *testing.T) {
	parameters := []attribute.Value{{Type: attribute.S, Text: "p"}}
	for statement, want := range map[string]string{
		`SELECT * FROM "Music"`: `SELECT|Music||||||`,
		`select a, b.c[0]."d e" from Music."by-x" where a = 'it''s' and b >= -1.50 order by a desc;`:           `SELECT|Music|by-x|a, b.c[0].d e|!a = {"S":"it's"} & !b >= {"N":"-1.5"}|a|||desc`,
		`SELECT * FROM T WHERE a = ? AND (b = 1 OR NOT c <> true)`:                                             `SELECT|T|||!a = {"S":"p"} & (b = {"N":"1"} OR NOT c <> {"BOOL":true})|||`,
		`SELECT * FROM T WHERE a = 1 AND b = 2 OR c = 3`:                                                       `SELECT|T|||(a = {"N":"1"}) AND (b = {"N":"2"}) OR c = {"N":"3"}|||`,
		`SELECT * FROM T WHERE a IN [1, 2] AND begins_with(b, 'x') AND contains(c, 'y')`:                       `SELECT|T|||!a IN ({"N":"1"}, {"N":"2"}) & !begins_with(b, {"S":"x"}) & contains(c, {"S":"y"})|||`,
		`SELECT * FROM T WHERE a BETWEEN 1 AND 2 AND size(b) > 3 AND c IS MISSING AND d IS NOT NULL`:           `SELECT|T|||!a BETWEEN {"N":"1"} AND {"N":"2"} & size(b) > {"N":"3"} & attribute_not_exists(c) & NOT attribute_type(d, {"S":"NULL"})|||`,
		`INSERT INTO T VALUE {'a': 'x', 'b': [1, null, {'c': <<'u', 'v'>>}], 'd': ?}`:                          `INSERT|T|||||||{"a":{"S":"x"},"b":{"L":[{"N":"1"},{"NULL":true},{"M":{"c":{"SS":["u","v"]}}}]},"d":{"S":"p"}}`,
		`UPDATE T SET a = 1, b = b + 2 SET c = list_append(c, [1]) REMOVE d WHERE k = 'x' RETURNING ALL NEW *`: `UPDATE|T|||!k = {"S":"x"}||SET a = {"N":"1"}, b = b + {"N":"2"}, c = list_append(c, {"L":[{"N":"1"}]}) REMOVE d|ALL_NEW`,
		`UPDATE T SET a = set_add(a, <<1>>) SET b = set_delete(b, <<'x'>>) WHERE k = 'x'`:                      `UPDATE|T|||!k = {"S":"x"}||ADD a {"NS":["1"]} DELETE b {"SS":["x"]}|`,
		`DELETE FROM T WHERE k = 1e2 RETURNING ALL OLD *`:                                                      `DELETE|T|||!k = {"N":"100"}|||ALL_OLD`,
		`EXISTS(SELECT * FROM T WHERE k = 'x' AND v IS NOT MISSING)`:                                           `EXISTS|T|||!k = {"S":"x"} & attribute_exists(v)|||`,
	} {
		given := parameters
		if !strings.Contains(statement, "?") {
			given = nil
		}
		s, err := Parse(statement, given)
		if err != nil {
			t.Errorf("%s: %v", statement, err)
			continue
		}
		if d := cmp.Diff(want, plain(t, s)); d != "" {
			t.Errorf("%s: -want +got:\n%s", statement, d)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for statement, want := range map[string]string{
		``:                                  "Member must have length",
		strings.Repeat("x", MaxStatement+1): "Member must have length",
		`SELECT`:                            `unexpected "end of statement"`,
		`DROP TABLE T`:                      `unexpected "DROP" at 0`,
		`SELECT * FROM T WHERE a = 'x`:      "unterminated quotation at 26",
		`SELECT * FROM T WHERE a = ?`:       "Number of parameters",
		`SELECT * FROM T WHERE a = @`:       "unexpected character at 26",
		`SELECT * FROM T extra`:             `unexpected "extra" at 16`,
		`UPDATE T WHERE a = 1`:              `unexpected "WHERE" at 9`,
		`UPDATE T SET a = 1`:                `unexpected "end of statement"`,

		`DELETE FROM T WHERE a = 1 RETURNING ALL NEW *`: "can only return ALL OLD",
		`INSERT INTO T VALUE 'x'`:                       "must be a map",
		`INSERT INTO T VALUE {'a': <<1, 1>>}`:           "duplicates",
		`INSERT INTO T VALUE {'a': <<1, 'x'>>}`:         "all of one type",
		`INSERT INTO T VALUE {'a': <<>>}`:               "may not be empty",

		`SELECT * FROM T WHERE ` + strings.Repeat("(", 200) + `a = 1` + strings.Repeat(")", 200): "too deeply",
	} {
		if _, err := Parse(statement, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %s", statement, err, want)
		}
	}
	if _, err := Parse(`SELECT * FROM T`, []attribute.Value{{Type: attribute.S}}); err == nil {
		t.Error("a parameter that nothing uses was taken")
	}
}

// FuzzParse: no statement makes the parser panic, and what it accepts it says in expressions
// that DynamoDB's own parser takes.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`SELECT a, b.c[0] FROM "T"."i" WHERE a = ? AND (b = 1 OR NOT c <> true) ORDER BY a DESC`,
		`INSERT INTO T VALUE {'a': 'x', 'b': [1, null, {'c': <<'u', 'v'>>}]}`,
		`UPDATE T SET a = set_add(a, <<1>>), b = if_not_exists(b, 0) + 1 REMOVE d[3] WHERE k = 'x' RETURNING MODIFIED NEW *`,
		`DELETE FROM T WHERE k IN ['a', 'b'] AND d IS NOT MISSING AND size(e) BETWEEN 1 AND 2`,
		`EXISTS(SELECT * FROM T WHERE begins_with(a, 'x'))`, "SELECT * FROM T WHERE a = 'it''s' -- ", `"`, `SELECT`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text, make([]attribute.Value, strings.Count(text, "?")))
		if err != nil {
			return
		}
		if c := Condition(s.Where); c != "" && len(c) < 4096 {
			if _, err := expression.ParseCondition("ConditionExpression", c, &s.Names); err != nil && strings.Contains(err.Error(), "Syntax error") {
				t.Fatalf("%s: %s: %v", text, c, err)
			}
		}
		if s.Updates != "" && len(s.Updates) < 4096 {
			if _, err := expression.ParseUpdate(s.Updates, &s.Names); err != nil && strings.Contains(err.Error(), "Syntax error") {
				t.Fatalf("%s: %s: %v", text, s.Updates, err)
			}
		}
	})
}
