package workload

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"
	"gopkg.in/yaml.v3"

	"crossover/workload/keys"
)

// A Histogram gives stated items stated shares of the operations; the rest goes to all others.
type Histogram struct {
	Shares []HistogramShare `yaml:"shares" json:"-" doc:"items and their shares"`
	File   string           `yaml:"file" json:"-" doc:"CSV or JSON beside the scenario: key and share, from, to and share, or count for share; or a CloudWatch Contributor Insights report"`

	Digest string `yaml:"-" json:",omitempty"` // of the file's content
	shares []keys.Share
}

// A HistogramShare is the share of one item, or of the items From to To together.
type HistogramShare struct {
	Key   *uint64 `yaml:"key" doc:"item number; or from and to"`
	From  *uint64 `yaml:"from" doc:"first item of a range"`
	To    *uint64 `yaml:"to" doc:"last item of a range"`
	Share float64 `yaml:"share" unit:"share" max:"100%" required:"true" doc:"share of the operations; of a range, for all of its items together"`
}

// JSONSchema says what the decoder accepts, in its place.
func (*HistogramShare) JSONSchema() *jsonschema.Schema {
	return (&reflector{}).structure(reflect.TypeFor[HistogramShare]())
}

// MarshalJSON returns what the stream depends on: the shares, wherever they were written.
func (h *Histogram) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Shares []keys.Share
		Digest string `json:",omitempty"`
	}{h.shares, h.Digest})
}

// DecodeYAML reads a histogram; its file is parsed once the partition key's template is known.
func (h *Histogram) DecodeYAML(d *Decoder, n *yaml.Node, path string) {
	before := len(d.errs)
	type raw Histogram
	d.structure(n, reflect.ValueOf((*raw)(h)).Elem(), path)
	if len(d.errs) > before {
		return
	}
	if (h.File == "") == (h.Shares == nil) {
		d.fail(n, path, "file and shares both given or neither", "exactly one of file and shares", "")
		return
	}
	var text []byte
	if h.File != "" {
		var ok bool
		if text, h.Digest, ok = d.content(n, path, h.File, "", "shares"); !ok {
			return
		}
	}
	for i, s := range h.Shares {
		at := Join(path, fmt.Sprintf("shares[%d]", i))
		switch {
		case s.Key != nil && s.From == nil && s.To == nil:
			h.shares = append(h.shares, keys.Share{From: *s.Key, To: *s.Key, Share: s.Share})
		case s.Key == nil && s.From != nil && s.To != nil:
			h.shares = append(h.shares, keys.Share{From: *s.From, To: *s.To, Share: s.Share})
		default:
			d.fail(child(n, "shares").Content[i], at, "neither a key nor a range", "key, or from and to", "")
		}
	}
	if len(d.errs) == before {
		d.histograms = append(d.histograms, pendingHistogram{h, n, path, text})
	}
}

// A pendingHistogram is parsed when the partition key's template is known.
type pendingHistogram struct {
	histogram *Histogram
	node      *yaml.Node
	path      string
	text      []byte // of its file; nil when its shares are in the scenario
}

func (p pendingHistogram) parse(d *Decoder, template string) {
	if p.text != nil {
		shares, err := parsePopularity(p.text, template)
		if err != nil {
			found, _, _ := strings.Cut(err.Error(), ", expected")
			d.fail(p.node, p.path, p.histogram.File+": "+found, "key and share, or from, to and share, as CSV with a header or as JSON", "")
			return
		}
		p.histogram.shares = shares
	}
	if _, err := keys.NewHistogram(p.histogram.shares); err != nil {
		found, _, _ := strings.Cut(err.Error(), ", expected") // which is said here
		d.fail(p.node, p.path, found, "items named once at most, whose shares sum to 100% at most", "")
	}
}

// A popularityRow is one entry of a file as it is written.
type popularityRow struct {
	Key      jsonText `json:"key"`
	From     jsonText `json:"from"`
	To       jsonText `json:"to"`
	Share    jsonText `json:"share"`
	Count    jsonText `json:"count"`
	position int
}

