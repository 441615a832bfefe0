package geo

import "testing"

func TestMatch(t *testing.T) {
	const (
		square  = `{"type":"Polygon","coordinates":[[[0,0],[10,0],[10,10],[0,10],[0,0]],[[4,4],[6,4],[6,6],[4,6],[4,4]]]}`
		two     = `{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[1,1],[0,1],[0,0]]],[[[20,0],[21,0],[21,1],[20,1],[20,0]]]]}`
		circle  = `{"type":"AeroCircle","coordinates":[[8.54,47.37],3000]}`
		feature = `{"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[1,1]}}`
	)
	point := func(at string) string { return `{"type":"Point","coordinates":[` + at + `]}` }
	for _, c := range []struct {
		name, a, b string
		want       bool
	}{
		{"in a square", square, point("1,1"), true},
		{"in its hole", square, point("5,5"), false},
		{"outside", square, point("11,5"), false},
		{"the other way round", point("1,1"), square, true},
		{"a feature", feature, square, true},
		{"in the second of two", two, point("20.5,0.5"), true},
		{"between two", two, point("10,0.5"), false},
		{"2,990 m north", circle, point("8.54,47.39689"), true},
		{"3,010 m north", circle, point("8.54,47.39707"), false},
		{"two regions", square, circle, false},
		{"two points", point("1,1"), point("1,1"), false},
		{"with an altitude", square, point("1,1,400"), true},
	} {
		a, ok := Parse([]byte(c.a))
		b, ok2 := Parse([]byte(c.b))
		if !ok || !ok2 {
			t.Errorf("%s: refused", c.name)
			continue
		}
		if got := Match(a, b); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestWhatIsNoShape(t *testing.T) {
	for _, text := range []string{
		"", "{}", "nonsense", `{"type":"Point"}`, `{"type":"Point","coordinates":[1]}`, `{"type":"Point","coordinates":[181,0]}`,
		`{"type":"Polygon","coordinates":[]}`, `{"type":"Polygon","coordinates":[[[0,0],[1,0],[0,0]]]}`,
		`{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}`, `{"type":"AeroCircle","coordinates":[[0,0],-1]}`,
		`{"type":"MultiPolygon","coordinates":[]}`, `{"type":"LineString","coordinates":[[0,0],[1,1]]}`, `{"type":"Feature"}`,
	} {
		if _, ok := Parse([]byte(text)); ok {
			t.Errorf("%q is accepted", text)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{"type":"Polygon","coordinates":[[[0,0],[10,0],[10,10],[0,10],[0,0]]]}`)
	f.Add(`{"type":"AeroCircle","coordinates":[[8.54,47.37],3000]}`)
	point := &Shape{point: &[2]float64{1, 1}}
	f.Fuzz(func(t *testing.T, text string) {
		s, ok := Parse([]byte(text))
		if ok && Match(s, point) && !s.Region() {
			t.Fatalf("%q contains a point", text)
		}
	})
}
