package workload

import (
	"strconv"
	"strings"
)

// ItemOfKeys returns the item whose keys' texts these are: Place, AppendPartitionKey and
// AppendSortKey undone. It refuses any other spelling; sort is not looked at where there is no
// sort key.
func (sc *Scenario) ItemOfKeys(partition, sort string) (item uint64, ok bool) {
	before, after, _ := strings.Cut(sc.Dataset.Key.Partition, "{id}")
	digits, okBefore := strings.CutPrefix(partition, before)
	digits, okAfter := strings.CutSuffix(digits, after)
	p, ok := parseDigits(digits)
	if !okBefore || !okAfter || !ok || len(digits) > 1 && digits[0] == '0' {
		return 0, false
	}
	if !sc.HasSort() {
		return p, true
	}
	place, okPrefix := strings.CutPrefix(sort, sc.Dataset.Key.Sort.Prefix)
	s, ok := parseDigits(place)
	if !okPrefix || !ok || len(place) != sortDigits {
		return 0, false
	}
	if layout := sc.Dataset.Key.Sort.layout; layout != nil {
		return layout.Item(p, s), s < layout.Size(p)
	}
	n := sc.Dataset.Key.Sort.PerPartition
	return p*n + s, s < n
}

// parseDigits reads a number that is nothing but digits.
func parseDigits(text string) (uint64, bool) {
	if text == "" || text[0] == '+' {
		return 0, false
	}
	n, err := strconv.ParseUint(text, 10, 64)
	return n, err == nil
}