// parsePopularity reads CSV or JSON. Where keys are not items' numbers, nor what the partition
// key's template makes of them, the first is item 0, the second item 1, and so on.
func parsePopularity(text []byte, template string) ([]keys.Share, error) {
	rows, total, err := popularityRows(text)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, errors.New("no entries")
	}
	if len(rows) > keys.MaxShares {
		return nil, fmt.Errorf("%d entries, expected %d at most", len(rows), keys.MaxShares)
	}
	ranked := slices.ContainsFunc(rows, func(r popularityRow) bool {
		_, err := itemOf(string(r.Key), template)
		return r.Key != "" && err != nil
	})
	weigh, err := weights(rows, total)
	if err != nil {
		return nil, err
	}
	var out []keys.Share
	for i, r := range rows {
		s := keys.Share{Share: weigh[i]}
		switch {
		case r.Key != "" && r.From == "" && r.To == "" && ranked:
			s.From, s.To = uint64(i), uint64(i)
		case r.Key != "" && r.From == "" && r.To == "":
			n, err := itemOf(string(r.Key), template)
			if err != nil {
				return nil, fmt.Errorf("entry %d: %w", r.position, err)
			}
			s.From, s.To = n, n
		case r.Key == "" && r.From != "" && r.To != "" && !ranked:
			var errs [2]error
			s.From, errs[0] = strconv.ParseUint(string(r.From), 10, 64)
			s.To, errs[1] = strconv.ParseUint(string(r.To), 10, 64)
			if errs[0] != nil || errs[1] != nil {
				return nil, fmt.Errorf("entry %d: items %q to %q, expected numbers", r.position, r.From, r.To)
			}
		default:
			return nil, fmt.Errorf("entry %d: neither a key nor a range of items by their numbers", r.position)
		}
		out = append(out, s)
	}
	return out, nil
}

// weights returns each row's share, from shares or from counts; total is what the counts are
// part of, or 0 for their sum.
func weights(rows []popularityRow, total float64) ([]float64, error) {
	out, sum := make([]float64, len(rows)), 0.0
	counted := rows[0].Share == ""
	for i, r := range rows {
		var err error
		switch {
		case (r.Share == "") == (r.Count == "") || (r.Share == "") != counted:
			return nil, fmt.Errorf("entry %d: expected a share or a count, and the same in every entry", r.position)
		case counted:
			if out[i], err = parseNumber(string(r.Count)); err != nil || out[i] < 0 {
				return nil, fmt.Errorf("entry %d: a count of %q", r.position, r.Count)
			}
		default:
			if out[i], err = ParseShare(string(r.Share)); err != nil {
				return nil, fmt.Errorf("entry %d: a share of %q, expected one such as 4%%", r.position, r.Share)
			}
		}
		sum += out[i]
	}
	if !counted {
		return out, nil
	}
	if total == 0 {
		total = sum
	}
	if total <= 0 || sum > total*(1+1e-9) {
		return nil, fmt.Errorf("counts that sum to %g of %g in all", sum, total)
	}
	for i := range out {
		out[i] /= total
	}
	return out, nil
}

// contributorReport is what CloudWatch's GetInsightRuleReport returns (Amazon CloudWatch API
// Reference), as far as it is needed.
type contributorReport struct {
	AggregateValue float64
	Contributors   []struct {
		Keys                      []string
		ApproximateAggregateValue float64
	}
}

func popularityRows(text []byte) (rows []popularityRow, total float64, err error) {
	trimmed := bytes.TrimSpace(text)
	switch {
	case len(trimmed) == 0:
		return nil, 0, errors.New("nothing")
	case trimmed[0] == '{':
		var report contributorReport
		if err := json.Unmarshal(trimmed, &report); err != nil {
			return nil, 0, err
		}
		for i, c := range report.Contributors {
			rows = append(rows, popularityRow{
				Key:   jsonText(strings.Join(c.Keys, "|")),
				Count: jsonText(strconv.FormatFloat(c.ApproximateAggregateValue, 'g', -1, 64)), position: i + 1,
			})
		}
		return rows, report.AggregateValue, nil
	case trimmed[0] == '[':
		d := json.NewDecoder(bytes.NewReader(trimmed))
		d.DisallowUnknownFields()
		if err := d.Decode(&rows); err != nil {
			return nil, 0, err
		}
		for i := range rows {
			rows[i].position = i + 1
		}
		return rows, 0, nil
	}
	rows, err = popularityCSV(trimmed)
	return rows, 0, err
}

func popularityCSV(text []byte) ([]popularityRow, error) {
	r := csv.NewReader(bytes.NewReader(text))
	r.TrimLeadingSpace = true
	records, err := r.ReadAll()
	if err != nil {
		return nil, err
	}
	names := []string{"key", "from", "to", "share", "count"}
	header := records[0]
	for i, c := range header {
		header[i] = strings.ToLower(strings.TrimSpace(c))
		if !slices.Contains(names, header[i]) || slices.Contains(header[:i], header[i]) {
			return nil, fmt.Errorf("column %q, expected key, or from and to, and share or count, each once", strings.TrimSpace(c))
		}
	}
	var rows []popularityRow
	for i, record := range records[1:] {
		row := popularityRow{position: i + 1}
		fields := map[string]*jsonText{"key": &row.Key, "from": &row.From, "to": &row.To, "share": &row.Share, "count": &row.Count}
		for j, value := range record {
			*fields[header[j]] = jsonText(strings.TrimSpace(value))
		}
		rows = append(rows, row)
	}
	return rows, nil
}
