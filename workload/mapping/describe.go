package mapping

import (
	"fmt"

	"crossover/workload/op"
)

// A Row is how one operation of the scenario maps to both sides.
type Row struct {
	Operation         string `json:"operation"`
	DynamoDB          string `json:"DynamoDB"`
	DynamoDBRequests  int    `json:"DynamoDB requests"`
	Aerospike         string `json:"Aerospike"`
	AerospikeRequests int    `json:"Aerospike requests"`
	Note              string `json:"note"`
	Unequal           string `json:"not alike,omitempty"` // what one side does that the other does not
}

// A Description is the mapping in words, for manifests and reports.
type Description struct {
	Item string `json:"item"`
	// Indexes says what secondary indexes both sides keep; empty where there are none.
	Indexes string `json:"indexes,omitempty"`
	Rows    []Row  `json:"rows"`
}

// Describe returns the rows of the operations that the scenario has.
func (m *Mapping) Describe() Description {
	d := Description{Item: "one DynamoDB item, one Aerospike record; an attribute is a bin; the record's user key is the partition key" +
		map[bool]string{true: `, "|" and the sort key`}[m.sc.HasSort()] + m.types()}
	d.Indexes = m.indexes()
	for k := range op.KindCount {
		if m.sc.Workload.Operations[k] > 0 {
			d.Rows = append(d.Rows, m.row(k))
		}
	}
	return d
}

func (m *Mapping) row(k op.Kind) Row {
	r := Row{Operation: k.String(), DynamoDBRequests: 1, AerospikeRequests: 1}
	read, get := "GetItem, eventually consistent", "get of all bins, from the master while it answers"
	if m.sc.Workload.Read.Consistency == "strong" {
		read = "GetItem, strongly consistent"
		r.Note = "Aerospike reads the master; a linearizable read would need a strong-consistency namespace (Enterprise)"
	}
	put, record := "PutItem of the whole item", "put of the whole record (replace)"
	condition, policy := "", ""
	switch m.sc.Workload.Write.Condition {
	case "existence":
		condition, policy = ", on condition that the item exists", ", replace only"
		if k == op.Insert {
			condition, policy = ", on condition that it does not exist", ", create only"
		}
	case "version":
		condition, policy = ", on condition that its version is the one read", ", if the generation is the one read"
	}
	switch k {
	case op.Read:
		r.DynamoDB, r.Aerospike = read, get
	case op.Update, op.Insert:
		if m.sc.Workload.Write.Condition == "version" {
			condition, policy = "", ""
		}
		r.DynamoDB, r.Aerospike = put+condition, record+policy
	case op.Delete:
		if m.sc.Workload.Write.Condition != "existence" {
			condition = ""
		}
		r.DynamoDB, r.Aerospike = "DeleteItem"+condition, "delete"
		if condition != "" {
			r.Note = "an Aerospike delete reports whether the record existed; that is the condition's answer"
		}
	case op.ReadModifyWrite:
		r.DynamoDB, r.Aerospike = read+", then "+put+condition, get+", then "+record+policy
		r.DynamoDBRequests, r.AerospikeRequests = 2, 2
	case op.Query:
		if !m.sc.HasSort() {
			r.DynamoDB, r.Aerospike = read, get
			r.Note = "without a sort key a partition key has one item: a read by key on both sides"
			break
		}
		r.DynamoDB = "Query by partition key, in order of the sort key, up to a limit; a request for each page of 1 MB"
		r.Aerospike = "secondary-index query on bin pk over all nodes, sorted and cut by the driver"
		options(&r, m.sc.Workload.Query.Order, m.sc.Workload.Query.Filter)
		r.Note = "Aerospike hashes the whole key, so that items of one partition key lie on all nodes"
	case op.ScanPage:
		r.DynamoDB, r.Aerospike = "Scan with a limit, from where the session's last page ended", "primary-index query of one node's partitions after another up to a limit, from where the session's last page ended"
		if n := m.sc.Workload.Scan.Segments; n > 1 {
			r.DynamoDB, r.Aerospike = fmt.Sprintf("%s; of one of %d segments in turn", r.DynamoDB, n), fmt.Sprintf("%s; of one of %d ranges of partitions in turn", r.Aerospike, n)
		}
		options(&r, "", m.sc.Workload.Scan.Filter)
	default:
		m.moreRow(&r, k)
	}
	m.projection(&r, k)
	return r
}
