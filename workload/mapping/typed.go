package mapping

import (
	"strconv"

	"crossover/costmodel/footprint"
	"crossover/workload"
	"crossover/workload/items"
)

// typedBins returns the bins of the scenario's first item, its attributes having types: a set
// is a list, a null no bin. body is what the values count in DynamoDB's item size.
func typedBins(sc *workload.Scenario, t *items.Template, body int64) (bins []footprint.Bin) {
	const firstItem, loaded = 0, 0
	least := int64(t.MaxOther()) + 1
	values, _ := t.Values(nil, t.Append(nil, sc.Seed, firstItem, loaded, int(max(body, least))))
	for i, a := range t.Attributes() {
		b := footprint.Bin{Name: a.Name, Type: footprint.String, Bytes: len(values[i].Text)}
		switch a.Type {
		case items.Null:
			continue
		case items.Number:
			b.Type, b.Bytes = footprint.Integer, 0
			if a.From == items.Decimal {
				b.Type = footprint.Float
			}
		case items.Bool:
			// The server takes a boolean for a few bytes less than an integer, within the rounding.
			b.Type, b.Bytes = footprint.Integer, 0
		case items.Binary:
			b.Type = footprint.Blob
		case items.List, items.Map, items.StringSet, items.NumberSet:
			b.Type, b.Bytes = footprint.Blob, packed(&a, values[i].Elements)
		}
		bins = append(bins, b)
	}
	return bins
}

// packed returns what a list or map takes in MessagePack, as Aerospike's clients write it: a
// string has its particle type's byte before it.
func packed(a *items.Attribute, elements [][]byte) int {
	n := 1 // of up to 15 elements; three bytes hold the number of more
	if len(elements) > 15 {
		n = 3
	}
	for k, e := range elements {
		if a.Type == items.Map {
			n += packedString(len(items.ElementName(k)))
		}
		switch a.From {
		case items.Integer:
			n += packedInteger(string(e))
		case items.Decimal:
			n += 9
		default:
			n += packedString(len(e))
		}
	}
	return n
}

// packedString returns the bytes of a string (MessagePack specification, "str format family").
func packedString(n int) int {
	n++ // the particle type
	switch {
	case n < 32:
		return n + 1
	case n < 1<<8:
		return n + 2
	case n < 1<<16:
		return n + 3
	}
	return n + 5
}

// packedInteger returns the bytes of an integer (MessagePack specification, "int format family").
func packedInteger(text string) int {
	v, _ := strconv.ParseInt(text, 10, 64) // items.Template wrote it
	switch {
	case v >= -32 && v < 128:
		return 1
	case v >= -1<<7 && v < 1<<8:
		return 2
	case v >= -1<<15 && v < 1<<16:
		return 3
	case v >= -1<<31 && v < 1<<32:
		return 5
	}
	return 9
}

// types says in words how attributes' types and an item's end map, where the scenario has them.
func (m *Mapping) types() string {
	text := ""
	if len(m.sc.Dataset.Typed) > 0 {
		text += "; a number is an integer or a float, a bool a boolean, binary a blob, a set a list (Aerospike has no sets), and a null no bin"
	}
	if ttl := m.sc.Workload.Write.TTL; ttl > 0 {
		text += "; an item written ends after " + ttl.String() + ": attribute exp, which DynamoDB deletes by in its own time, " +
			"and the record's time to live, at which Aerospike stops returning it"
	}
	return text
}
