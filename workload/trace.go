package workload

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"crossover/workload/keys"
	"crossover/workload/op"
)

// A Trace is a recorded stream of operations. It says which items are asked for and, where the
// scenario says so, with which operations and when; items and writes have its sizes.
type Trace struct {
	File  string  `yaml:"file" json:"-" doc:"CSV with a header, or JSON lines; beside the scenario"`
	Rows  string  `yaml:"rows" json:"-" doc:"the same, written here"`
	Speed float64 `yaml:"speed" default:"1" min:"0.001" max:"1_000_000" doc:"how much faster than recorded its operations come"`

	Digest     string `yaml:"-"` // of the content
	Operations bool   `yaml:"-"` // kinds come from it

	rows *traceRows
}

// traceRows are a trace's rows, a column each: 21 bytes a row.
type traceRows struct {
	at    []int64 // ns since the first row; nil without a time column
	item  []uint64
	kind  []op.Kind // nil without an operation column
	size  []uint32  // bytes; nil without a size column, 0 where a row has none
	first map[uint64]uint32
	items uint64 // one more than the highest item
}

// MaxTraceRows bounds a trace.
const MaxTraceRows = 50_000_000

// DecodeYAML reads a trace and its content.
func (t *Trace) DecodeYAML(d *Decoder, n *yaml.Node, path string) {
	before := len(d.errs)
	type raw Trace
	d.structure(n, reflect.ValueOf((*raw)(t)).Elem(), path)
	if len(d.errs) > before {
		return
	}
	text, digest, ok := d.content(n, path, t.File, t.Rows, "rows")
	if !ok {
		return
	}
	t.Digest = digest
	d.traces = append(d.traces, pendingTrace{t, n, path, text})
}

// A pendingTrace is parsed when the partition key's template is known.
type pendingTrace struct {
	trace *Trace
	node  *yaml.Node
	path  string
	text  []byte
}

func (p pendingTrace) parse(d *Decoder, template string) {
	rows, err := parseTrace(p.text, template)
	if err != nil {
		name := p.trace.File
		if name == "" {
			name = "rows"
		}
		found, _, _ := strings.Cut(err.Error(), ", expected") // which is said here
		d.fail(p.node, p.path, name+": "+found, "a trace: time, operation, key and size, as CSV with a header or JSON lines", "")
		return
	}
	p.trace.rows = rows
}

// A traceRow is one row as it is written.
type traceRow struct {
	time, operation, key, size string
	number                     int // of the row, from 1, for messages
}

// errTextKey says that a key is no item's number: keys are numbered as they appear then.
var errTextKey = errors.New("a key that is not a number")

// parseTrace reads CSV, or JSON lines where the text begins with a brace. Keys that are numbers,
// or that the partition key's template makes of numbers, name items; if one of them is neither,
// all are numbered as they first appear.
func parseTrace(text []byte, template string) (*traceRows, error) {
	rows, err := collectTrace(text, func(key string) (uint64, error) { return itemOf(key, template) })
	if !errors.Is(err, errTextKey) {
		return rows, err
	}
	numbers := map[string]uint64{}
	return collectTrace(text, func(key string) (uint64, error) {
		n, ok := numbers[key]
		if !ok {
			n = uint64(len(numbers))
			numbers[strings.Clone(key)] = n
		}
		return n, nil
	})
}

// itemOf returns the item that a key's text names: a number, or what the template makes of one.
func itemOf(key, template string) (uint64, error) {
	before, after, _ := strings.Cut(template, "{id}")
	if rest, ok := strings.CutPrefix(key, before); ok {
		if rest, ok = strings.CutSuffix(rest, after); ok {
			if n, err := strconv.ParseUint(rest, 10, 64); err == nil && n < keys.MaxItems {
				return n, nil
			}
		}
	}
	n, err := strconv.ParseUint(key, 10, 64)
	if err != nil || n >= keys.MaxItems {
		return 0, errTextKey
	}
	return n, nil
}

