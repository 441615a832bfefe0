// Command speed holds the embedded DynamoDB server against dynalite and against a bare
// net/http handler with canned answers: GetItem and PutItem of 1 KiB, at 16 and 64 connections,
// by wrk, all in one run. It prints a table, and fails when the embedded server is below the
// limits that its flags give.
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
)

// The data set: as many keys as a table of 40,000 units/s needs for them to be spread evenly
// over its 40 partitions, so that no partition's limit is what is measured.
const (
	keys     = 10_000
	capacity = 40_000
	table    = "speed"
)

var connections = []int{16, 64}

// options are the command line's.
type options struct {
	crossover   string
	seconds     int
	rounds      int
	timesOther  float64 // least ratio to dynalite
	shareOfBare float64 // least share of the bare handler
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "bare" {
		fail(bare())
		return
	}
	var o options
	flag.StringVar(&o.crossover, "crossover", "bin/crossover", "the binary to measure")
	flag.IntVar(&o.seconds, "seconds", 3, "length of each measurement")
	flag.IntVar(&o.rounds, "rounds", 3, "measurements of each kind; the table has their medians")
	flag.Float64Var(&o.timesOther, "times-dynalite", 6, "fail below this many times dynalite's rate")
	flag.Float64Var(&o.shareOfBare, "share-of-bare", 0.6, "fail below this share of the bare handler's rate")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	fail(compare(ctx, o, os.Stdout))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "speed:", err)
		os.Exit(1)
	}
}

// bare serves canned answers of the size of the embedded server's.
func bare() error {
	got := []byte(`{"Item":{"pk":{"S":"00000000"},"v":{"S":"` + strings.Repeat("x", 1013) + `"}}}`)
	ln, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("{\"listening\":%q}\n", ln.Addr())
	return http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		answer := []byte("{}")
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GetItem") {
			answer = got
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = w.Write(answer)
	}))
}

// A server is one of those that are compared.
type server struct {
	name    string
	command []string
	address string
	rates   map[string][]float64 // of each kind of measurement, one a round
	p99     map[string][]float64 // in µs
}

