// Package costmodel holds what is priced (a portfolio of tables with their demand) and what a
// price is (an offer with its bill). The packages below it know the two systems.
package costmodel

import (
	"crossover/costmodel/demand"
	"crossover/results/figure"
)

// Hours is how many hours the representative day has.
const Hours = 24

// A Portfolio is what every offer prices: one region's tables over a horizon.
type Portfolio struct {
	Region  string
	Months  int
	Config  *Config
	Tables  []Table
	Sources []string // of measurements: "run NAME on TARGET (kind)"
}

// A Table is one table's demand and sizes. Per-operation figures are means over its mix.
type Table struct {
	Name        string
	MeanOps     figure.Figure   // operations/s, mean over a year without growth
	Load        *demand.Profile // how the load moves about its mean
	Growth      figure.Figure   // share per year, compounded monthly
	Items       figure.Figure   // items in the first month; they grow as the load does
	ItemBytes   figure.Figure   // mean item, as DynamoDB counts it
	ReadUnits   figure.Figure   // DynamoDB read units per operation
	WriteUnits  figure.Figure   // DynamoDB write units per operation
	Record      figure.Figure   // mean record on the device, bytes, one copy
	IndexBytes  figure.Figure   // bytes of an item's entries in secondary indexes, as DynamoDB counts them
	IndexCount  int             // secondary indexes
	IndexWrites figure.Figure   // of WriteUnits, those of secondary indexes
	DevReads    figure.Figure   // device record reads per operation, cache misses assumed
	DevWrites   figure.Figure   // device record writes per operation, one copy
	Requests    figure.Figure   // requests per operation on Aerospike that go to one node
	Everywhere  figure.Figure   // requests per operation that every node gets: index queries and scans
	Records     figure.Figure   // records that those return, per operation
	WriteShare  figure.Figure   // share of operations that write
}

// An Offer prices a portfolio in one way.
type Offer interface {
	// Name is the offer's path element: dynamodb-on-demand, aerospike-ce-i4i.xlarge.
	Name() string
	// System is dynamodb or aerospike.
	System() string
	// Price returns the bill; a Bill whose Status is not "priced" says why in Reason.
	Price(p *Portfolio) Bill
}

// A Bill is a portfolio's cost under one offer.
type Bill struct {
	Name, System, Title string
	Status              string // priced, excluded, not priced
	Reason              string
	Lines               []Line
	ByMonth             []float64 // USD each month of the horizon, one-off amounts in the month they fall
	HardByMonth         []float64 // the same without soft lines
	Nodes               *Nodes
	Warnings            []string
	LowConfidence       []string // prices of low or medium confidence that the bill rests on
}

// A Line is one line of a bill in its first month, rounded to the cent.
type Line struct {
	Name, Title             string
	Quantity, Price, Amount figure.Figure
	Once                    bool // one-off
	Soft                    bool // people
}

// Nodes is a node count with the constraints that made it.
type Nodes struct {
	Instance    string
	Count       figure.Figure
	Constraints []Constraint
}

// A Constraint asks for nodes for one named reason.
type Constraint struct {
	Name, Title string
	Nodes       figure.Figure
	Binding     bool
}
