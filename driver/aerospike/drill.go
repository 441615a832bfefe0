package aerospike

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"crossover/driver"
	"crossover/workload"
)

var _ driver.Eventer = (*cluster)(nil)

// eventCommand is the info command by which crossover's own cluster takes events.
const eventCommand = "crossover-event"

// events are what crossover's own cluster does.
var events = []string{
	workload.KillNode, workload.AddNode, workload.SlowDevice, workload.Overload, workload.Delay, workload.Slow,
	workload.ResetConnections,
}

// Do does one of a scenario's events by the embedded cluster's own means.
func (c *cluster) Do(ctx context.Context, e *workload.Event) (undo func(context.Context) error, err error) {
	order := func(format string, args ...any) func(context.Context) error {
		text := fmt.Sprintf(format, args...)
		return func(ctx context.Context) error { return c.order(ctx, e, text) }
	}
	node := ""
	if e.Node > 0 {
		node = ";node=" + strconv.Itoa(e.Node)
	}
	switch e.Do {
	case workload.KillNode:
		return order("do=add_node%s", node), order("do=kill_node%s", node)(ctx)
	case workload.AddNode:
		return nil, order("do=add_node%s", node)(ctx)
	case workload.SlowDevice:
		return order("do=slow_device;factor=1%s", node), order("do=slow_device;factor=%g%s", e.Factor, node)(ctx)
	case workload.Overload:
		return order("do=overload;share=0"), order("do=overload;share=%g", e.Share)(ctx)
	case workload.Delay:
		return order("do=delay;share=0"), order("do=delay;share=%g;by=%s", e.Share, e.Delay)(ctx)
	case workload.Slow:
		return order("do=slow;by=0s%s", node), order("do=slow;by=%s%s", e.Delay, node)(ctx)
	case workload.ResetConnections:
		return nil, order("do=reset_connections")(ctx)
	}
	return nil, fmt.Errorf("the driver does no %s", e.Do)
}

// order sends an event to some node that answers. A node that is to die can't be asked for its
// own end; which of the names is its number only the cluster knows.
func (c *cluster) order(ctx context.Context, e *workload.Event, text string) error {
	if c.cfg.At != "embedded" {
		return errors.New("only crossover's embedded cluster does that")
	}
	err := errors.New("no node is known")
	nodes := slices.Clone(c.client.GetNodes())
	slices.SortFunc(nodes, byName)
	for _, node := range nodes {
		var answers map[string]string
		if answers, err = ask(ctx, node, eventCommand+":"+text); err != nil {
			continue
		}
		answer := answers[eventCommand+":"+text]
		if answer == "ok" || strings.HasPrefix(answer, "ok ") {
			return nil
		}
		err = fmt.Errorf("%s: %s", e.Do, strings.TrimPrefix(answer, "ERROR:4:"))
		if !strings.Contains(answer, "ask another") {
			return err
		}
	}
	return err
}

// events checks the scenario's events for this target.
func (c *checker) events(cfg *Config) {
	for _, e := range c.sc.EventsOf(c.target.Name) {
		embedded := cfg.At == "embedded"
		wrong := func(key, found, expected string) {
			c.problems = append(c.problems, e.Wrong(c.sc, key, found, expected))
		}
		switch {
		case e.Command != "" && embedded:
			wrong("command", "a command for an embedded target", "do: what the embedded cluster does itself")
		case e.Command != "" || e.Do == "":
		case !slices.Contains(events, e.Do):
			wrong("do", e.Do, "an event that an aerospike target does: "+strings.Join(events, ", "))
		case e.Do == workload.Slow && (e.Node == 0 || e.Partition > 0):
			wrong("partition", "slow without a node, or with a partition", "node: which of the cluster's")
		case !embedded:
			wrong("do", e.Do+" for a target that is not embedded", "command")
		case e.Do == workload.KillNode && cfg.Nodes == 1:
			wrong("do", "kill_node with one node", "two nodes at least")
		case e.Node > cfg.Nodes && e.Do != workload.AddNode:
			wrong("node", strconv.Itoa(e.Node), "at most nodes, "+strconv.Itoa(cfg.Nodes))
		}
	}
}
