package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"crossover/results"
)

// endLimit is how long an embedded server may take to end once its standard input is closed.
const endLimit = 30 * time.Second

// serve starts an embedded server as a process of its own and returns its address.
func serve(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], append(append([]string{"serve"}, args...), "--listen", "127.0.0.1:0", "--until-stdin-closes")...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		// One that does not end is killed, which Wait then reports.
		limit := time.AfterFunc(endLimit, func() { _ = cmd.Process.Kill() })
		defer limit.Stop()
		if _, err := io.Copy(io.Discard, stdout); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("serve %v: %v", args, err)
		}
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var said struct{ Listening string }
	if err := json.Unmarshal([]byte(line), &said); err != nil {
		t.Fatal(err)
	}
	return said.Listening
}

// behind returns the address of a proxy that hides what a server says of itself: to a driver,
// what stands behind it is what the scenario declares.
func behind(t *testing.T, address string) string {
	t.Helper()
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: address})
	proxy.ModifyResponse = func(r *http.Response) error {
		for name := range r.Header {
			if name == "Server" || strings.HasPrefix(name, "X-Crossover") {
				r.Header.Del(name)
			}
		}
		return nil
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			http.NotFound(w, r)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// client speaks to a server as somebody's application would.
func client(address string) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region: "us-east-1", BaseEndpoint: aws.String("http://" + address),
		Credentials: credentials.NewStaticCredentialsProvider("id", "key", ""),
	})
}

