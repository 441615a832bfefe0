// Package geo reads GeoJSON points and regions, and says which points lie in which regions. A
// server covers the sphere with cells; here a polygon's edges are straight in longitude and
// latitude, and a circle's radius is a great-circle distance. Near a long edge, near a pole and
// across the 180th meridian the two may disagree; for regions of a city or a state they do not.
package geo

import (
	"encoding/json"
	"math"
)

// A Shape is a point or a region.
type Shape struct {
	point    *[2]float64 // longitude, latitude, in degrees
	polygons [][][][2]float64
	center   [2]float64
	radius   float64 // of a circle, in metres; 0: no circle
}

// Region reports whether the shape is a region, and not a point.
func (s *Shape) Region() bool { return s.point == nil }

// Parse reads a Point, a Polygon, a MultiPolygon, an AeroCircle, or a Feature whose geometry is
// one of these.
func Parse(text []byte) (*Shape, bool) {
	var g struct {
		Type        string          `json:"type"`
		Coordinates json.RawMessage `json:"coordinates"`
		Geometry    json.RawMessage `json:"geometry"`
	}
	if json.Unmarshal(text, &g) != nil {
		return nil, false
	}
	s := &Shape{}
	ok := false
	switch g.Type {
	case "Feature":
		if len(g.Geometry) == 0 || len(g.Geometry) >= len(text) {
			return nil, false
		}
		return Parse(g.Geometry)
	case "Point":
		var p [2]float64
		p, ok = position(g.Coordinates)
		s.point = &p
	case "AeroCircle":
		var parts []json.RawMessage
		if json.Unmarshal(g.Coordinates, &parts) != nil || len(parts) != 2 || json.Unmarshal(parts[1], &s.radius) != nil {
			return nil, false
		}
		s.center, ok = position(parts[0])
		ok = ok && s.radius > 0
	case "Polygon":
		s.polygons = make([][][][2]float64, 1)
		s.polygons[0], ok = polygon(g.Coordinates)
	case "MultiPolygon":
		var parts []json.RawMessage
		if json.Unmarshal(g.Coordinates, &parts) != nil || len(parts) == 0 {
			return nil, false
		}
		for _, p := range parts {
			rings, whole := polygon(p)
			if !whole {
				return nil, false
			}
			s.polygons = append(s.polygons, rings)
		}
		ok = true
	}
	return s, ok
}

// position reads a longitude and a latitude; an altitude is passed over.
func position(b []byte) ([2]float64, bool) {
	var v []float64
	if json.Unmarshal(b, &v) != nil || len(v) < 2 {
		return [2]float64{}, false
	}
	return [2]float64{v[0], v[1]}, math.Abs(v[0]) <= 180 && math.Abs(v[1]) <= 90
}

// polygon reads rings, each closed and of at least four positions; those after the first are holes.
func polygon(b []byte) ([][][2]float64, bool) {
	var raw [][]json.RawMessage
	if json.Unmarshal(b, &raw) != nil || len(raw) == 0 {
		return nil, false
	}
	rings := make([][][2]float64, len(raw))
	for i, r := range raw {
		for _, b := range r {
			p, ok := position(b)
			if !ok {
				return nil, false
			}
			rings[i] = append(rings[i], p)
		}
		if n := len(rings[i]); n < 4 || rings[i][0] != rings[i][n-1] {
			return nil, false
		}
	}
	return rings, true
}

// Match reports whether one of two shapes is a point that lies in the other.
func Match(a, b *Shape) bool {
	switch {
	case a.Region() && !b.Region():
		return a.contains(*b.point)
	case b.Region() && !a.Region():
		return b.contains(*a.point)
	}
	return false
}

func (s *Shape) contains(p [2]float64) bool {
	if s.radius > 0 {
		return distance(s.center, p) <= s.radius
	}
	for _, rings := range s.polygons {
		in := inside(rings[0], p)
		for _, hole := range rings[1:] {
			in = in && !inside(hole, p)
		}
		if in {
			return true
		}
	}
	return false
}

// inside counts the edges that a line eastwards from p crosses.
func inside(ring [][2]float64, p [2]float64) bool {
	in := false
	for i := 1; i < len(ring); i++ {
		a, b := ring[i-1], ring[i]
		if (a[1] > p[1]) != (b[1] > p[1]) && p[0] < (b[0]-a[0])*(p[1]-a[1])/(b[1]-a[1])+a[0] {
			in = !in
		}
	}
	return in
}

// earthRadius is the mean radius, in metres (IUGG).
const earthRadius = 6_371_008.8

// distance returns the great-circle distance of two positions, in metres (haversine formula).
func distance(a, b [2]float64) float64 {
	const degree = math.Pi / 180
	lat := math.Sin((b[1] - a[1]) * degree / 2)
	lon := math.Sin((b[0] - a[0]) * degree / 2)
	h := lat*lat + math.Cos(a[1]*degree)*math.Cos(b[1]*degree)*lon*lon
	return 2 * earthRadius * math.Asin(math.Sqrt(min(1, h)))
}
