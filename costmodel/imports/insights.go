package imports

import (
	"errors"
	"fmt"
	"io"
	"math"
	"sort"
	"time"
)

// A Report is what `aws cloudwatch get-insight-rule-report` prints of one of the rules that
// DynamoDB makes for the most accessed keys (DynamoDB Developer Guide, "CloudWatch Contributor
// Insights for DynamoDB: how it works").
type Report struct {
	File         string
	KeyLabels    []string
	Statistic    string  // Sum or Maximum
	Total        float64 // of all contributors, in the rule's unit: consumed units
	Contributors []Contributor
	From, To     time.Time // first and last datapoint; zero without any
}

// A Contributor is a key with what it consumed.
type Contributor struct {
	Key   []string // in plain text: partition key, and sort key where the rule has it
	Value float64
}

// ReadReport reads a report. A contributor's value is the sum of its datapoints where it has
// any: an aggregate by Maximum would be that of one minute.
func ReadReport(file string, r io.Reader) (*Report, error) {
	s := stream(file, r)
	out := &Report{File: file}
	found := false
	err := s.members(func(name string) error {
		switch name {
		case "KeyLabels":
			return s.d.Decode(&out.KeyLabels)
		case "AggregationStatistic":
			return s.d.Decode(&out.Statistic)
		case "AggregateValue":
			return s.d.Decode(&out.Total)
		case "Contributors":
			found = true
			return s.elements(func() error { return out.contributor(s) })
		}
		return s.skip()
	})
	if err == nil && !found {
		err = at(file, 1, 0, errors.New(`no "Contributors": expected the output of aws cloudwatch get-insight-rule-report`))
	}
	if err == nil && (out.Total < 0 || math.IsInf(out.Total, 0)) {
		err = at(file, 0, -1, fmt.Errorf("AggregateValue %v", out.Total))
	}
	if err != nil {
		return nil, err
	}
	sort.SliceStable(out.Contributors, func(i, j int) bool { return out.Contributors[i].Value > out.Contributors[j].Value })
	return out, nil
}

func (out *Report) contributor(s *streamed) error {
	var x struct {
		Keys                      []string
		ApproximateAggregateValue float64
		Datapoints                []struct {
			Timestamp        stamp
			ApproximateValue float64
		}
	}
	if err := s.d.Decode(&x); err != nil {
		return err
	}
	c := Contributor{Key: x.Keys, Value: x.ApproximateAggregateValue}
	if len(x.Datapoints) > 0 {
		c.Value = 0
	}
	for _, p := range x.Datapoints {
		c.Value += p.ApproximateValue
		if out.From.IsZero() || p.Timestamp.Before(out.From) {
			out.From = p.Timestamp.Time
		}
		if p.Timestamp.After(out.To) {
			out.To = p.Timestamp.Time
		}
	}
	if len(c.Key) == 0 || !(c.Value >= 0) || math.IsInf(c.Value, 0) {
		return fmt.Errorf("a contributor with the keys %q and the value %v", c.Key, c.Value)
	}
	out.Contributors = append(out.Contributors, c)
	return nil
}
