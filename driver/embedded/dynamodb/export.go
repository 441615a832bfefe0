package dynamodb

import (
	"compress/gzip"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"crossover/driver/embedded/dynamodb/attribute"
	"crossover/driver/embedded/dynamodb/store"
)

// exportFiles is how many data files an export has, each with a range of hashes. AWS does not
// publish how many there are.
const exportFiles = 8

// An export is one that was asked for. It is written before the request is answered.
type export struct {
	arn, table, kind, view string
	bucket, prefix         string
	started                time.Time
	at, from, to           time.Time
	items                  int
	bytes                  int64
	manifest               string // its key in the bucket
}

// exports are the account's.
type exports struct {
	mu  sync.Mutex
	all []*export
}

// An exportRecord is an item of a full export, or a changed one of an incremental export.
type exportRecord struct {
	key        store.Key
	item       attribute.Stored // of a full one
	old, after attribute.Stored
	at         time.Time
}

// exportTable answers ExportTableToPointInTime: into the directory that stands for S3, in the
// layout that AWS documents (Developer Guide, "DynamoDB table export output format").
func (c *call) exportTable() error {
	r := &c.req
	r.require("TableArn")
	r.require("S3Bucket")
	format := r.choice("ExportFormat", "DYNAMODB_JSON", "ION")
	kind := r.choice("ExportType", "FULL_EXPORT", "INCREMENTAL_EXPORT")
	x := &export{bucket: r.text("S3Bucket"), prefix: strings.Trim(r.text("S3Prefix"), "/"), kind: kind, started: c.s.options.Clock.Wall(c.now).UTC()}
	arn := r.text("TableArn")
	if r.err != nil {
		return r.err
	}
	t := c.s.lookup(arn, c.now)
	switch {
	case t == nil || !strings.HasPrefix(arn, c.s.arnPrefix):
		return failure("TableNotFoundException", "Table not found: %s", arn)
	case format == "ION":
		return notModelled("exports in Ion")
	case c.s.options.ExportDir == "":
		return notModelled("exports without --export-dir, a directory that stands for S3")
	case x.bucket == "" || strings.ContainsAny(x.bucket, `/\`) || x.bucket == "." || x.bucket == ".." || !filepath.IsLocal(path.Join(x.bucket, x.prefix)):
		return failure("InvalidExportTimeException", "The bucket or the prefix is not valid: %s/%s", x.bucket, x.prefix)
	}
	h := t.history()
	if h == nil {
		return failure("PointInTimeRecoveryUnavailableException", "Point in time recovery is not enabled for table '%s'", t.name)
	}
	if err := c.exportTimes(x, h); err != nil {
		return err
	}
	id := fmt.Sprintf("%014d-%08x", x.started.UnixMilli(), uint32(c.rng.Uint64()))
	x.table, x.arn = t.name, t.arn+"/export/"+id
	var records []exportRecord
	if x.kind == "INCREMENTAL_EXPORT" {
		records = h.changed(x.from, x.to)
	} else {
		records = t.asOf(h, x.at)
	}
	if err := c.s.writeExport(t, x, id, records); err != nil {
		c.s.event(t.name, "export failed", err.Error())
		return internal()
	}
	c.s.exports.mu.Lock()
	c.s.exports.all = append(c.s.exports.all, x)
	c.s.exports.mu.Unlock()
	c.s.event(t.name, "export", fmt.Sprintf("table %s: %d items to %s", t.name, x.items, x.manifest))
	d := x.describe(t.arn)
	d["ExportStatus"] = "IN_PROGRESS"
	c.out = appendJSON(c.out, map[string]any{"ExportDescription": d})
	return nil
}

// exportTimes reads the times of which an export is to be.
func (c *call) exportTimes(x *export, h *history) error {
	r := &c.req
	earliest := h.earliest(x.started)
	outside := func(at time.Time) bool { return at.Before(earliest.Truncate(time.Second)) || at.After(x.started) }
	if x.kind != "INCREMENTAL_EXPORT" {
		x.kind, x.at = "FULL_EXPORT", x.started
		if r.has("ExportTime") {
			x.at = fromSeconds(r.number("ExportTime"))
		}
		if r.err == nil && outside(x.at) {
			r.fail(failure("InvalidExportTimeException", "Export time is not within the recovery period"))
		}
		return r.err
	}
	s := r.structure("IncrementalExportSpecification")
	if s == nil {
		s = &request{}
	}
	x.to = x.started
	x.view = s.choice("ExportViewType", "NEW_IMAGE", "NEW_AND_OLD_IMAGES")
	if x.view == "" {
		x.view = "NEW_AND_OLD_IMAGES"
	}
	s.require("ExportFromTime")
	x.from = fromSeconds(s.number("ExportFromTime"))
	if s.has("ExportToTime") {
		x.to = fromSeconds(s.number("ExportToTime"))
	}
	if s.err == nil && (outside(x.from) || outside(x.to) || !x.from.Before(x.to)) {
		s.fail(failure("InvalidExportTimeException", "The export period is not within the recovery period"))
	}
	return s.err
}

// number returns a member that is a number.
func (r *request) number(name string) float64 {
	w, ok := r.reader(name)
	if !ok {
		return 0
	}
	f, err := w.Float()
	r.fail(err)
	return f
}

// asOf returns the items as they were at a time: as they are, but for what has changed since.
func (t *table) asOf(h *history, at time.Time) (out []exportRecord) {
	now := map[store.Key]attribute.Stored{}
	for e := range t.store.Ascend(store.Key{}, false) {
		now[e.Key] = slices.Clone(e.Item)
	}
	// Changes made while the items were read are among these: the first one tells what was there.
	seen := map[store.Key]bool{}
	for _, c := range h.between(at, forever) {
		if !seen[c.key] {
			seen[c.key] = true
			now[c.key] = c.old
		}
	}
	for key, item := range now {
		if item != nil {
			out = append(out, exportRecord{key: key, item: item})
		}
	}
	sortRecords(out)
	return out
}

var forever = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// changed returns the items that were written in a span of time, as they were before and
// after it.
func (h *history) changed(from, to time.Time) (out []exportRecord) {
	at := map[store.Key]int{}
	for _, c := range h.between(from.Add(-1), to.Add(-1)) {
		i, ok := at[c.key]
		if !ok {
			i = len(out)
			at[c.key] = i
			out = append(out, exportRecord{key: c.key, old: c.old})
		}
		out[i].after, out[i].at = c.after, c.at
	}
	out = slices.DeleteFunc(out, func(r exportRecord) bool { return r.old == nil && r.after == nil })
	sortRecords(out)
	return out
}

func sortRecords(records []exportRecord) {
	slices.SortFunc(records, func(a, b exportRecord) int {
		if a.key.Hash != b.key.Hash {
			if a.key.Hash < b.key.Hash {
				return -1
			}
			return 1
		}
		return strings.Compare(a.key.Text, b.key.Text)
	})
}

// line appends a record's line.
func (r *exportRecord) line(dst []byte, keys schema, view string) ([]byte, error) {
	if r.item != nil {
		return append(r.item.AppendJSON(append(dst, `{"Item":`...)), "}\n"...), nil
	}
	some := r.after
	if some == nil {
		some = r.old
	}
	dst = fmt.Appendf(dst, `{"Metadata":{"WriteTimestampMicros":{"N":"%d"}},"Keys":`, r.at.UnixMicro())
	dst, err := keys.of(some.Item()).Append(dst)
	if err != nil {
		return nil, err
	}
	if r.old != nil && view == "NEW_AND_OLD_IMAGES" {
		dst = r.old.AppendJSON(append(dst, `,"OldImage":`...))
	}
	if r.after != nil {
		dst = r.after.AppendJSON(append(dst, `,"NewImage":`...))
	}
	return append(dst, "}\n"...), nil
}

// dataFile is a line of manifest-files.json.
type dataFile struct {
	ItemCount     int    `json:"itemCount"`
	Md5Checksum   string `json:"md5Checksum"`
	Etag          string `json:"etag"`
	DataFileS3Key string `json:"dataFileS3Key"`
}

// writeExport writes an export's files. The summary comes last: where it is, all is there.
func (s *Server) writeExport(t *table, x *export, id string, records []exportRecord) error {
	root := path.Join(x.prefix, "AWSDynamoDB", id)
	data := path.Join(root, "data")
	if x.kind == "INCREMENTAL_EXPORT" {
		data = path.Join(x.prefix, "AWSDynamoDB", "data") // which incremental exports share
	}
	at := func(key string) string { return filepath.Join(s.options.ExportDir, x.bucket, filepath.FromSlash(key)) }
	for _, dir := range []string{root, data} {
		if err := os.MkdirAll(at(dir), 0o755); err != nil {
			return err
		}
	}
	var files []byte
	rest := records
	for i := range exportFiles {
		n := 0
		for n < len(rest) && int(rest[n].key.Hash>>32)/(1<<32/exportFiles) == i {
			n++
		}
		key := path.Join(data, fmt.Sprintf("%s%02d.json.gz", strings.ReplaceAll(id, "-", ""), i))
		f, bytes, err := writeData(at(key), rest[:n], t.schema, x.view)
		if err != nil {
			return err
		}
		rest = rest[n:]
		x.bytes += bytes
		f.DataFileS3Key = key
		files = append(appendJSON(files, f), '\n')
	}
	x.items, x.manifest = len(records), path.Join(root, "manifest-summary.json")
	return writeManifests(at, root, files, x.summary(t, path.Join(root, "manifest-files.json")))
}

// writeData writes a data file.
func writeData(name string, records []exportRecord, keys schema, view string) (f dataFile, bytes int64, err error) {
	var text []byte
	for i := range records {
		r := &records[i]
		if text, err = r.line(text, keys, view); err != nil {
			return f, 0, err
		}
		bytes += int64(r.item.Size() + r.old.Size() + r.after.Size())
	}
	out, err := os.Create(name)
	if err != nil {
		return f, 0, err
	}
	sum := md5.New()
	z := gzip.NewWriter(io.MultiWriter(out, sum))
	_, err = z.Write(text)
	for _, e := range []error{z.Close(), out.Close()} {
		if err == nil {
			err = e
		}
	}
	digest := sum.Sum(nil)
	parts := md5.Sum(digest) // the ETag of an upload in one part
	return dataFile{len(records), base64.StdEncoding.EncodeToString(digest), hex.EncodeToString(parts[:]) + "-1", ""}, bytes, err
}

// writeManifests writes both manifests, each with its checksum.
func writeManifests(at func(string) string, root string, files []byte, summary any) error {
	text, err := json.MarshalIndent(summary, "", "  ")
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		text []byte
	}{{"manifest-files", files}, {"manifest-summary", text}} {
		sum := md5.Sum(f.text)
		if err := os.WriteFile(at(path.Join(root, f.name+".md5")), []byte(base64.StdEncoding.EncodeToString(sum[:])), 0o644); err != nil {
			return err
		}
		if err := os.WriteFile(at(path.Join(root, f.name+".json")), f.text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// summary is manifest-summary.json.
func (x *export) summary(t *table, files string) map[string]any {
	stamp := func(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }
	out := map[string]any{
		"version": "2023-08-01", "exportArn": x.arn, "startTime": stamp(x.started), "endTime": stamp(x.started), "tableArn": t.arn, "tableId": t.id,
		"exportType": x.kind, "s3Bucket": x.bucket, "s3Prefix": x.prefix, "s3SseAlgorithm": "AES256", "s3SseKmsKeyId": nil,
		"manifestFilesS3Key": files, "billedSizeBytes": x.bytes, "itemCount": x.items, "outputFormat": "DYNAMODB_JSON",
	}
	if x.kind == "INCREMENTAL_EXPORT" {
		out["exportFromTime"], out["exportToTime"], out["outputView"] = stamp(x.from), stamp(x.to), x.view
	} else {
		out["exportTime"] = stamp(x.at)
	}
	return out
}

// describe is an ExportDescription.
func (x *export) describe(tableARN string) map[string]any {
	out := map[string]any{
		"ExportArn": x.arn, "ExportStatus": "COMPLETED", "StartTime": seconds(x.started), "EndTime": seconds(x.started), "TableArn": tableARN,
		"S3Bucket": x.bucket, "S3Prefix": x.prefix, "S3SseAlgorithm": "AES256", "ExportFormat": "DYNAMODB_JSON", "ExportType": x.kind,
		"BilledSizeBytes": x.bytes, "ItemCount": x.items, "ExportManifest": x.manifest,
	}
	if x.kind == "INCREMENTAL_EXPORT" {
		out["IncrementalExportSpecification"] = map[string]any{"ExportFromTime": seconds(x.from), "ExportToTime": seconds(x.to), "ExportViewType": x.view}
	} else {
		out["ExportTime"] = seconds(x.at)
	}
	return out
}

// describeExport answers DescribeExport.
func (c *call) describeExport() error {
	arn := c.req.text("ExportArn")
	c.s.exports.mu.Lock()
	defer c.s.exports.mu.Unlock()
	for _, x := range c.s.exports.all {
		if x.arn == arn && c.req.err == nil {
			c.out = appendJSON(c.out, map[string]any{"ExportDescription": x.describe(c.s.arnPrefix + x.table)})
			return nil
		}
	}
	c.req.fail(failure("ExportNotFoundException", "Export not found: %s", arn))
	return c.req.err
}

// listExports answers ListExports, all in one page.
func (c *call) listExports() error {
	arn := c.req.text("TableArn")
	list := []map[string]string{}
	c.s.exports.mu.Lock()
	for _, x := range c.s.exports.all {
		if arn == "" || arn == c.s.arnPrefix+x.table {
			list = append(list, map[string]string{"ExportArn": x.arn, "ExportStatus": "COMPLETED", "ExportType": x.kind})
		}
	}
	c.s.exports.mu.Unlock()
	c.out = appendJSON(c.out, map[string]any{"ExportSummaries": list})
	return c.req.err
}
