package imports_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"crossover/costmodel/imports"
)

func gzipped(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// bare is a directory with one data file and no manifests.
func bare(t testing.TB, text string) string {
	t.Helper()
	dir := t.TempDir()
	put(t, filepath.Join(dir, "data", "a.json.gz"), gzipped(t, text))
	return dir
}

func readExport(t testing.TB, dir string) (*imports.Export, error) {
	t.Helper()
	return imports.ReadExport(t.Context(), dir, imports.ExportOptions{PartitionKey: "pk", SortKey: "sk", TTLAttribute: "exp"})
}

// TestItemSizes derives sizes by hand from the Developer Guide's rules, "DynamoDB item sizes
// and formats". Each item has pk, which counts 2+1, besides.
func TestItemSizes(t *testing.T) {
	for _, c := range []struct {
		attribute string
		want      int
	}{
		{``, 0},
		{`"a":{"S":""}`, 1},
		{`"a":{"S":"xyz"}`, 4},
		{`"a":{"S":"\u00e9\ud83d\ude00\n"}`, 1 + 2 + 4 + 1}, // in UTF-8, escapes undone
		{`"é":{"S":"é"}`, 4},
		{`"a":{"N":"500"}`, 1 + 2},           // one significant digit: (1+1)/2 + 1
		{`"a":{"N":"-12.345"}`, 1 + 3 + 2},   // five: 3 + 1, and 1 for the sign
		{`"a":{"B":"AAECAwQ="}`, 1 + 5},      // five bytes
		{`"a":{"BOOL":false}`, 2},            // one
		{`"a":{"NULL":true}`, 2},             // one
		{`"a":{"SS":["x","yz"]}`, 1 + 3},     // the strings
		{`"a":{"NS":["1","22"]}`, 1 + 2 + 2}, // 1: (1+1)/2+1 = 2; 22: (2+1)/2+1 = 2
		{`"a":{"BS":["AA==","AAE="]}`, 1 + 3},
		{`"a":{"L":[]}`, 1 + 3},
		{`"a":{"L":[{"S":"xy"},{"NULL":true}]}`, 1 + 3 + (1 + 2) + (1 + 1)},
		{`"a":{"M":{"k":{"S":"v"},"l":{"L":[{"BOOL":true}]}}}`, 1 + 3 + (1 + 1 + 1) + (1 + 1 + 3 + 1 + 1)},
	} {
		separator := ","
		if c.attribute == "" {
			separator = ""
		}
		e, err := readExport(t, bare(t, `{"Item":{"pk":{"S":"k"}`+separator+c.attribute+"}}\n"))
		if err != nil {
			t.Errorf("%s: %v", c.attribute, err)
			continue
		}
		if got := int(e.Sizes.Percentile(0.5)); got != 3+c.want {
			t.Errorf("%s: %d bytes, want %d", c.attribute, got-3, c.want)
		}
	}
}

func TestExportRefusesLines(t *testing.T) {
	good := `{"Item":{"pk":{"S":"k"}}}` + "\n" // 26 bytes
	deep := strings.Repeat(`{"L":[`, 40) + `{"S":"x"}` + strings.Repeat(`]}`, 40)
	for _, c := range []struct{ line, want string }{
		{`{"Item":{"pk":{"S":"k"}}`, "a.json.gz:2: byte 50: expected ',' or '}'"},
		{`{"Item":{"pk":{"S":"k}}`, "a string without an end"},
		{`{"Item":{"pk":{"Q":"k"}}}`, `the type "Q", expected S`},
		{`{"Item":{"pk":{"S":"k","N":"1"}}}`, "two types"},
		{`{"Item":{"pk":{}}}`, "without a type"},
		{`{"Item":{"pk":{"S":1}}}`, `expected '"'`},
		{`{"Item":{"pk":{"N":"1x"}}}`, `the number "1x"`},
		{`{"Item":{"pk":{"B":"A"}}}`, "illegal base64"},
		{`{"Item":{"pk":{"S":"\q"}}}`, "unknown escape"},
		{`{"Item":{"pk":{"S":"\u12g4"}}}`, "four hexadecimal digits"},
		{`{"Item":{"other":{"S":"k"}}}`, `an item without the partition key "pk"`},
		{`{"Item":{"pk":{"S":"k"}}} x`, "text after the record"},
		{`{"Item":{"pk":{"S":"k"},"d":` + deep + `}}`, "nested deeper than 32"},
		{`{"Thing":{}}`, `the member "Thing"`},
		{`{}`, `no "Item" and no "Keys"`},
		{`{"Keys":{"pk":{"S":"k"}}}`, "among those of an incremental one"},
	} {
		_, err := readExport(t, bare(t, good+c.line+"\n"))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "a.json.gz:2: byte ") {
			t.Errorf("%s: got %v, want %q in line 2", c.line, err, c.want)
		}
	}
}

