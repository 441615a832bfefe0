package main

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"crossover/workload"
)

// importKey is the price of loading by Import from S3.
const importKey = "import_s3"

// usdText is an amount with the cents, or below a dollar with their hundredths.
func usdText(usd float64) string {
	if usd < 1 {
		return fmt.Sprintf("$%.4f", usd)
	}
	return fmt.Sprintf("$%.2f", usd)
}

// billed reports whether a target is AWS by what its settings say. What only its answers say is
// found when it is admitted.
func billed(t workload.Target) bool {
	if t.Driver != "dynamodb" {
		return false
	}
	value := func(key string) string {
		if n := field(t.Node, key); n != nil {
			return n.Value
		}
		return ""
	}
	if value("at") == "aws" || value("kind") == "real" {
		return true
	}
	u, err := url.Parse(value("endpoint"))
	return err == nil && u.Scheme == "https" && (strings.Contains(u.Hostname(), ".amazonaws.com") || strings.HasSuffix(u.Hostname(), ".api.aws"))
}

// confirmCosts shows what the billed targets are estimated to cost and has it confirmed, before
// anything is connected. A budget that is missing, or too small, is refused when a target is
// admitted.
func (s *session) confirmCosts() error {
	var list []string
	var each estimate
	for _, t := range s.sc.Targets {
		if !billed(t) {
			continue
		}
		if list == nil {
			each = s.estimate()
		}
		list = append(list, t.Name)
		fmt.Fprint(s.err, s.costText(t, each))
	}
	all := each.usd() * float64(len(list)*max(s.options.repeat, 1))
	if len(list) == 0 || s.budget == 0 || all > s.budget {
		return nil
	}
	s.admitted = s.options.yes
	if s.admitted {
		return nil
	}
	var err error
	s.admitted, err = confirmed(s.streams, fmt.Sprintf("Run against %s, for about %s and at most %s?", strings.Join(list, ", "), usdText(all), usdText(s.budget)))
	if err == nil && !s.admitted {
		return badInput(errors.New("not confirmed: nothing was begun"))
	}
	return err
}

// costText is the estimate in words, with the cheaper way to load.
func (s *session) costText(t workload.Target, e estimate) string {
	region := regionOf(t)
	text := fmt.Sprintf("crossover: %s is billed: about %s on demand", t.Name, usdText(e.usd()))
	if _, ok := s.book.Find(region, writeUnitKey); !ok {
		text += fmt.Sprintf(" (at %s's prices: the book has none of %s)", budgetRegion, region)
	}
	if e.items == 0 {
		return text + fmt.Sprintf(", for about %d operations; nothing is loaded\n", e.operations)
	}
	text += fmt.Sprintf(": %s to load %d items (%.0f write units), %s for about %d operations\n",
		usdText(e.loadUSD), e.items, e.loadUnits, usdText(e.runUSD), e.operations)
	p, ok := s.book.Find(region, importKey)
	if !ok {
		return text + fmt.Sprintf("crossover: loading by an import from S3 is not priced: the book has no %s of %s\n", importKey, region)
	}
	gb := e.importBytes / (1 << 30)
	usd := gb * p.Value.InexactFloat64()
	cheaper := "writing them is cheaper"
	if usd < e.loadUSD {
		cheaper = "the import is cheaper, into a table that it creates: use it by table and expendable, with --no-load"
	}
	return text + fmt.Sprintf("crossover: loading by an import from S3 instead: about %s for %.3g GB of DynamoDB JSON at $%s a GB, S3's own charges apart (price book: %s, %s, confidence %s): %s\n",
		usdText(usd), gb, p.Value, p.Source, p.Date, p.Confidence, cheaper)
}
