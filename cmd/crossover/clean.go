package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"crossover/costmodel/price"
	"crossover/driver"
	"crossover/driver/clock"
	"crossover/workload"
)

// cleanOptions are `crossover clean`'s flags.
type cleanOptions struct {
	region, profile, endpoint string
	hosts                     []string
	namespace                 string
	targets                   []string
	olderThan                 time.Duration
	delete, yes, asJSON       bool
	book                      string
}

const longClean = `clean lists the tables and sets that crossover created and that are still there,
with their age, their size and what a month of them costs, and deletes them only
with --delete.

It looks where the targets of SCENARIO are, or where flags say: --region for
DynamoDB in an AWS region (with --profile), --endpoint for another DynamoDB API,
--hosts for an Aerospike cluster. It goes by crossover's own mark alone, the tag
crossover=owned of a table and the marker record of a set: what does not carry it
is never listed and never deleted, whatever its name is. Each is looked at again
just before it is deleted.

--delete asks before it deletes; --yes answers for a script. Somebody else's run may
be using a table that is listed: --older-than leaves young ones alone.`

func newClean(s streams) *cobra.Command {
	var o cleanOptions
	c := &cobra.Command{
		Use:   "clean [SCENARIO]",
		Short: "List what crossover left in an AWS region or a cluster, and delete it if asked to",
		Long:  longClean,
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return clean(c.Context(), s, o, strings.Join(args, ""))
		},
	}
	f := c.Flags()
	f.StringVar(&o.region, "region", "", "AWS region to look in; credentials are found as the AWS SDK finds them")
	f.StringVar(&o.profile, "profile", "", "profile of the shared AWS configuration files; with --region")
	f.StringVar(&o.endpoint, "endpoint", "", "URL of another DynamoDB API to look in")
	f.StringSliceVar(&o.hosts, "hosts", nil, "seed nodes of an Aerospike cluster to look in, HOST:PORT[,...]")
	f.StringVar(&o.namespace, "namespace", "test", "namespace of the Aerospike cluster; with --hosts")
	f.StringArrayVar(&o.targets, "target", nil, "look only where this target of SCENARIO is (repeatable)")
	f.DurationVar(&o.olderThan, "older-than", 0, "leave out what is younger, such as 24h, or of unknown age")
	f.BoolVar(&o.delete, "delete", false, "delete what is listed, after asking")
	f.BoolVar(&o.yes, "yes", false, "with --delete: do not ask")
	f.BoolVar(&o.asJSON, "json", false, "list as JSON")
	f.StringVar(&o.book, "book", "", "YAML file whose prices replace the embedded ones key by key")
	return c
}

// A find is a leftover, where it is, and what it costs.
type find struct {
	Target string `json:"target"`
	driver.Leftover
	MonthUSD *float64 `json:"usd_a_month,omitempty"` // nil when nothing bills it by itself, or it is not priced
	cleaner  driver.Cleaner
}

func clean(ctx context.Context, s streams, o cleanOptions, path string) error {
	sc, err := o.scenario(path)
	if err != nil {
		return err
	}
	book, err := loadBook(o.book)
	if err != nil {
		return err
	}
	var finds []find
	var problems []error
	c := clock.Real()
	for _, t := range sc.Targets {
		if n := field(t.Node, "at"); n != nil && n.Value == "embedded" || t.Driver == "null" {
			continue // it ends with its run
		}
		def, err := definition(sc, t)
		if err != nil {
			return badInput(err)
		}
		d, err := def.Open(ctx, driver.Env{Clock: c, Scenario: sc, Target: t, Run: "clean"})
		if err != nil {
			problems = append(problems, err)
			continue
		}
		defer d.Close()
		cleaner, ok := d.(driver.Cleaner)
		if !ok {
			continue
		}
		list, err := cleaner.Leftovers(ctx)
		problems = append(problems, err)
		for _, l := range list {
			if age := c.Wall(c.Now()).Sub(l.Created); o.olderThan == 0 || !l.Created.IsZero() && age >= o.olderThan {
				finds = append(finds, find{Target: t.Name, Leftover: l, MonthUSD: monthOf(book, l), cleaner: cleaner})
			}
		}
	}
	if err := o.show(s, book, finds, c.Wall(c.Now())); err != nil {
		return err
	}
	if o.delete && len(finds) > 0 {
		problems = append(problems, o.remove(ctx, s, finds))
	}
	return errors.Join(problems...)
}

