package mapping

import (
	"fmt"
	"strings"

	"crossover/workload"
	"crossover/workload/op"
)

// SeparateWrites is the setting of an Aerospike target by which what DynamoDB does in one
// transaction is done as separate requests.
const SeparateWrites = "separate_writes"

// moreRow fills in the row of a kind behind the first.
func (m *Mapping) moreRow(r *Row, k op.Kind) {
	w := &m.sc.Workload
	n := m.sc.Parts(k)
	switch k {
	case op.ConditionalUpdate:
		r.DynamoDB, r.Aerospike = "PutItem of the whole item", "put of the whole record (replace)"
		m.guard(r, m.sc.Condition(k), w.ConditionalUpdate.Condition.Describe())
	case op.PartialUpdate:
		names := strings.Join(w.PartialUpdate.Attributes, ", ")
		r.DynamoDB, r.Aerospike = "UpdateItem: SET "+names+" and the version", "put of the bins "+names+" and the version (update)"
		r.Note = "DynamoDB charges for the whole item; Aerospike reads the record, and writes it whole to its device"
		m.guard(r, m.sc.Condition(k), w.PartialUpdate.Condition.Describe())
	case op.Increment:
		r.DynamoDB = fmt.Sprintf("UpdateItem: ADD %d to %s, and SET the version", w.Increment.By, w.Increment.Attribute)
		r.Aerospike = fmt.Sprintf("operate: add %d to bin %s, and put the version", w.Increment.By, w.Increment.Attribute)
		m.guard(r, m.sc.Condition(k), w.Increment.Condition.Describe())
	case op.Append:
		r.DynamoDB = fmt.Sprintf("UpdateItem: list_append of %d to %s, and SET the version", w.Append.Elements, w.Append.Attribute)
		r.Aerospike = fmt.Sprintf("operate: list append of %d to bin %s, and put the version", w.Append.Elements, w.Append.Attribute)
		r.Note = "the list grows with each append, and with it what each write costs; sizes and units here are those of the loaded item"
		m.guard(r, m.sc.Condition(k), w.Append.Condition.Describe())
	case op.Touch:
		r.DynamoDB = "UpdateItem: SET attribute exp, on condition that the item exists"
		r.Aerospike = "touch of the record's time to live, which it must have (an item that is not there is the condition's answer)"
		r.Unequal = "a touch raises an Aerospike record's generation, so that a conditional write by generation under way is refused; " +
			"DynamoDB's stored version stays as it is"
	case op.QueryIndex:
		m.indexRow(r)
	case op.BatchRead:
		r.DynamoDB = fmt.Sprintf("BatchGetItem of %d keys; what comes back unprocessed is asked for again, and counts as throttled", n)
		r.Aerospike = fmt.Sprintf("batch read of %d keys: one request to each node that has some of them", n)
	case op.BatchWrite:
		what := fmt.Sprintf("%d items", n)
		if d := w.BatchWrite.Deletes; d > 0 {
			what += fmt.Sprintf(", %.3g%% of them deletes", 100*d)
		}
		r.DynamoDB = fmt.Sprintf("BatchWriteItem of %s; what comes back unprocessed is sent again, and counts as throttled", what)
		r.Aerospike = fmt.Sprintf("batch write of %s: one request to each node that has some of them", what)
		if w.Write.Condition == "existence" {
			r.Note = "without a condition on either side: BatchWriteItem takes none"
		}
	case op.TransactRead:
		r.DynamoDB = fmt.Sprintf("TransactGetItems of %d keys", n)
		r.Aerospike = fmt.Sprintf("refused; with transactions: %s, a batch read of %d keys", SeparateWrites, n)
		r.Unequal = "DynamoDB reads the items as they are at one time, at twice the units; Aerospike's batch reads each by itself: " +
			"the client used here has no multi-record transactions"
	case op.TransactWrite:
		m.transactionRow(r)
	}
}

// guard adds a write's condition to both sides.
func (m *Mapping) guard(r *Row, c op.Condition, words string) {
	switch c {
	case op.MustExist:
		r.DynamoDB += ", on condition that the item exists"
		r.Aerospike += ", update only"
	case op.MustNotExist:
		r.DynamoDB += ", on condition that the item does not exist"
		r.Aerospike += ", create only"
	case op.Compares:
		r.DynamoDB += ", on condition that " + words
		r.Aerospike += ", update only, with the filter expression that " + words
	}
}

