package tco

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"

	"crossover/costmodel"
	"crossover/costmodel/aerospike"
	"crossover/costmodel/dynamodb"
	"crossover/results/figure"
)

// A Plane is where the cheaper system changes when load and data are scaled apart.
type Plane struct {
	Rows []PlaneRow `json:"rows"` // from little data to much
	Note string     `json:"note"`
}

// A PlaneRow is the loads at which the cheaper system changes at one size of data.
type PlaneRow struct {
	Data    figure.Figure   `json:"data"`    // bytes, as DynamoDB counts items, in the first month
	Lowest  string          `json:"lowest"`  // cheaper system at the lowest load priced
	Changes []figure.Figure `json:"changes"` // mean operations/s, rising; the cheaper system changes at each
	// Unpriced names, for each change, the system none of whose offers can be priced on one side of
	// it; empty where both have a price on both.
	Unpriced []string `json:"unpriced"`
}

// How the plane is laid out: sizes of data from a hundredth of the demand's to a hundred times it,
// and loads as the curve has them, in coarser steps before each change is found by halving.
const (
	planeDecades = 2
	rowsADecade  = 3
	planeSteps   = 8 // loads a decade
	planeExact   = 1e-4
)

// plane finds the changes at each size of data.
func (m *model) plane(ctx context.Context) (*Plane, error) {
	n := 2*planeDecades*rowsADecade + 1
	out := &Plane{Rows: make([]PlaneRow, n)}
	out.Note = fmt.Sprintf("Load and items are scaled apart; item sizes, mix, shape, growth, people's hours and fewest nodes stay. For each of %d sizes of data %d loads a decade were priced, from a thousandth of the demand to a hundred times it, and each change between two of them found by halving, to %g of its load.", n, planeSteps, planeExact)
	workers := runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n && ctx.Err() == nil; i += workers {
				out.Rows[i] = m.row(math.Pow(10, float64(i)/rowsADecade-planeDecades))
			}
		})
	}
	wg.Wait()
	return out, ctx.Err()
}

// row finds the changes at a multiple of the demand's data.
func (m *model) row(data float64) PlaneRow {
	t := &m.base.table
	row := PlaneRow{Changes: []figure.Figure{}, Unpriced: []string{}}
	row.Data = figure.Derive(t.Items.Value*data*t.ItemBytes.Value, "bytes", "items × a factor of this plane × mean item",
		figure.In("items", costmodel.See(t.Items, "demand/items")), figure.In("item_bytes", costmodel.See(t.ItemBytes, "demand/item_bytes")),
		figure.In("factor", figure.New(data, "ratio", figure.Assumed, "a row of the plane")))
	mean := m.portfolio(m.cfg, 1).Tables[0].MeanOps.Value
	both := func(load float64) map[string]pick {
		p := m.portfolio(m.cfg, load)
		p.Tables[0].Items.Value = float64(m.cfg.Items) * data
		return m.cheapest(m.book, p)
	}
	at := func(load float64) string { return winner(both(load)) }
	before, last := "", 0.0
	for i := -decadesBelow * planeSteps; i <= decadesAbove*planeSteps; i++ {
		scale := math.Pow(10, float64(i)/planeSteps)
		if mean*scale < curveMinimum || mean*scale > maxOps/100 {
			continue
		}
		now := at(scale)
		switch {
		case before == "":
			row.Lowest = now
		case now != before:
			low, high := last, scale
			for high/low-1 > planeExact {
				if middle := math.Sqrt(low * high); at(middle) == before {
					low = middle
				} else {
					high = middle
				}
			}
			row.Changes = append(row.Changes, figure.New(mean*high, "operations/s", figure.Assumed, "search over the load at this size of data, everything else as it is"))
			without := ""
			for _, side := range []map[string]pick{both(low), both(high)} {
				for _, system := range []string{dynamodb.System, aerospike.System} {
					if _, ok := side[system]; !ok {
						without = system
					}
				}
			}
			row.Unpriced = append(row.Unpriced, without)
		}
		before, last = now, scale
	}
	return row
}