func collectTrace(text []byte, item func(string) (uint64, error)) (*traceRows, error) {
	out := &traceRows{first: map[uint64]uint32{}}
	var start time.Duration
	add := func(r traceRow) error {
		if len(out.item) == MaxTraceRows {
			return fmt.Errorf("more than %d rows", MaxTraceRows)
		}
		if r.key == "" {
			return fmt.Errorf("row %d: no key", r.number)
		}
		n, err := item(r.key)
		if err != nil {
			return err
		}
		had := len(out.item)
		out.item = append(out.item, n)
		out.items = max(out.items, n+1)
		if err := out.addTime(r, had, &start); err != nil {
			return err
		}
		if err := out.addKind(r, had); err != nil {
			return err
		}
		return out.addSize(r, had, n)
	}
	err := eachRow(text, add)
	if err == nil && len(out.item) == 0 {
		err = errors.New("no rows")
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (t *traceRows) addTime(r traceRow, had int, start *time.Duration) error {
	if r.time == "" && t.at == nil {
		return nil
	}
	if len(t.at) != had {
		return fmt.Errorf("row %d: a time, where rows before have none", r.number)
	}
	at, err := traceTime(r.time)
	if err != nil {
		return fmt.Errorf("row %d: %w", r.number, err)
	}
	if had == 0 {
		*start = at
	}
	since := int64(at - *start)
	if had > 0 && since < t.at[had-1] {
		return fmt.Errorf("row %d: a time before that of the row above", r.number)
	}
	if since > int64(MaxDuration) {
		return fmt.Errorf("row %d: a time more than 366 days after the first", r.number)
	}
	t.at = append(t.at, since)
	return nil
}

// traceTime reads seconds, or a time as RFC 3339 writes it.
func traceTime(text string) (time.Duration, error) {
	if s, err := parseNumber(text); err == nil && math.Abs(s) < 9e9 {
		whole := math.Floor(s)
		return time.Duration(whole)*time.Second + time.Duration(math.Round((s-whole)*1e9)), nil
	}
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil && at.Year() > 1700 && at.Year() < 2250 {
		return time.Duration(at.UnixNano()), nil
	}
	return 0, fmt.Errorf("a time of %q, neither seconds nor as RFC 3339 has it", text)
}

// traceKinds are names of operations that logs have for what a scenario calls otherwise:
// DynamoDB's API, and common caches' and stores' commands.
var traceKinds = map[string]op.Kind{
	"get": op.Read, "getitem": op.Read, "put": op.Update, "set": op.Update, "putitem": op.Update, "updateitem": op.Update,
	"deleteitem": op.Delete, "add": op.Insert, "scan": op.ScanPage, "gets": op.Read, "replace": op.Update, "cas": op.ReadModifyWrite,
}

func (t *traceRows) addKind(r traceRow, had int) error {
	if r.operation == "" && t.kind == nil {
		return nil
	}
	if len(t.kind) != had {
		return fmt.Errorf("row %d: an operation, where rows before have none", r.number)
	}
	name := strings.ToLower(r.operation)
	kind, ok := op.ParseKind(name)
	if !ok {
		kind, ok = traceKinds[name]
	}
	if !ok {
		return fmt.Errorf("row %d: unknown operation %q", r.number, r.operation)
	}
	t.kind = append(t.kind, kind)
	return nil
}

func (t *traceRows) addSize(r traceRow, had int, item uint64) error {
	size := uint64(0)
	if r.size != "" {
		var err error
		if size, err = strconv.ParseUint(r.size, 10, 64); err != nil {
			if size, err = ParseBytes(r.size); err != nil {
				return fmt.Errorf("row %d: a size of %q, expected bytes", r.number, r.size)
			}
		}
		if size > MaxItemBytes {
			return fmt.Errorf("row %d: a size of %d bytes, above %d (400 KiB), DynamoDB's limit for an item", r.number, size, MaxItemBytes)
		}
	}
	if size > 0 && t.size == nil {
		t.size = make([]uint32, had, max(had+1, 1024))
	}
	if t.size != nil {
		t.size = append(t.size, uint32(size))
	}
	if size > 0 && t.first[item] == 0 {
		t.first[item] = uint32(size)
	}
	return nil
}

// eachRow calls add with every row of CSV with a header, or of JSON lines.
func eachRow(text []byte, add func(traceRow) error) error {
	if trimmed := bytes.TrimLeft(text, " \t\r\n"); len(trimmed) > 0 && trimmed[0] == '{' {
		return eachJSONRow(text, add)
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.ReuseRecord, r.TrimLeadingSpace = true, true
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return errors.New("nothing")
	}
	if err != nil {
		return err
	}
	columns := slices.Clone(header)
	seen := map[string]bool{}
	for i, c := range columns {
		columns[i] = strings.ToLower(strings.TrimSpace(c))
		if !slices.Contains([]string{"time", "operation", "key", "size"}, columns[i]) || seen[columns[i]] {
			return fmt.Errorf("column %q, expected time, operation, key and size, each once", strings.TrimSpace(c))
		}
		seen[columns[i]] = true
	}
	if !seen["key"] {
		return errors.New("no column key")
	}
	for number := 1; ; number++ {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		row := traceRow{number: number}
		for i, value := range record {
			value = strings.TrimSpace(value)
			switch columns[i] {
			case "time":
				row.time = value
			case "operation":
				row.operation = value
			case "key":
				row.key = value
			case "size":
				row.size = value
			}
		}
		if err := add(row); err != nil {
			return err
		}
	}
}

// jsonText is a JSON string or number, as text.
type jsonText string

// UnmarshalJSON takes the text of either.
func (t *jsonText) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err == nil {
		*t = jsonText(s)
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return errors.New("neither text nor a number")
	}
	*t = jsonText(n)
	return nil
}

func eachJSONRow(text []byte, add func(traceRow) error) error {
	number := 0
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		number++
		var row struct {
			Time      jsonText `json:"time"`
			Operation string   `json:"operation"`
			Key       jsonText `json:"key"`
			Size      jsonText `json:"size"`
		}
		d := json.NewDecoder(bytes.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&row); err != nil {
			return fmt.Errorf("row %d: %w", number, err)
		}
		if d.More() {
			return fmt.Errorf("row %d: more than one object", number)
		}
		if err := add(traceRow{string(row.Time), row.Operation, string(row.Key), string(row.Size), number}); err != nil {
			return err
		}
	}
	return nil
}

// A traceClock is when a trace's rows are due at a speed.
type traceClock struct {
	at    []int64
	speed float64
}

// Len returns the number of rows.
func (c traceClock) Len() uint64 { return uint64(len(c.at)) }

// At returns when a row is due, since the first.
func (c traceClock) At(i uint64) time.Duration {
	if c.speed == 1 {
		return time.Duration(c.at[i])
	}
	return time.Duration(float64(c.at[i]) / c.speed)
}

// row returns the row that operation i takes: the trace begins anew after its last.
func (t *Trace) row(i uint64) uint64 { return i % uint64(len(t.rows.item)) }

// sizeOf returns the size in bytes that the trace gives an item's version, or 0: a write has its
// row's, what was loaded the first that is known of its item.
func (t *Trace) sizeOf(item, version uint64) uint64 {
	if t.rows == nil || t.rows.size == nil {
		return 0
	}
	if version > 0 {
		if i := t.row(version - 1); t.rows.item[i] == item {
			return uint64(t.rows.size[i])
		}
	}
	return uint64(t.rows.first[item])
}