// scenario returns the targets to look at, as a scenario's.
func (o *cleanOptions) scenario(path string) (*workload.Scenario, error) {
	given := 0
	for _, is := range []bool{path != "", o.region != "", o.endpoint != "", len(o.hosts) > 0} {
		if is {
			given++
		}
	}
	switch {
	case given != 1:
		return nil, badInput(errors.New("give one of SCENARIO, --region, --endpoint and --hosts: where to look"))
	case o.profile != "" && o.region == "":
		return nil, badInput(errors.New("--profile without --region"))
	case o.yes && !o.delete:
		return nil, badInput(errors.New("--yes without --delete: nothing is asked"))
	case path != "":
		sc, err := loadScenario(path)
		if err != nil {
			return nil, err
		}
		if err := chooseTargets(sc, o.targets); err != nil {
			return nil, badInput(err)
		}
		return sc, nil
	case len(o.targets) > 0:
		return nil, badInput(errors.New("--target without SCENARIO"))
	}
	target := map[string]any{"name": "dynamodb", "driver": "dynamodb"}
	switch {
	case o.region != "":
		target["at"], target["region"] = "aws", o.region
		if o.profile != "" {
			target["profile"] = o.profile
		}
	case o.endpoint != "":
		target["endpoint"] = o.endpoint
	default:
		target = map[string]any{"name": "aerospike", "driver": "aerospike", "hosts": o.hosts, "namespace": o.namespace}
	}
	text, err := json.Marshal(map[string]any{ // JSON is YAML
		"version": 1, "name": "clean", "dataset": map[string]any{"items": 1, "size": "200B"},
		"workload": map[string]any{
			"operations": map[string]any{"read": "100%"}, "arrival": map[string]any{"closed": map[string]any{}},
			"phases": []any{map[string]any{"name": "none", "operations": 1}},
		},
		"targets": []any{target},
	})
	if err != nil {
		return nil, err
	}
	sc, err := workload.Parse("crossover clean", text)
	if err != nil {
		return nil, badInput(err)
	}
	if err := checkTargets(sc); err != nil {
		return nil, badInput(err)
	}
	return sc, nil
}

// monthOf is what a DynamoDB table costs in a month in which nobody uses it: what it stores,
// and what it has provisioned. Free tiers are left out.
func monthOf(book *price.Book, l driver.Leftover) *float64 {
	if !l.Real {
		return nil
	}
	class := "std"
	if l.Infrequent {
		class = "ia"
	}
	sum := decimal.Zero
	for key, quantity := range map[string]decimal.Decimal{
		"storage." + class:                decimal.NewFromFloat(float64(l.Bytes) / (1 << 30)),
		"provisioned." + class + ".rcu_h": book.Hours().Mul(decimal.NewFromInt(l.ReadUnits)),
		"provisioned." + class + ".wcu_h": book.Hours().Mul(decimal.NewFromInt(l.WriteUnits)),
	} {
		if quantity.IsZero() {
			continue
		}
		p, ok := book.Find(l.Region, key)
		if !ok {
			return nil
		}
		sum = sum.Add(quantity.Mul(p.Value))
	}
	usd := sum.Round(2).InexactFloat64()
	return &usd
}

func (o *cleanOptions) show(s streams, book *price.Book, finds []find, now time.Time) error {
	if o.asJSON {
		if finds == nil {
			finds = []find{}
		}
		return json.NewEncoder(s.out).Encode(finds)
	}
	if len(finds) == 0 {
		fmt.Fprintln(s.out, "Nothing of crossover's is left.")
		return nil
	}
	t := table.NewWriter()
	t.SetOutputMirror(s.out)
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"target", "table or set", "of run", "age", "items", "size", "state", "USD a month"})
	for _, f := range finds {
		age, month := "unknown", "not priced"
		if !f.Created.IsZero() {
			age = now.Sub(f.Created).Round(time.Minute).String()
		}
		switch {
		case f.MonthUSD != nil:
			month = fmt.Sprintf("%.2f", *f.MonthUSD)
		case !f.Real:
			month = "not billed by itself"
		}
		t.AppendRow(table.Row{f.Target, f.Name, f.Run, age, f.Items, sizeText(f.Bytes), f.State, month})
	}
	t.Render()
	fmt.Fprintf(s.out, "%d left. Items and sizes as the database tells (DynamoDB: up to six hours old); a month of storage and provisioned capacity\n"+
		"unused, without free tiers, from the price book of %s.\n", len(finds), book.Date())
	if !o.delete {
		fmt.Fprintln(s.out, "Nothing is deleted without --delete.")
	}
	return nil
}

// sizeText is a size for people.
func sizeText(bytes uint64) string {
	size, unit := float64(bytes), "B"
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if size < 1024 {
			break
		}
		size, unit = size/1024, next
	}
	return fmt.Sprintf("%.4g %s", size, unit)
}

// remove deletes what was listed, once that is confirmed.
func (o *cleanOptions) remove(ctx context.Context, s streams, finds []find) error {
	if !o.yes {
		ok, err := confirmed(s, fmt.Sprintf("Delete all %d, with everything in them?", len(finds)))
		if err != nil {
			return err
		}
		if !ok {
			fmt.Fprintln(s.err, "crossover: nothing was deleted")
			return nil
		}
	}
	var problems []error
	for _, f := range finds {
		if err := f.cleaner.Remove(ctx, f.Leftover); err != nil {
			problems = append(problems, err)
			continue
		}
		fmt.Fprintf(s.err, "crossover: deleted %s\n", f.Name)
	}
	return errors.Join(problems...)
}

// errNobodyToAsk: a question is asked only of a person.
var errNobodyToAsk = errors.New("there is nobody to ask: give --yes to confirm")

// asks reports whether there is a person to ask; tests have one of their own.
var asks = func(s streams) bool {
	in, ok := s.in.(*os.File)
	return ok && isTerminal(in)
}

// confirmed asks a person, and takes nothing but yes for a yes.
func confirmed(s streams, question string) (bool, error) {
	if !asks(s) {
		return false, badInput(errNobodyToAsk)
	}
	fmt.Fprintf(s.err, "%s [y/N] ", question)
	line, err := bufio.NewReader(s.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes", nil
}
