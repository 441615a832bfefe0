package dynamodb

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"crossover/driver"
	"crossover/workload"
)

var _ driver.Eventer = (*Driver)(nil)

// eventPath is where the embedded server takes events.
const eventPath = "/crossover/event"

// embeddedEvents are those that only the embedded server does; set_capacity is an UpdateTable,
// which any server does for a table that is crossover's own.
var embeddedEvents = []string{workload.Throttle, workload.Error500, workload.Delay, workload.Slow, workload.ResetConnections}

// Do does one of a scenario's events: a new capacity by UpdateTable, the rest by the embedded
// server's own means.
func (d *Driver) Do(ctx context.Context, e *workload.Event) (undo func(context.Context) error, err error) {
	switch e.Do {
	case workload.SetCapacity:
		return d.setCapacity(ctx, e.Capacity)
	case workload.ResetConnections:
		return nil, d.post(ctx, e, 0)
	case workload.Slow:
		return func(ctx context.Context) error { return d.slow(ctx, e, 0) }, d.slow(ctx, e, e.Delay)
	case workload.Throttle, workload.Error500, workload.Delay:
		return func(ctx context.Context) error { return d.post(ctx, e, 0) }, d.post(ctx, e, e.Share)
	}
	return nil, fmt.Errorf("the driver does no %s", e.Do)
}

// slow has what is asked of one of the table's partitions take longer; 0 ends it.
func (d *Driver) slow(ctx context.Context, e *workload.Event, by time.Duration) error {
	return d.postOrder(ctx, map[string]any{"do": e.Do, "table": d.cfg.Table, "partition": e.Partition, "by": by.String()})
}

// post asks the embedded server for an event; a share of 0 ends it.
func (d *Driver) post(ctx context.Context, e *workload.Event, share float64) error {
	return d.postOrder(ctx, map[string]any{"do": e.Do, "share": share, "by": e.Delay.String()})
}

func (d *Driver) postOrder(ctx context.Context, order map[string]any) error {
	base := d.seen.base.Load()
	if d.cfg.At != atEmbedded || base == nil {
		return errors.New("only crossover's embedded server does that")
	}
	body, err := json.Marshal(order)
	if err != nil {
		return err
	}
	u := *base
	u.Path, u.RawQuery = eventPath, ""
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return d.safe(err)
	}
	answer, err := d.http.Do(req)
	if err != nil {
		return d.safe(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 4096))
	if err != nil {
		return d.safe(err)
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the embedded server: HTTP %d: %s", answer.StatusCode, strings.TrimSpace(string(text)))
	}
	return nil
}

// errForeign: a table that crossover did not create keeps its capacity.
var errForeign = errors.New("the table is not crossover's own: its capacity is not changed")

// setCapacity changes the table's capacity and waits until that is in force. The service
// refuses some changes, such as a second one to on demand within a day (AWS DynamoDB Developer
// Guide, "Considerations when switching capacity modes").
func (d *Driver) setCapacity(ctx context.Context, c *workload.EventCapacity) (func(context.Context) error, error) {
	d.table.mu.Lock()
	mine := d.table.ready && !d.table.foreign
	d.table.mu.Unlock()
	if !mine {
		return nil, errForeign
	}
	table, err := d.describeTable(ctx)
	if err != nil {
		return nil, err
	}
	if table == nil {
		return nil, fmt.Errorf("table %s is gone", d.cfg.Table)
	}
	before := capacityOf(table)
	if err := d.update(ctx, capacityFrom(c)); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error { return d.update(ctx, before) }, nil
}

func capacityFrom(c *workload.EventCapacity) Capacity {
	if p := c.Provisioned; p != nil {
		return Capacity{Provisioned: &Provisioned{Read: p.Read, Write: p.Write}}
	}
	return Capacity{OnDemand: &OnDemand{MaxRead: c.OnDemand.MaxRead, MaxWrite: c.OnDemand.MaxWrite}}
}

// update asks for a capacity and waits until the table has it.
func (d *Driver) update(ctx context.Context, c Capacity) error {
	var create dynamodb.CreateTableInput
	c.apply(&create)
	in := &dynamodb.UpdateTableInput{
		TableName: aws.String(d.cfg.Table), BillingMode: create.BillingMode,
		ProvisionedThroughput: create.ProvisionedThroughput, OnDemandThroughput: create.OnDemandThroughput,
	}
	if c.Provisioned == nil && in.OnDemandThroughput == nil {
		// -1 takes a ceiling away (AWS DynamoDB API Reference, "OnDemandThroughput").
		in.OnDemandThroughput = &types.OnDemandThroughput{MaxReadRequestUnits: aws.Int64(-1), MaxWriteRequestUnits: aws.Int64(-1)}
	}
	if _, err := d.control.UpdateTable(ctx, in); err != nil {
		return fmt.Errorf("changing table %s to %s: %w", d.cfg.Table, c, d.safe(err))
	}
	return d.waitActive(ctx)
}

// events checks the scenario's events for this target.
func (c *checker) events(sc *workload.Scenario, cfg *Config) {
	for _, e := range sc.EventsOf(c.target.Name) {
		embedded := cfg.At == atEmbedded
		wrong := func(key, found, expected string) { c.errs = append(c.errs, e.Wrong(sc, key, found, expected)) }
		switch {
		case e.Command != "" && embedded:
			wrong("command", "a command for an embedded target", "do: what the embedded server does itself")
		case e.Command != "" || e.Do == "":
		case e.Do == workload.SetCapacity:
			if cfg.Expendable {
				wrong("do", "a change of capacity of a table named as expendable", "a table that crossover creates")
			}
		case !slices.Contains(embeddedEvents, e.Do):
			wrong("do", e.Do, "an event that a dynamodb target does: set_capacity, "+strings.Join(embeddedEvents, ", "))
		case e.Do == workload.Slow && (e.Partition == 0 || e.Node > 0):
			wrong("node", "slow without a partition, or with a node", "partition: which of the table's")
		case !embedded:
			wrong("do", e.Do+" for a target that is not embedded", "set_capacity, or command")
		}
	}
}
