package main

import (
	"encoding/json"
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"crossover/costmodel/price"
)

// loadBook returns the embedded price book, with a user's own laid over it when path is given.
func loadBook(path string) (*price.Book, error) {
	if path == "" {
		return price.Default(), nil
	}
	b, err := price.Load(path)
	if err != nil {
		return nil, badInput(err)
	}
	return b, nil
}

func newPrices(s streams) *cobra.Command {
	var region, book string
	var asJSON bool
	c := &cobra.Command{
		Use:   "prices [KEY-PREFIX]",
		Short: "List the price book: value, unit, source, date and confidence of every price",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			b, err := loadBook(book)
			if err != nil {
				return err
			}
			prefix := ""
			if len(args) == 1 {
				prefix = args[0]
			}
			rows, err := b.List(region, prefix)
			if err != nil {
				return badInput(err)
			}
			if len(rows) == 0 {
				return badInput(fmt.Errorf("no price begins with %q in %s", prefix, region))
			}
			if asJSON {
				return json.NewEncoder(s.out).Encode(rows)
			}
			t := table.NewWriter()
			t.SetOutputMirror(s.out)
			t.SetStyle(table.StyleLight)
			t.AppendHeader(table.Row{"key", "USD", "per", "confidence", "date", "source"})
			for _, p := range rows {
				t.AppendRow(table.Row{p.Key, p.Value.String(), p.Unit, p.Confidence, p.Date, p.Source})
			}
			t.SetColumnConfigs([]table.ColumnConfig{{Name: "source", WidthMax: 60}, {Name: "date", WidthMax: 20}})
			t.Render()
			fmt.Fprintf(s.out, "%d prices, region %s, book %s of %s\n", len(rows), region, b.Digest(), b.Date())
			return nil
		},
	}
	c.Flags().StringVar(&region, "region", "us-east-1", "AWS region")
	c.Flags().StringVar(&book, "book", "", "YAML file whose prices replace the embedded ones key by key")
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}
