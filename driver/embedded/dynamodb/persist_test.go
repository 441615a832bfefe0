package dynamodb

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// again ends a host's server and begins another with the same directory.
func (h *host) again(t *testing.T, o Options) *host {
	t.Helper()
	if err := h.server.Close(); err != nil {
		t.Fatal(err)
	}
	return newKept(t, o)
}

func newKept(t *testing.T, o Options) *host {
	t.Helper()
	h := newHost(t, o)
	t.Cleanup(func() { _ = h.server.Close() }) // a second time, where the test did
	return h
}

// keptTable has both kinds of index and a sort key.
const keptTable = `{"TableName":"Kept","BillingMode":"PAY_PER_REQUEST",
	"AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"},{"AttributeName":"at","AttributeType":"N"},{"AttributeName":"g","AttributeType":"S"},{"AttributeName":"l","AttributeType":"B"}],
	"KeySchema":[{"AttributeName":"id","KeyType":"HASH"},{"AttributeName":"at","KeyType":"RANGE"}],
	"GlobalSecondaryIndexes":[{"IndexName":"by-g","KeySchema":[{"AttributeName":"g","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}],
	"LocalSecondaryIndexes":[{"IndexName":"by-l","KeySchema":[{"AttributeName":"id","KeyType":"HASH"},{"AttributeName":"l","KeyType":"RANGE"}],"Projection":{"ProjectionType":"KEYS_ONLY"}}],
	"Tags":[{"Key":"team","Value":"a"}]}`

// questions are what a client can ask of the table.
var questions = []struct{ operation, body string }{
	{"ListTables", `{}`},
	{"DescribeTable", `{"TableName":"Kept"}`},
	{"DescribeTimeToLive", `{"TableName":"Kept"}`},
	{"ListTagsOfResource", `{"ResourceArn":"arn:aws:dynamodb:us-east-1:000000000000:table/Kept"}`},
	{"Scan", `{"TableName":"Kept"}`},
	{"Scan", `{"TableName":"Kept","IndexName":"by-g"}`},
	{"Query", `{"TableName":"Kept","IndexName":"by-l","KeyConditionExpression":"id = :i","ExpressionAttributeValues":{":i":{"S":"a"}}}`},
}

func (h *host) answers() (out []string) {
	for _, q := range questions {
		var answer any
		h.must(q.operation, q.body, &answer)
		text, err := json.MarshalIndent(answer, "", " ")
		if err != nil {
			h.t.Fatal(err)
		}
		out = append(out, string(text))
	}
	return out
}

// TestRestart: whatever a client can ask of tables and items is answered by the next server as
// it was by the one before, after every kind of write.
func TestRestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	h := newKept(t, Options{Data: dir})
	h.must("CreateTable", keptTable, nil)
	h.must("CreateTable", strings.ReplaceAll(createTable, `"Table"`, `"Gone"`), nil)
	for i := range 30 {
		h.must("PutItem", fmt.Sprintf(`{"TableName":"Kept","Item":{"id":{"S":"%c"},"at":{"N":"%d"},"g":{"S":"g%d"},"l":{"B":"%s"},"ss":{"SS":["x","y"]},"m":{"M":{"a":{"L":[{"NULL":true}]}}}}}`,
			'a'+i%3, i-15, i%4, []string{"AAE=", "/w==", "AA=="}[i%3]), nil)
	}
	h.must("PutItem", `{"TableName":"Gone","Item":{"id":{"S":"a"}}}`, nil)
	h.must("DeleteTable", `{"TableName":"Gone"}`, nil)
	h.must("CreateTable", strings.ReplaceAll(createTable, `"Table"`, `"Gone"`), nil) // again, and empty
	h.must("UpdateItem", `{"TableName":"Kept","Key":{"id":{"S":"a"},"at":{"N":"-15"}},"UpdateExpression":"SET g = :g REMOVE l","ExpressionAttributeValues":{":g":{"S":"new"}}}`, nil)
	h.must("DeleteItem", `{"TableName":"Kept","Key":{"id":{"S":"b"},"at":{"N":"-14"}}}`, nil)
	h.must("BatchWriteItem", `{"RequestItems":{"Kept":[{"DeleteRequest":{"Key":{"id":{"S":"c"},"at":{"N":"-13"}}}},{"PutRequest":{"Item":{"id":{"S":"batch"},"at":{"N":"1"}}}}]}}`, nil)
	h.must("TransactWriteItems", `{"TransactItems":[{"Put":{"TableName":"Kept","Item":{"id":{"S":"tx"},"at":{"N":"1.5"}}}},{"Delete":{"TableName":"Kept","Key":{"id":{"S":"a"},"at":{"N":"-12"}}}}]}`, nil)
	h.must("TagResource", `{"ResourceArn":"arn:aws:dynamodb:us-east-1:000000000000:table/Kept","Tags":[{"Key":"more","Value":"b"}]}`, nil)
	h.must("UntagResource", `{"ResourceArn":"arn:aws:dynamodb:us-east-1:000000000000:table/Kept","TagKeys":["team"]}`, nil)
	h.must("UpdateTimeToLive", `{"TableName":"Kept","TimeToLiveSpecification":{"AttributeName":"until","Enabled":true}}`, nil)
	want := h.answers()
	for range 2 { // what was restored is kept like what was written
		h = h.again(t, Options{Data: dir})
		if d := cmp.Diff(want, h.answers()); d != "" {
			t.Errorf("-before +after the restart\n%s", d)
		}
	}
	if n := h.server.lookup("Gone", 0).store.Items(); n != 0 {
		t.Errorf("a table that was deleted left %d items to the next of its name", n)
	}
	h.must("PutItem", `{"TableName":"Kept","Item":{"id":{"S":"later"},"at":{"N":"1"}}}`, nil)
	want = h.answers()
	if d := cmp.Diff(want, h.again(t, Options{Data: dir}).answers()); d != "" {
		t.Errorf("a write to a restored table: -before +after the restart\n%s", d)
	}
}