func compare(ctx context.Context, o options, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	servers := []*server{
		{name: "crossover", command: []string{o.crossover, "serve", "dynamodb", "--listen", "127.0.0.1:0", "--latency", "off"}},
		{name: "dynalite", command: []string{"node", "dynalite.mjs"}},
		{name: "net/http, canned", command: []string{self, "bare"}},
	}
	for _, s := range servers {
		s.rates, s.p99 = map[string][]float64{}, map[string][]float64{}
		stop, err := s.start(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		defer stop()
		if s.name != "net/http, canned" {
			if err := s.load(ctx); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	// Rounds are interleaved, so that what else the machine does meets all three alike.
	for range o.rounds {
		for _, operation := range []string{"GetItem", "PutItem"} {
			for _, n := range connections {
				for _, s := range servers {
					if err := s.measure(ctx, operation, n, o.seconds); err != nil {
						return fmt.Errorf("%s, %s, %d connections: %w", s.name, operation, n, err)
					}
				}
			}
		}
	}
	return print(out, servers, o)
}

// pinned runs a command on one core, so that load and server do not take each other's time.
func pinned(ctx context.Context, core int, command ...string) *exec.Cmd {
	if runtime.NumCPU() > 1 {
		command = append([]string{"taskset", "-c", strconv.Itoa(core)}, command...)
	}
	return exec.CommandContext(ctx, command[0], command[1:]...)
}

func (s *server) start(ctx context.Context) (stop func(), err error) {
	c := pinned(ctx, 0, s.command...)
	c.Stderr = os.Stderr
	stdout, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	stop = func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	var said struct{ Listening string }
	if err == nil {
		err = json.Unmarshal(line, &said)
	}
	if err != nil {
		stop()
		return nil, fmt.Errorf("it did not say where it listens: %w", err)
	}
	s.address = said.Listening
	return stop, nil
}

// ask sends one request of the API.
func (s *server) ask(ctx context.Context, operation, body string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.address, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
	r.Header.Set("X-Amz-Date", "20260101T000000Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260101/us-east-1/dynamodb/aws4_request, "+
		"SignedHeaders=host;x-amz-date;x-amz-target, Signature="+strings.Repeat("0", 64))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", operation, answer.Status, text)
	}
	return text, err
}

// load makes the table and its items.
func (s *server) load(ctx context.Context) error {
	if _, err := s.ask(ctx, "CreateTable", fmt.Sprintf(`{"TableName":%q,"KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],`+
		`"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],`+
		`"ProvisionedThroughput":{"ReadCapacityUnits":%d,"WriteCapacityUnits":%d}}`, table, capacity, capacity)); err != nil {
		return err
	}
	for {
		text, err := s.ask(ctx, "DescribeTable", `{"TableName":"`+table+`"}`)
		if err != nil {
			return err
		}
		if bytes.Contains(text, []byte(`"ACTIVE"`)) {
			break
		}
	}
	value := strings.Repeat("x", 1013)
	for at := 0; at < keys; at += 25 {
		var puts []string
		for i := at; i < at+25; i++ {
			puts = append(puts, fmt.Sprintf(`{"PutRequest":{"Item":{"pk":{"S":"%08d"},"v":{"S":"%s"}}}}`, i, value))
		}
		text, err := s.ask(ctx, "BatchWriteItem", `{"RequestItems":{"`+table+`":[`+strings.Join(puts, ",")+`]}}`)
		if err != nil {
			return err
		}
		if !bytes.Contains(text, []byte(`"UnprocessedItems":{}`)) {
			return errors.New("the table throttled its load")
		}
	}
	return nil
}

func kind(operation string, connections int) string {
	return fmt.Sprintf("%s, %d", operation, connections)
}

func (s *server) measure(ctx context.Context, operation string, n, seconds int) error {
	text, err := pinned(ctx, 1, "wrk", "-t1", "-c"+strconv.Itoa(n), "-d"+strconv.Itoa(seconds)+"s", "-s", "requests.lua",
		"http://"+s.address, "--", operation, strconv.Itoa(keys)).CombinedOutput()
	if err != nil {
		return fmt.Errorf("wrk: %w\n%s", err, text)
	}
	_, line, ok := strings.Cut(string(text), "RESULT ")
	var r struct {
		Requests float64
		Us       float64
		Failed   int
		P99      float64 `json:"p99_us"`
	}
	if err := json.Unmarshal([]byte(strings.TrimSpace(line)), &r); !ok || err != nil {
		return fmt.Errorf("wrk said %q", text)
	}
	if r.Failed > 0 || r.Requests == 0 {
		return fmt.Errorf("%d of %.0f requests failed", r.Failed, r.Requests)
	}
	s.rates[kind(operation, n)] = append(s.rates[kind(operation, n)], r.Requests/r.Us*1e6)
	s.p99[kind(operation, n)] = append(s.p99[kind(operation, n)], r.P99)
	return nil
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}

// ratio is the median of the rounds' own ratios: what else the machine did met both sides of a
// round.
func ratio(a, b []float64) float64 {
	var out []float64
	for i := range a {
		out = append(out, a[i]/b[i])
	}
	return median(out)
}

// print writes the table, and returns an error when a limit was missed.
func print(out io.Writer, servers []*server, o options) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "operations/s of 1 KiB, medians of %d rounds of %d s, each server on one core, wrk on another:\n", o.rounds, o.seconds)
	fmt.Fprintln(w, "operation, connections\tcrossover\tp99\tdynalite\tp99\tnet/http, canned\tp99\tx dynalite\tof net/http\t")
	var missed []error
	for _, operation := range []string{"GetItem", "PutItem"} {
		for _, n := range connections {
			k := kind(operation, n)
			fmt.Fprintf(w, "%s\t", k)
			for _, s := range servers {
				fmt.Fprintf(w, "%.0f\t%.2f ms\t", median(s.rates[k]), median(s.p99[k])/1000)
			}
			times, share := ratio(servers[0].rates[k], servers[1].rates[k]), ratio(servers[0].rates[k], servers[2].rates[k])
			fmt.Fprintf(w, "%.1f\t%.0f%%\t\n", times, 100*share)
			if times < o.timesOther || share < o.shareOfBare {
				missed = append(missed, fmt.Errorf("%s: %.1f times dynalite (at least %g) and %.0f%% of the bare handler (at least %.0f%%)",
					k, times, o.timesOther, 100*share, 100*o.shareOfBare))
			}
		}
	}
	return cmp.Or(w.Flush(), errors.Join(missed...))
}