// exported is a small whole export: three files, of which one is empty.
func exported(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	texts := make([]bytes.Buffer, 3)
	counts := []int{0, 0, 0}
	for i := range 60 {
		f := i % 2 * 2
		fmt.Fprintf(&texts[f], "{\"Item\":%s}\n", item(fmt.Sprintf("user#%07d", i), 200+i))
		counts[f]++
	}
	writeExport(t, dir, texts, counts, `"exportTime": "2026-10-20T00:00:00.000Z"`)
	return dir
}

func edit(t *testing.T, name, old, new string) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		t.Fatalf("%q is not in %s", old, name)
	}
	put(t, name, strings.Replace(string(text), old, new, 1))
}

func TestExport(t *testing.T) {
	for name, c := range map[string]struct {
		spoil   func(t *testing.T, dir string)
		want    string // an error
		warning string
		items   uint64
	}{
		"whole": {spoil: func(*testing.T, string) {}, items: 60},
		"a file of no bytes": {items: 60, spoil: func(t *testing.T, dir string) {
			put(t, filepath.Join(dir, "data", "part0001.json.gz"), "")
			var sum string
			text, _ := os.ReadFile(filepath.Join(dir, "manifest-files.json"))
			line := strings.Split(string(text), "\n")[1]
			put(t, filepath.Join(dir, "manifest-files.json"), strings.Replace(string(text), line, `{"itemCount":0,"md5Checksum":"1B2M2Y8AsgTpgAmY7PhCfg==","dataFileS3Key":"data/part0001.json.gz"}`+sum, 1))
		}},
		"a file is not there": {items: 30, warning: "1 of 3 data files are not there", spoil: func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, "data", "part0002.json.gz")); err != nil {
				t.Fatal(err)
			}
		}},
		"no file is there": {want: "none of the manifest's 3 data files is there", spoil: func(t *testing.T, dir string) {
			if err := os.RemoveAll(filepath.Join(dir, "data")); err != nil {
				t.Fatal(err)
			}
		}},
		"another file": {want: "its MD5 is", spoil: func(t *testing.T, dir string) {
			put(t, filepath.Join(dir, "data", "part0000.json.gz"), gzipped(t, `{"Item":{"pk":{"S":"k"}}}`))
		}},
		"another etag": {want: "its ETag would be", spoil: func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, "manifest-files.json"), `"etag":"`, `"etag":"00000000000000000000000000000000-1","x":"`)
		}},
		"cut off": {want: "unexpected EOF", spoil: func(t *testing.T, dir string) {
			name := filepath.Join(dir, "data", "part0000.json.gz")
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			put(t, name, string(text[:len(text)-20]))
		}},
		"no gzip": {want: "gzip: invalid header", spoil: func(t *testing.T, dir string) {
			put(t, filepath.Join(dir, "data", "part0000.json.gz"), `{"Item":{}}`)
		}},
		"fewer items than the manifest says": {want: "it holds 30 items, the manifest says 31", spoil: func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, "manifest-files.json"), `"itemCount":30`, `"itemCount":31`)
		}},
		"fewer items than the summary says": {items: 60, warning: "the summary says 61 items, its files hold 60", spoil: func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, "manifest-summary.json"), `"itemCount": 60`, `"itemCount": 61`)
		}},
		"Ion": {want: `outputFormat "ION"`, spoil: func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, "manifest-summary.json"), "DYNAMODB_JSON", "ION")
		}},
		"a manifest cut off": {want: "manifest-files.json:3: byte", spoil: func(t *testing.T, dir string) {
			edit(t, filepath.Join(dir, "manifest-files.json"), `part0002.json.gz"}`, `part`)
		}},
		"no manifests": {items: 60, warning: "has no manifests", spoil: func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, "manifest-summary.json")); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := exported(t)
			c.spoil(t, dir)
			e, err := readExport(t, dir)
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Fatalf("got %v, want %q", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if e.Items != c.items || !strings.Contains(strings.Join(e.Warnings, "\n"), c.warning) || (c.warning == "") != (len(e.Warnings) == 0) {
				t.Errorf("%d items, warnings %q; want %d and %q", e.Items, e.Warnings, c.items, c.warning)
			}
		})
	}
}

func TestExportSample(t *testing.T) {
	e, err := imports.ReadExport(t.Context(), exported(t), imports.ExportOptions{PartitionKey: "pk", MaxFiles: 1})
	if err != nil {
		t.Fatal(err)
	}
	if e.Items != 30 || e.FilesRead != 1 || e.Sampled() != 0.5 {
		t.Errorf("%d items of %d files, a share of %v", e.Items, e.FilesRead, e.Sampled())
	}
}

const incremental = `{"Metadata":{"WriteTimestampMicros":{"N":"1760000000000000"}},"Keys":{"pk":{"S":"a"}},"NewImage":{"pk":{"S":"a"},"exp":{"N":"1760003600"}}}
{"Metadata":{"WriteTimestampMicros":{"N":"1760000100000000"}},"Keys":{"pk":{"S":"b"}},"OldImage":{"pk":{"S":"b"}},"NewImage":{"pk":{"S":"b"},"exp":{"N":"1760003700"}}}
{"Metadata":{"WriteTimestampMicros":{"N":"1760000100000000"}},"Keys":{"pk":{"S":"c"}},"OldImage":{"pk":{"S":"c"}},"NewImage":{"pk":{"S":"c"}}}
{"Metadata":{"WriteTimestampMicros":{"N":"1760000100000000"}},"Keys":{"pk":{"S":"d"}},"OldImage":{"pk":{"S":"d"},"exp":{"N":"1"}}}
`

