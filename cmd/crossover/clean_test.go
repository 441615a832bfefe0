package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"crossover/costmodel/price"
	"crossover/driver"
)

// leave runs a scenario whose table and set stay.
func leave(t *testing.T, targets string) {
	t.Helper()
	text := small("", "")
	from, to := strings.Index(text, "targets:"), strings.Index(text, "cost:")
	text = strings.Replace(text[:from]+"targets:\n"+targets+text[to:], "for: 2s", "for: 200ms", 1)
	code, _, stderr := crossover(t, "run", write(t, "s.yaml", text), "--keep", "--no-report", "--out", filepath.Join(t.TempDir(), "out"))
	if code != exitOK && code != exitUntrusted && code != exitMissed {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
}

// ask runs a command line with somebody there to answer.
func ask(t *testing.T, answer string, args ...string) (code int, said string) {
	t.Helper()
	before := asks
	asks = func(streams) bool { return true }
	defer func() { asks = before }()
	var out bytes.Buffer
	code = execute(t.Context(), streams{in: strings.NewReader(answer), out: &out, err: &out}, args)
	return code, out.String()
}

// What crossover made is listed, with its run, and deleted only by --delete and yes; a table of
// somebody else's beside it is neither, even under a name like crossover's.
func TestCleanTables(t *testing.T) {
	address := serve(t, "dynamodb", "--latency", "off")
	c := client(address)
	theirs(t, c, "crossover-orders")
	leave(t, "  - {name: dynamodb, driver: dynamodb, endpoint: 'http://"+address+"'}\n")
	tables := func() string {
		t.Helper()
		out, err := c.ListTables(t.Context(), &dynamodb.ListTablesInput{})
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(out.TableNames, " ")
	}
	where := []string{"clean", "--endpoint", "http://" + address}
	for _, c := range []struct {
		name, answer string
		args         []string
		code         int
		want         string
	}{
		{"listed", "", nil, exitOK, "Nothing is deleted without --delete"},
		{"no", "n\n", []string{"--delete"}, exitOK, "nothing was deleted"},
		{"too young", "y\n", []string{"--delete", "--older-than", "1h"}, exitOK, "Nothing of crossover's is left"},
	} {
		code, said := ask(t, c.answer, append(where, c.args...)...)
		if code != c.code || !strings.Contains(said, c.want) || strings.Contains(said, "crossover-orders") {
			t.Errorf("%s: exit code %d\n%s", c.name, code, said)
		}
		if got := tables(); got != "crossover-orders crossover-small" {
			t.Fatalf("%s: tables %s", c.name, got)
		}
	}
	code, stdout, stderr := crossover(t, append(where, "--json")...)
	var finds []find
	if err := json.Unmarshal([]byte(stdout), &finds); err != nil || code != exitOK || len(finds) != 1 {
		t.Fatalf("exit code %d, %v\n%s%s", code, err, stdout, stderr)
	}
	f := finds[0]
	if f.Name != "crossover-small" || f.Items == 0 || f.Bytes == 0 || f.Created.IsZero() || !strings.HasSuffix(f.Run, "-dynamodb") || f.MonthUSD != nil {
		t.Errorf("%+v", f)
	}
	if code, _, stderr := crossover(t, append(where, "--delete")...); code != exitInput || !strings.Contains(stderr, "nobody to ask") || tables() != "crossover-orders crossover-small" {
		t.Errorf("exit code %d, tables %s\n%s", code, tables(), stderr)
	}
	if code, said := ask(t, "yes\n", append(where, "--delete")...); code != exitOK || !strings.Contains(said, "deleted crossover-small") {
		t.Errorf("exit code %d\n%s", code, said)
	}
	until(t, "the table's end", func() bool { return tables() == "crossover-orders" })
	if n := itemsIn(t, c, "crossover-orders"); n != 1 {
		t.Errorf("the foreign table has %d items", n)
	}
}

// The same for sets: that of another scenario stays until it is asked for, and one without the
// marker always.
func TestCleanSets(t *testing.T) {
	address := serve(t, "aerospike", "--latency", "off", "--nodes", "2")
	leave(t, "  - {name: aerospike, driver: aerospike, hosts: ['"+address+"']}\n")
	leave(t, "  - {name: aerospike, driver: aerospike, hosts: ['"+address+"'], set: theirs, expendable: true}\n")
	list := func() (names []string) {
		t.Helper()
		code, stdout, stderr := crossover(t, "clean", "--hosts", address, "--json")
		var finds []find
		if err := json.Unmarshal([]byte(stdout), &finds); err != nil || code != exitOK {
			t.Fatalf("exit code %d, %v\n%s", code, err, stderr)
		}
		for _, f := range finds {
			if f.Created.IsZero() || f.Run == "" || f.Items == 0 {
				t.Errorf("%+v", f)
			}
			names = append(names, f.Name)
		}
		return names
	}
	before := strings.Join(list(), " ")
	if !strings.Contains(before, "crossover-small") {
		t.Fatalf("sets %s", before)
	}
	if code, _, stderr := crossover(t, "clean", "--hosts", address, "--delete", "--yes"); code != exitOK || !strings.Contains(stderr, "deleted crossover-small") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
	if left := list(); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func TestCleanRefuses(t *testing.T) {
	for _, args := range [][]string{
		{},
		{"--region", "us-east-1", "--endpoint", "http://x"},
		{"--profile", "x", "--endpoint", "http://127.0.0.1:1"},
		{"--endpoint", "http://127.0.0.1:1", "--yes"},
		{"--endpoint", "no url"},
		{"--region", "mars"},
		{"--hosts", "127.0.0.1:1", "--target", "x"},
		{write(t, "s.yaml", small("", "")), "--target", "nobody"},
	} {
		if code, _, stderr := crossover(t, append([]string{"clean"}, args...)...); code != exitInput || stderr == "" {
			t.Errorf("%v: exit code %d\n%s", args, code, stderr)
		}
	}
	// Embedded servers end with their run.
	if code, stdout, stderr := crossover(t, "clean", write(t, "s.yaml", small("", ""))); code != exitOK || !strings.Contains(stdout, "Nothing of crossover's is left") {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
}

// By hand: 40 GiB at $0.25, and 100 RCU and 10 WCU for 730 hours at $0.00013 and $0.00065.
func TestMonthOfALeftover(t *testing.T) {
	for _, c := range []struct {
		l    driver.Leftover
		want float64
	}{
		{driver.Leftover{Real: true, Region: "us-east-1", Bytes: 40 << 30}, 10},
		{driver.Leftover{Real: true, Region: "us-east-1", Bytes: 40 << 30, Infrequent: true}, 4},
		{driver.Leftover{Real: true, Region: "us-east-1", ReadUnits: 100, WriteUnits: 10}, 14.24}, // 9.49 + 4.745, rounded to even
		{driver.Leftover{Real: true, Region: "us-east-1"}, 0},
	} {
		if got := monthOf(price.Default(), c.l); got == nil || *got < c.want-0.011 || *got > c.want+0.011 {
			t.Errorf("%+v: %v, want %g", c.l, got, c.want)
		}
	}
	for _, l := range []driver.Leftover{{Region: "us-east-1", Bytes: 1}, {Real: true, Region: "mars-1", Bytes: 1}} {
		if got := monthOf(price.Default(), l); got != nil {
			t.Errorf("%+v: %g", l, *got)
		}
	}
}