// theirs makes a table that crossover did not create, with one item in it.
func theirs(t *testing.T, c *dynamodb.Client, name string) {
	t.Helper()
	_, err := c.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}},
	})
	if err != nil {
		t.Fatal(err)
	}
	until(t, "an active table", func() bool {
		d, err := c.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &name})
		return err == nil && d.Table.TableStatus == types.TableStatusActive
	})
	_, err = c.PutItem(t.Context(), &dynamodb.PutItemInput{
		TableName: &name, Item: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "precious"}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func itemsIn(t *testing.T, c *dynamodb.Client, name string) int32 {
	t.Helper()
	out, err := c.Scan(t.Context(), &dynamodb.ScanInput{TableName: &name, Select: types.SelectCount})
	if err != nil {
		t.Fatal(err)
	}
	return out.Count
}

// oneTarget is a small scenario with one DynamoDB target of the given settings.
func oneTarget(settings string) string {
	text := small("", "")
	from, to := strings.Index(text, "targets:"), strings.Index(text, "cost:")
	return text[:from] + "targets:\n  - {name: dynamodb, driver: dynamodb, " + settings + "}\n" + text[to:]
}

func TestForeignTableIsRefused(t *testing.T) {
	address := serve(t, "dynamodb")
	c := client(address)
	theirs(t, c, "orders")
	out := filepath.Join(t.TempDir(), "out")
	path := write(t, "s.yaml", oneTarget(fmt.Sprintf("endpoint: http://%s, table: orders", address)))
	code, _, stderr := crossover(t, "run", path, "--out", out)
	if code != exitInput || !strings.Contains(stderr, "orders") || !strings.Contains(stderr, "expendable") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if n := itemsIn(t, c, "orders"); n != 1 {
		t.Errorf("the foreign table has %d items now, it had 1", n)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a refused run left a directory")
	}
}

func TestExpendableTableIsUsedAndKept(t *testing.T) {
	address := serve(t, "dynamodb")
	c := client(address)
	theirs(t, c, "scratch")
	path := write(t, "s.yaml", oneTarget(fmt.Sprintf("endpoint: http://%s, table: scratch, expendable: true", address)))
	code, _, stderr := crossover(t, "run", path, "--out", filepath.Join(t.TempDir(), "out"))
	if code != exitOK && code != exitUntrusted {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	if n := itemsIn(t, c, "scratch"); n < 400 {
		t.Errorf("the named table has %d items: it was to be used, and not dropped", n)
	}
}

func TestOwnTableIsDropped(t *testing.T) {
	address := serve(t, "dynamodb")
	c := client(address)
	path := write(t, "s.yaml", oneTarget("endpoint: http://"+address))
	for _, keep := range []bool{false, true} {
		args := []string{"run", path, "--out", filepath.Join(t.TempDir(), "out")}
		if keep {
			args = append(args, "--keep")
		}
		if code, _, stderr := crossover(t, args...); code != exitOK && code != exitUntrusted {
			t.Fatalf("exit code %d\n%s", code, stderr)
		}
		tables, err := c.ListTables(t.Context(), &dynamodb.ListTablesInput{})
		if err != nil {
			t.Fatal(err)
		}
		if got := len(tables.TableNames) == 1; got != keep {
			t.Errorf("keep %v: tables afterwards: %v", keep, tables.TableNames)
		}
	}
}

func TestBilledRunNeedsABudget(t *testing.T) {
	address := behind(t, serve(t, "dynamodb"))
	path := write(t, "s.yaml", oneTarget(fmt.Sprintf("endpoint: http://%s, kind: real", address)))
	for _, c := range []struct {
		name, budget string
		want         int
		says         string
	}{
		{"none", "", exitInput, "--budget"},
		{"not money", "5EUR", exitInput, "5USD"},
		{"below the estimate", "0.0000001USD", exitInput, "before the start"},
		{"enough", "5USD", exitOK, ""},
	} {
		out := filepath.Join(t.TempDir(), "out")
		args := []string{"run", path, "--out", out}
		if c.budget != "" {
			args = append(args, "--budget", c.budget, "--yes")
		}
		code, _, stderr := crossover(t, args...)
		if code == exitUntrusted {
			code = exitOK // a busy machine; the budget is what is tested
		}
		if code != c.want || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: exit code %d, want %d\n%s", c.name, code, c.want, stderr)
		}
		if _, err := os.Stat(out); c.want == exitInput && err == nil {
			t.Errorf("%s: a refused run left a directory", c.name)
		}
		if c.want == exitOK {
			if m := open(t, out, "dynamodb").Manifest; m.SpentUSD <= 0 || m.BudgetUSD != 5 || m.Target.Kind != "real" {
				t.Errorf("%s: spent %v of %v on a target of kind %s", c.name, m.SpentUSD, m.BudgetUSD, m.Target.Kind)
			}
		}
	}
}

// How much a closed loop consumes is known only when it has: its estimate covers the load, and
// the run is stopped within an interval when the budget is spent.
func TestBudgetStopsTheRun(t *testing.T) {
	address := behind(t, serve(t, "dynamodb", "--latency", "off"))
	text := oneTarget("endpoint: http://" + address + ", kind: real")
	text = strings.Replace(text, "{open: {process: poisson, sessions: 32}}", "{closed: {workers: 4}}", 1)
	text = strings.Replace(text, "for: 2s, rate: 200/s", "for: 10m", 1)
	out := filepath.Join(t.TempDir(), "out")
	// Loading 500 items costs $0.00031; the loop then spends up to a ten-thousandth a second.
	code, _, stderr := crossover(t, "run", write(t, "s.yaml", text), "--out", out, "--budget", "0.0008USD", "--yes", "--interval", "200ms")
	if code != exitInterrupted || !strings.Contains(stderr, "budget exceeded") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	m := open(t, out, "dynamodb").Manifest
	if m.Status != results.Interrupted || m.SpentUSD < 0.0008 || m.SpentUSD > 0.0016 {
		t.Errorf("status %s, spent $%.6f of $0.0008", m.Status, m.SpentUSD)
	}
}

func TestCredentialsStayOut(t *testing.T) {
	const id, key, token = "AKIAQQQQWWWWEEEERRRR", "t0pSecretKeyThatMustNotLeak0123456789abc", "FwoGZXIvYXdzEBtokenThatMustNotLeak"
	t.Setenv("AWS_ACCESS_KEY_ID", id)
	t.Setenv("AWS_SECRET_ACCESS_KEY", key)
	t.Setenv("AWS_SESSION_TOKEN", token)
	for _, client := range []string{"sdk", "lean"} {
		t.Run(client, func(t *testing.T) { staysOut(t, client, id, key, token) })
	}
}

// staysOut runs a scenario with faults, and looks for secrets in all that it says and writes.
func staysOut(t *testing.T, client string, secrets ...string) {
	address := serve(t, "dynamodb", "--fault", "error500=5%,reset=2%")
	out := filepath.Join(t.TempDir(), "out")
	code, stdout, stderr := crossover(t, "run", write(t, "s.yaml", oneTarget("endpoint: http://"+address+", client: "+client)), "--out", out)
	if code != exitOK && code != exitUntrusted {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	seen := map[string]string{"stdout": stdout, "stderr": stderr}
	err := filepath.WalkDir(out, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		seen[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) < 10 {
		t.Fatalf("looked at %d texts only", len(seen))
	}
	for where, text := range seen {
		for _, secret := range append(secrets, "AWS4-HMAC-SHA256", "Signature=") {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds a credential", where)
			}
		}
	}
}