func (m *Mapping) indexRow(r *Row) {
	q := m.sc.Workload.QueryIndex
	x := &m.sc.Indexes[m.sc.Ask(op.QueryIndex).On]
	_, _, r.DynamoDBRequests = m.DynamoDBUnits(op.QueryIndex, m.sc.ItemSize(0))
	order := ""
	if x.Sort != "" {
		order = ", in order of " + x.Sort
		if q.Order == "reverse" {
			order = ", in descending order of " + x.Sort
		}
	}
	filter := ""
	if q.Filter != nil {
		filter = ", filtered by " + q.Filter.Describe()
	}
	bin := x.Partition
	if !x.Global() {
		bin = workload.AttrPartition
	}
	r.DynamoDB = fmt.Sprintf("Query of %s index %s%s%s, up to a limit; a request for each page of 1 MB", x.Kind, x.Name, order, filter)
	r.Aerospike = fmt.Sprintf("secondary-index query on bin %s over all nodes%s, sorted and cut by the driver", bin, filter)
	unequal := []string{"Aerospike sends every record that has the value, whatever the limit, since its index has no order"}
	if x.Global() {
		unequal = append(unequal, "DynamoDB's global index is brought up to date behind the write; Aerospike's with it")
	}
	if !x.Projection.All {
		unequal = append(unequal, "DynamoDB's index holds what is projected and no more; Aerospike reads the records and returns the same attributes of them")
	}
	r.Unequal = strings.Join(unequal, "; ")
}

func (m *Mapping) transactionRow(r *Row) {
	count := map[op.Step]int{}
	var conditions int
	for _, p := range m.sc.Steps() {
		count[p.Step]++
		if p.Condition != op.Unconditional {
			conditions++
		}
	}
	var parts []string
	for s := range op.StepCount {
		if n := count[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d × %v", n, s))
		}
	}
	what := strings.Join(parts, ", ")
	if conditions > 0 {
		what += fmt.Sprintf(", %d of them on condition", conditions)
	}
	r.DynamoDB = "TransactWriteItems: " + what + "; with a token, so that it is carried out once"
	r.Aerospike = fmt.Sprintf("refused; with transactions: %s, %s, one after another as separate requests", SeparateWrites, what)
	r.AerospikeRequests = m.sc.Parts(op.TransactWrite)
	r.Unequal = "DynamoDB does all or nothing, isolated from others, at twice the units; Aerospike's separate writes are neither atomic nor " +
		"isolated (what comes before a failed one stays done), which is an easier job: the client used here has no multi-record transactions"
}

// options says in words what the scenario asks of reads of several items besides their limits.
func options(r *Row, order string, filter *workload.Comparison) {
	if order == "reverse" {
		r.DynamoDB = strings.Replace(r.DynamoDB, "in order of the sort key", "in descending order of the sort key", 1)
	}
	if filter != nil {
		r.DynamoDB += ", filtered by " + filter.Describe()
		r.Aerospike += ", with the filter expression that " + filter.Describe()
	}
}

// projection says in words that a read returns some attributes only.
func (m *Mapping) projection(r *Row, k op.Kind) {
	names := m.sc.Workload.Read.Attributes
	if len(names) == 0 || m.sc.Ask(k).Project == nil {
		return
	}
	r.DynamoDB += "; returns " + strings.Join(names, ", ") + " (a projection, which costs as much)"
	r.Aerospike += "; returns the bins " + strings.Join(names, ", ")
}

// indexes says in words what secondary indexes there are.
func (m *Mapping) indexes() string {
	var out []string
	for i := range m.sc.Indexes {
		x := &m.sc.Indexes[i]
		keys, holds := x.Partition, "all attributes"
		if !x.Global() {
			keys = workload.AttrPartition
		}
		if x.Sort != "" {
			keys += " and " + x.Sort
		}
		if !x.Projection.All {
			holds = "keys"
			if len(x.Projection.Include) > 0 {
				holds += " and " + strings.Join(x.Projection.Include, ", ")
			}
		}
		bin := "bin " + x.Partition
		if !x.Global() {
			bin = "bin pk, sorted by the driver"
		}
		out = append(out, fmt.Sprintf("%s, DynamoDB: a %s index by %s that holds %s; Aerospike: a secondary index in memory on %s",
			x.Name, x.Kind, keys, holds, bin))
	}
	return strings.Join(out, "; ")
}

// Unequal lists what is not the same on both sides, operation by operation.
func (d Description) Unequal() []string {
	var out []string
	for _, r := range d.Rows {
		if r.Unequal != "" {
			out = append(out, r.Operation+": "+r.Unequal)
		}
	}
	return out
}