func writeIncremental(t testing.TB, dir, view string) {
	t.Helper()
	texts := make([]bytes.Buffer, 1)
	texts[0].WriteString(incremental)
	writeExport(t, dir, texts, []int{4}, fmt.Sprintf(`"exportType": "INCREMENTAL_EXPORT", "exportFromTime": "2025-10-09T08:00:00Z", "exportToTime": "2025-10-09T09:00:00Z", "outputView": %q`, view))
}

func TestIncrementalExport(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "AWSDynamoDB", "01693685827463-2d8752fd")
	writeIncremental(t, dir, "NEW_AND_OLD_IMAGES")
	// Incremental exports share one folder of data beside their own.
	if err := os.Rename(filepath.Join(dir, "data"), filepath.Join(dir, "..", "data")); err != nil {
		t.Fatal(err)
	}
	e, err := readExport(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	if e.Inserted != 1 || e.Updated != 2 || e.Deleted != 1 || e.Written != 0 || e.Items != 4 || e.Sizes.N() != 3 {
		t.Errorf("inserted %d, updated %d, deleted %d, written %d of %d; %d sizes", e.Inserted, e.Updated, e.Deleted, e.Written, e.Items, e.Sizes.N())
	}
	if e.Lives.N() != 2 || e.Lives.Percentile(0.5) != 3600 {
		t.Errorf("%d lives, median %v s, want 2 of an hour", e.Lives.N(), e.Lives.Percentile(0.5))
	}
	fresh := t.TempDir()
	writeIncremental(t, fresh, "NEW_IMAGES")
	if e, err := readExport(t, fresh); err != nil || e.Inserted != 0 || e.Written != 1 {
		t.Errorf("an export of new images told inserts from updates: %+v, %v", e, err)
	}
	edit(t, filepath.Join(fresh, "manifest-summary.json"), "2025-10-09T09:00:00Z", "2025-10-09T08:00:00Z")
	if _, err := readExport(t, fresh); err == nil || !strings.Contains(err.Error(), "exportFromTime before exportToTime") {
		t.Errorf("an empty window: %v", err)
	}
}

// TestKeysAreASample counts more keys than are kept, each with a known number of items.
func TestKeysAreASample(t *testing.T) {
	var b strings.Builder
	const distinct = 300_000 // above 2^17, so that the sample thins itself out
	for i := range distinct {
		for range 1 + i%3 {
			fmt.Fprintf(&b, "{\"Item\":{\"pk\":{\"N\":\"%d\"},\"sk\":{\"S\":\"x\"}}}\n", i)
		}
	}
	e, err := readExport(t, bare(t, b.String()))
	if err != nil {
		t.Fatal(err)
	}
	n, relative := e.Keys.Distinct()
	if relative <= 0 || relative > 0.005 || math.Abs(n-distinct) > 4*relative*distinct {
		t.Errorf("%v partition keys with a relative error of %v, want %d", n, relative, distinct)
	}
	mean, median, _, most := e.Keys.PerKey()
	if math.Abs(mean-2) > 0.02 || median != 2 || most != 3 {
		t.Errorf("%v items a key in the mean, median %d, most %d, want 2, 2 and 3", mean, median, most)
	}
}

// TestOrderDoesNotMatter: the same items in any order and in any files give the same counts.
func TestOrderDoesNotMatter(t *testing.T) {
	lines := strings.SplitAfter(strings.Repeat(`{"Item":{"pk":{"S":"a"},"n":{"N":"1"}}}`+"\n", 3)+`{"Item":{"pk":{"S":"b"}}}`+"\n"+`{"Item":{"pk":{"N":"7"},"exp":{"N":"9"}}}`+"\n", "\n")
	describe := func(e *imports.Export) string {
		n, _ := e.Keys.Distinct()
		mean, median, _, most := e.Keys.PerKey()
		text := fmt.Sprint(e.Items, n, mean, median, most, e.Sizes.Mean(), e.PerItem)
		for _, a := range e.Attributes.All() {
			text += fmt.Sprintf(" %+v", *a)
		}
		return text
	}
	first, err := readExport(t, bare(t, strings.Join(lines, "")))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(r *rapid.T) {
		order := rapid.Permutation(lines).Draw(r, "order")
		again, err := readExport(t, bare(t, strings.Join(order, "")))
		if err != nil || describe(again) != describe(first) {
			r.Fatalf("%v: %s, want %s", err, describe(again), describe(first))
		}
	})
}

func BenchmarkReadExport(b *testing.B) {
	var text strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&text, "{\"Item\":%s}\n", item(fmt.Sprintf("user#%07d", i), 300+i%2000))
	}
	dir := bare(b, text.String())
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readExport(b, dir); err != nil {
			b.Fatal(err)
		}
	}
}
