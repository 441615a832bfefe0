//go:build interop

package dynamodb

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestAgainstDynalite sends random requests to this server and to dynalite, another
// implementation of DynamoDB's API (npm), and holds the answers against one another. What the two
// do not do alike is listed in known, with what AWS's documentation says. make interop runs it
// with enough checks for 100,000 requests.
func TestAgainstDynalite(t *testing.T) {
	ours, _ := listen(t, Options{})
	d := &differential{t: t, http: client(t), ours: ours}
	d.startDynalite()
	const table = `{"TableName":"Table","ProvisionedThroughput":{"ReadCapacityUnits":100000,"WriteCapacityUnits":100000},"AttributeDefinitions":[{"AttributeName":"p","AttributeType":"S"},{"AttributeName":"s","AttributeType":"N"},{"AttributeName":"g","AttributeType":"S"},{"AttributeName":"n","AttributeType":"N"}],"KeySchema":[{"AttributeName":"p","KeyType":"HASH"},{"AttributeName":"s","KeyType":"RANGE"}],` +
		`"GlobalSecondaryIndexes":[{"IndexName":"g-n","ProvisionedThroughput":{"ReadCapacityUnits":100000,"WriteCapacityUnits":100000},"KeySchema":[{"AttributeName":"g","KeyType":"HASH"},{"AttributeName":"n","KeyType":"RANGE"}],"Projection":{"ProjectionType":"INCLUDE","NonKeyAttributes":["a"]}}],` +
		`"LocalSecondaryIndexes":[{"IndexName":"p-n","KeySchema":[{"AttributeName":"p","KeyType":"HASH"},{"AttributeName":"n","KeyType":"RANGE"}],"Projection":{"ProjectionType":"ALL"}}]}`
	for _, url := range []string{d.ours, d.theirs} {
		if code, text := d.post(url, "CreateTable", table); code != http.StatusOK {
			t.Fatalf("CreateTable: %d %s", code, text)
		}
	}
	d.untilActive()
	rapid.Check(t, func(t *rapid.T) {
		d.clear(t)
		for range 40 {
			operation, body := drawRequest(t)
			d.compare(t, operation, body)
		}
	})
	t.Logf("%d requests compared, %d known differences", d.compared.Load(), d.excused.Load())
}

type differential struct {
	t                 *testing.T
	http              *http.Client
	ours, theirs      string
	said              bytes.Buffer // by dynalite, on its standard error
	compared, excused atomic.Int64
}

// post sends a request with a signature, which dynalite asks for and does not check.
func (d *differential) post(url, operation, body string) (int, []byte) {
	r, err := http.NewRequestWithContext(d.t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("X-Amz-Target", targetPrefix+operation)
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Date", "20260101T000000Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/dynamodb/aws4_request, "+
		"SignedHeaders=host, Signature=none")
	answer, err := d.http.Do(r)
	if err != nil {
		d.t.Fatalf("%s %s: %v: %s", operation, body, err, d.said.String())
	}
	text, err := io.ReadAll(answer.Body)
	if err = errors.Join(err, answer.Body.Close()); err != nil {
		d.t.Fatal(err)
	}
	return answer.StatusCode, text
}

// startDynalite runs dynalite until the test ends.
func (d *differential) startDynalite() {
	t := d.t
	ctx, cancel := context.WithCancel(context.Background())
	c := exec.CommandContext(ctx, "node", "dynalite.mjs")
	c.Dir, c.Stderr = "testdata/speed", &d.said
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = c.Wait() // it was killed
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	var at struct{ Listening string }
	if err == nil {
		err = json.Unmarshal(line, &at)
	}
	if err != nil {
		t.Fatalf("dynalite: %s: %v (make interop installs it)", line, err)
	}
	d.theirs = "http://" + at.Listening
}

func (d *differential) untilActive() {
	for _, url := range []string{d.ours, d.theirs} {
		for {
			_, text := d.post(url, "DescribeTable", `{"TableName":"Table"}`)
			if !bytes.Contains(text, []byte("CREATING")) {
				break
			}
		}
	}
}

