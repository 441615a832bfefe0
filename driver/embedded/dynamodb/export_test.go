package dynamodb

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crossover/costmodel/imports"
)

// readBack reads an export with the reader of `crossover import`, which checks its sums.
func readBack(t *testing.T, dir string) *imports.Export {
	t.Helper()
	e, err := imports.ReadExport(t.Context(), dir, imports.ExportOptions{PartitionKey: "id", SortKey: "at"})
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Warnings) > 0 {
		t.Errorf("%v", e.Warnings)
	}
	return e
}

// TestExport writes full exports of now and of earlier, and incremental ones, as the reader of
// AWS's own exports takes them.
func TestExport(t *testing.T) {
	root := t.TempDir()
	h := newHost(t, Options{ExportDir: root})
	h.newTable(true)
	h.must("PutItem", `{"TableName":"Table","Item":{"id":{"S":"before"},"at":{"N":"1"}}}`, nil)
	h.clock.Advance(time.Second)
	h.must("UpdateContinuousBackups", `{"TableName":"Table","PointInTimeRecoverySpecification":{"PointInTimeRecoveryEnabled":true}}`, nil)
	put := func(id string) {
		h.must("PutItem", fmt.Sprintf(`{"TableName":"Table","Item":{"id":{"S":%q},"at":{"N":"1"},"t":{"N":"%d"}}}`, id, h.clock.Now()), nil)
		h.clock.Advance(time.Second)
	}
	for i := range 40 {
		put(fmt.Sprint("k", i))
	}
	middle := h.clock.Wall(h.clock.Now())
	h.clock.Advance(time.Second)
	for i := range 10 {
		put(fmt.Sprint("k", i))   // changed
		put(fmt.Sprint("new", i)) // made
		h.must("DeleteItem", fmt.Sprintf(`{"TableName":"Table","Key":{"id":{"S":"k%d"},"at":{"N":"1"}}}`, 20+i), nil)
	}
	put("short") // made and gone
	h.must("DeleteItem", `{"TableName":"Table","Key":{"id":{"S":"short"},"at":{"N":"1"}}}`, nil)
	h.clock.Advance(time.Second)

	export := func(more string) (*imports.Export, map[string]any) {
		var out struct{ ExportDescription map[string]any }
		h.must("ExportTableToPointInTime", `{"TableArn":"arn:aws:dynamodb:us-east-1:000000000000:table/Table","S3Bucket":"b","S3Prefix":"p/q"`+more+`}`, &out)
		arn := out.ExportDescription["ExportArn"].(string)
		h.must("DescribeExport", `{"ExportArn":"`+arn+`"}`, &out)
		if out.ExportDescription["ExportStatus"] != "COMPLETED" {
			t.Errorf("%v", out.ExportDescription)
		}
		return readBack(t, filepath.Join(root, "b", "p", "q", "AWSDynamoDB", arn[strings.LastIndexByte(arn, '/')+1:])), out.ExportDescription
	}
	now, d := export("")
	if now.Items != 41 || now.Manifest.Incremental || len(now.Manifest.Files) != exportFiles || d["ItemCount"] != float64(41) {
		t.Errorf("now: %d items, %v", now.Items, d)
	}
	then, _ := export(fmt.Sprintf(`,"ExportTime":%d`, middle.Unix()))
	if then.Items != 41 || then.Sizes.N() != 41 {
		t.Errorf("before the changes: %d items", then.Items)
	}
	changes, _ := export(fmt.Sprintf(`,"ExportType":"INCREMENTAL_EXPORT","IncrementalExportSpecification":{"ExportFromTime":%d,"ExportViewType":"NEW_AND_OLD_IMAGES"}`, middle.Unix()))
	if diff := cmp.Diff([]uint64{10, 10, 10, 0}, []uint64{changes.Inserted, changes.Updated, changes.Deleted, changes.Written}); diff != "" || !changes.Manifest.Incremental {
		t.Errorf("inserted, updated, deleted, written: %s", diff)
	}
	var list struct{ ExportSummaries []any }
	if h.must("ListExports", `{}`, &list); len(list.ExportSummaries) != 3 {
		t.Errorf("%v", list)
	}
}

// TestExportAsOf compares the images themselves: those of a time, not those of now.
func TestExportAsOf(t *testing.T) {
	h := newHost(t, Options{})
	h.newTable(true)
	h.must("UpdateContinuousBackups", `{"TableName":"Table","PointInTimeRecoverySpecification":{"PointInTimeRecoveryEnabled":true}}`, nil)
	put := func(v string) {
		h.clock.Advance(time.Second)
		h.must("PutItem", `{"TableName":"Table","Item":{"id":{"S":"a"},"at":{"N":"1"},"v":{"S":"`+v+`"}}}`, nil)
	}
	put("one")
	at := h.clock.Wall(h.clock.Now())
	put("two")
	put("three")
	table := h.server.lookup("Table", h.clock.Now())
	for want, at := range map[string]time.Time{"one": at, "two": at.Add(time.Second), "three": at.Add(time.Hour)} {
		got := table.asOf(table.history(), at)
		if len(got) != 1 || got[0].item.Item()["v"].Text != want {
			t.Errorf("as of %v: %v, want %s", at, got, want)
		}
	}
	if got := table.asOf(table.history(), start); len(got) != 0 {
		t.Errorf("before the first write: %v", got)
	}
}

// TestExportRefused: without recovery, outside its period, without a directory, into another.
func TestExportRefused(t *testing.T) {
	h := newHost(t, Options{ExportDir: t.TempDir()})
	h.newTable(true)
	body := `{"TableArn":"arn:aws:dynamodb:us-east-1:000000000000:table/Table","S3Bucket":"b"%s}`
	expect := func(h *host, body, want string) {
		t.Helper()
		if code, text := h.do("ExportTableToPointInTime", body); code != http.StatusBadRequest || !strings.Contains(text, want) {
			t.Errorf("%s: %d %s, want %s", body, code, text, want)
		}
	}
	expect(h, fmt.Sprintf(body, ""), "PointInTimeRecoveryUnavailableException")
	h.must("UpdateContinuousBackups", `{"TableName":"Table","PointInTimeRecoverySpecification":{"PointInTimeRecoveryEnabled":true}}`, nil)
	expect(h, fmt.Sprintf(body, `,"ExportTime":5`), "InvalidExportTimeException")
	expect(h, fmt.Sprintf(body, `,"S3Prefix":"../../x"`), "InvalidExportTimeException")
	expect(h, fmt.Sprintf(body, `,"ExportFormat":"ION"`), "does not model")
	expect(h, strings.Replace(fmt.Sprintf(body, ""), "table/Table", "table/Other", 1), "TableNotFoundException")
	other := newHost(t, Options{})
	other.newTable(true)
	expect(other, fmt.Sprintf(body, ""), "--export-dir")
}
