package imports

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Files name what is read of any number of tables. A file may say in front of its name what
// it is of, in CloudWatch's words: TableName=users,Operation=GetItem:m.json.
type Files struct {
	Tables                                 []string // describe-table, one a table
	TimeToLive, Backups, Kinesis           []string
	ScalingTargets, ScalingPolicies        []string
	CloudWatch, Queries, Insights, Exports []string
	MaxExportFiles                         int
	Progress                               func(filesDone, filesAll int, compressed int64)
}

// Load reads all files and sorts them by table.
func Load(ctx context.Context, f Files) ([]Sources, []string, error) {
	l := &loader{f: f}
	for _, file := range f.Tables {
		t, err := read(file, ReadTable)
		if err != nil {
			return nil, nil, err
		}
		if slices.ContainsFunc(l.out, func(s Sources) bool { return s.Table.Name == t.Name }) {
			return nil, nil, at(file, 0, -1, fmt.Errorf("a second description of the table %q", t.Name))
		}
		l.out = append(l.out, Sources{Table: t})
	}
	if len(l.out) == 0 {
		return nil, nil, fmt.Errorf("no describe-table output")
	}
	for _, step := range []func() error{l.companions, l.metrics, l.insights, func() error { return l.exports(ctx) }} {
		if err := step(); err != nil {
			return nil, nil, err
		}
	}
	return l.out, l.warnings, nil
}

type loader struct {
	f        Files
	out      []Sources
	warnings []string
}

// cut takes the dimensions off the front of a file's name.
func cut(name string) (Dimensions, string) {
	front, file, ok := strings.Cut(name, ":")
	if !ok {
		return Dimensions{}, name
	}
	var d Dimensions
	for _, kv := range strings.Split(front, ",") {
		k, v, _ := strings.Cut(kv, "=")
		switch k {
		case "TableName":
			d.TableName = v
		case "GlobalSecondaryIndexName":
			d.GlobalSecondaryIndexName = v
		case "Operation":
			d.Operation = v
		default:
			return Dimensions{}, name // a colon of the name itself
		}
	}
	return d, file
}

// of returns the table that a file is of: the one it names, or the only one.
func (l *loader) of(d Dimensions, file string) (*Sources, error) {
	if d.TableName == "" && len(l.out) == 1 {
		return &l.out[0], nil
	}
	for i := range l.out {
		if l.out[i].Table.Name == d.TableName {
			return &l.out[i], nil
		}
	}
	if d.TableName == "" {
		return nil, at(file, 0, -1, fmt.Errorf("of which of the %d tables it is: write TableName=NAME:%s", len(l.out), file))
	}
	return nil, at(file, 0, -1, fmt.Errorf("of the table %q, which no describe-table output describes", d.TableName))
}

// companions reads what tables' descriptions leave out.
func (l *loader) companions() error {
	// Auto scaling's files are of all tables and find their own.
	for _, group := range []struct {
		files []string
		add   func(t *Table, file string, r io.Reader) error
		all   bool
	}{
		{l.f.TimeToLive, (*Table).AddTimeToLive, false},
		{l.f.Backups, (*Table).AddContinuousBackups, false},
		{l.f.Kinesis, (*Table).AddKinesis, false},
		{l.f.ScalingTargets, (*Table).AddScalingTargets, true},
		{l.f.ScalingPolicies, (*Table).AddScalingPolicies, true},
	} {
		for _, name := range group.files {
			dims, file := cut(name)
			tables := l.out
			if !group.all {
				s, err := l.of(dims, file)
				if err != nil {
					return err
				}
				tables = []Sources{*s}
			}
			for _, s := range tables {
				if _, err := read(file, func(file string, r io.Reader) (any, error) { return nil, group.add(s.Table, file, r) }); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (l *loader) metrics() error {
	var queries Queries
	for _, file := range l.f.Queries {
		q, err := read(file, ReadQueries)
		if err != nil {
			return err
		}
		if queries == nil {
			queries = Queries{}
		}
		for id, x := range q {
			if had, ok := queries[id]; ok && had != x {
				return at(file, 0, -1, fmt.Errorf("the Id %q is another query in an earlier file; import one table at a time, or give queries other Ids", id))
			}
			queries[id] = x
		}
	}
	var m Metrics
	for _, name := range l.f.CloudWatch {
		dims, file := cut(name)
		if dims.TableName == "" && len(l.out) == 1 {
			dims.TableName = l.out[0].Table.Name
		}
		if _, err := read(file, func(file string, r io.Reader) (any, error) { return nil, m.Add(file, r, queries, dims) }); err != nil {
			return err
		}
	}
	slices.Sort(m.Unknown)
	for _, u := range slices.Compact(m.Unknown) {
		l.warn("metric %q is not one that is read", u)
	}
	for _, file := range m.Partial {
		l.warn("%s has a NextToken: there is more than it holds", file)
	}
	for _, s := range m.All() {
		known := slices.ContainsFunc(l.out, func(x Sources) bool { return x.Table.Name == s.Table })
		if s.Table == "" && len(l.out) > 1 {
			return at(s.Files[0], 0, -1, fmt.Errorf("%s: of which of the %d tables: write TableName=NAME:%s", s, len(l.out), s.Files[0]))
		}
		if s.Table != "" && !known {
			l.warn("%s of the table %q, which no describe-table output describes", s, s.Table)
		}
	}
	for i := range l.out {
		l.out[i].Metrics = &m
	}
	return nil
}

func (l *loader) insights() error {
	for _, name := range l.f.Insights {
		dims, file := cut(name)
		s, err := l.of(dims, file)
		if err != nil {
			return err
		}
		r, err := read(file, ReadReport)
		if err != nil {
			return err
		}
		s.Reports = append(s.Reports, r)
	}
	return nil
}

func (l *loader) exports(ctx context.Context) error {
	for _, name := range l.f.Exports {
		dims, dir := cut(name)
		m, err := ReadManifest(dir)
		if err != nil {
			return err
		}
		if dims.TableName == "" {
			dims.TableName = m.Table
		}
		s, err := l.of(dims, dir)
		if err != nil {
			return err
		}
		e, err := ReadExport(ctx, dir, ExportOptions{
			PartitionKey: s.Table.PartitionKey, SortKey: s.Table.SortKey, TTLAttribute: s.Table.TTLAttribute,
			MaxFiles: l.f.MaxExportFiles, Progress: l.f.Progress,
		})
		if err != nil {
			return err
		}
		s.Exports = append(s.Exports, e)
	}
	return nil
}

func (l *loader) warn(format string, args ...any) {
	l.warnings = append(l.warnings, fmt.Sprintf(format, args...))
}