// TestRestartAltersNothingRefused: what failed leaves no trace.
func TestRestartAltersNothingRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	h := newKept(t, Options{Data: dir})
	h.newTable(true)
	h.must("PutItem", putSmall, nil)
	for _, c := range []struct{ operation, body string }{
		{"PutItem", strings.Replace(putSmall, `"TableName"`, `"ConditionExpression":"attribute_not_exists(id)","TableName"`, 1)},
		{"CreateTable", createTable},
		{"UpdateTable", `{"TableName":"Table","BillingMode":"PROVISIONED"}`},
		{"TransactWriteItems", `{"TransactItems":[{"Put":{"TableName":"Table","Item":{"id":{"S":"b"},"at":{"N":"1"}}}},{"ConditionCheck":{"TableName":"Table","Key":{"id":{"S":"a"},"at":{"N":"1"}},"ConditionExpression":"attribute_not_exists(id)"}}]}`},
	} {
		if code, text := h.do(c.operation, c.body); code == http.StatusOK {
			t.Fatalf("%s: %s", c.operation, text)
		}
	}
	h = h.again(t, Options{Data: dir})
	if n := h.server.lookup("Table", 0).store.Items(); n != 1 {
		t.Errorf("%d items", n)
	}
}

// TestDataDirectoryRefused: one that is no directory, of another version, or in use.
func TestDataDirectoryRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "data")
	newKept(t, Options{Data: dir})
	for _, place := range []string{file, dir} {
		if s, err := New(Options{Data: place, Clock: newHost(t, Options{}).clock}); err == nil {
			t.Errorf("%s was opened", place)
			_ = s.Close()
		}
	}
}

// TestOperationsAreClassified: an operation that makes a table what it is must be among those
// that are kept; whoever adds one says which it is.
func TestOperationsAreClassified(t *testing.T) {
	passing := map[string]bool{
		"DeleteTable":  true, // ends what is kept
		"BatchGetItem": true, "DescribeContinuousBackups": true, "DescribeContributorInsights": true, "DescribeEndpoints": true,
		"DescribeExport": true, "DescribeLimits": true, "DescribeTable": true, "DescribeTimeToLive": true, "ExportTableToPointInTime": true,
		"GetItem": true, "ListContributorInsights": true, "ListExports": true, "ListTables": true, "ListTagsOfResource": true,
		"Query": true, "Scan": true, "TransactGetItems": true,
	}
	for name, op := range operations {
		kinds := 0
		for _, is := range []bool{passing[name], lasting[name] != "", writing[name]} {
			if is {
				kinds++
			}
		}
		if kinds != 1 {
			t.Errorf("%s is of %d of the kinds: lasting, writing, passing", name, kinds)
		}
		if writing[name] && op.about == tableSubject {
			t.Errorf("%s is about tables, and writes items", name)
		}
	}
}