// The keys that requests are about.
var (
	someP = []string{"x", "y"}
	someS = []string{"-1.5", "0", "2", "10"}
	someG = []string{"g", "h"}
)

// clear deletes every item.
func (d *differential) clear(t *rapid.T) {
	var all []string
	for _, p := range someP {
		for _, s := range append([]string{"1"}, someS...) {
			all = append(all, fmt.Sprintf(`{"DeleteRequest":{"Key":{"p":{"S":"%s"},"s":{"N":"%s"}}}}`, p, s))
		}
	}
	body := `{"RequestItems":{"Table":[` + strings.Join(all, ",") + `]}}`
	for _, url := range []string{d.ours, d.theirs} {
		if code, text := d.post(url, "BatchWriteItem", body); code != http.StatusOK {
			t.Fatalf("%d %s", code, text)
		}
	}
}

// A difference is one that is known: where it is met, AWS's documentation decides.
type difference struct {
	why   string
	meets func(operation, body string, ours, theirs answered) bool
}

type answered struct {
	code int
	body any
	text string
}

func (a answered) message() string {
	m, _ := a.body.(map[string]any)
	for _, k := range []string{"message", "Message"} {
		if s, ok := m[k].(string); ok {
			return s
		}
	}
	return ""
}

// compare sends one request to both.
func (d *differential) compare(t *rapid.T, operation, body string) {
	var both [2]answered
	for i, url := range []string{d.ours, d.theirs} {
		code, text := d.post(url, operation, body)
		both[i] = answered{code: code, text: string(text)}
		if err := json.Unmarshal(text, &both[i].body); err != nil {
			t.Fatalf("%s %s: %s: %v", operation, body, text, err)
		}
		both[i].body = comparable(operation, "", both[i].body)
		if strings.Contains(body, `"IndexName"`) {
			orderTies(both[i].body)
		}
	}
	d.compared.Add(1)
	diff := cmp.Diff(both[1].body, both[0].body)
	if both[0].code == both[1].code && diff == "" {
		return
	}
	for _, k := range known {
		if k.meets(operation, body, both[0], both[1]) {
			if d.excused.Add(1); canonical(without(both[0].body)) != canonical(without(both[1].body)) {
				d.clear(t) // the two may hold different items now
			}
			return
		}
	}
	t.Fatalf("%s %s\nours:     %d %s\ndynalite: %d %s\n-dynalite +ours:\n%s", operation, body, both[0].code, both[0].text, both[1].code, both[1].text, diff)
}

// comparable puts what has no order in order: sets, the items of a scan, and those of a batch.
func comparable(operation, name string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			v[k] = comparable(operation, k, x)
		}
	case []any:
		for i := range v {
			v[i] = comparable(operation, "", v[i])
		}
		unordered := name == "SS" || name == "NS" || name == "BS" || operation == "Scan" && name == "Items" ||
			operation == "BatchGetItem" && name == "Table"
		if unordered {
			slices.SortFunc(v, func(a, b any) int { return strings.Compare(canonical(a), canonical(b)) })
		}
	case string:
		if name == "__type" {
			_, after, _ := strings.Cut(v, "#")
			return after
		}
	}
	return v
}

// orderTies orders the entries of an index that have one sort key: AWS's documentation gives
// them no order.
func orderTies(body any) {
	m, _ := body.(map[string]any)
	items, _ := m["Items"].([]any)
	n := func(i int) string {
		it, _ := items[i].(map[string]any)
		return canonical(it["n"])
	}
	for i := 0; i < len(items); {
		j := i + 1
		for j < len(items) && n(j) == n(i) {
			j++
		}
		slices.SortFunc(items[i:j], func(a, b any) int { return strings.Compare(canonical(a), canonical(b)) })
		i = j
	}
}

func canonical(v any) string {
	text, err := json.Marshal(v) // maps in order of their keys
	if err != nil {
		panic(err)
	}
	return string(text)
}
