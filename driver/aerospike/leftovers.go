package aerospike

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	as "github.com/aerospike/aerospike-client-go/v7"

	"crossover/driver"
)

var _ driver.Cleaner = (*cluster)(nil)

// Leftovers lists the sets of the target's namespace that hold crossover's marker.
func (c *cluster) Leftovers(ctx context.Context) (list []driver.Leftover, err error) {
	sets := map[string]*driver.Leftover{}
	command := "sets/" + c.cfg.Namespace
	for _, node := range c.client.GetNodes() {
		answers, err := ask(ctx, node, command)
		if err != nil {
			return nil, fmt.Errorf("listing the sets of namespace %s: %w", c.cfg.Namespace, err)
		}
		for entry := range strings.SplitSeq(answers[command], ";") {
			stats := parsePairs(entry, ":")
			name := stats["set"]
			if name == "" {
				continue
			}
			if sets[name] == nil {
				sets[name] = &driver.Leftover{Name: name, ID: name}
			}
			sets[name].Items += counter(stats, "objects")
			// One of these, by release and storage (server source, as/src/base/set.c).
			sets[name].Bytes += max(counter(stats, "data_used_bytes"), counter(stats, "device_data_bytes"), counter(stats, "memory_data_bytes"))
		}
	}
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(sets)) {
		l := sets[name]
		if l.Items == 0 {
			continue
		}
		mine, err := c.readMark(ctx, l)
		switch {
		case err != nil:
			problems = append(problems, err)
		case mine:
			list = append(list, *l)
		}
	}
	return list, errors.Join(problems...)
}

func counter(stats map[string]string, key string) uint64 {
	n, err := strconv.ParseUint(stats[key], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// of is the cluster with another set in view.
func (c *cluster) of(set string) *cluster {
	return &cluster{cfg: c.cfg, sc: c.sc, set: set, clock: c.clock, run: c.run, client: c.client, strong: c.strong}
}

// readMark reports whether a set has crossover's marker, and takes from it who made the set.
func (c *cluster) readMark(ctx context.Context, l *driver.Leftover) (bool, error) {
	key, err := as.NewKey(c.cfg.Namespace, l.Name, MarkerKey)
	if err != nil {
		return false, fmt.Errorf("the marker's key: %w", err)
	}
	other := c.of(l.Name)
	mine, ownErr := other.owned(ctx)
	if ownErr != nil || !mine {
		return false, ownErr
	}
	policy := basePolicy(adminLimit)
	var record *as.Record
	failed := other.patiently(ctx, func() (err as.Error) {
		record, err = c.client.Get(&policy, key)
		return err
	})
	if failed != nil {
		return false, fmt.Errorf("reading the marker of set %s.%s: %w", c.cfg.Namespace, l.Name, failed)
	}
	l.Run, _ = record.Bins["run"].(string)
	if text, ok := record.Bins["created"].(string); ok {
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			l.Created = at
		}
	}
	l.State = "namespace " + c.cfg.Namespace
	return true, nil
}

// Remove empties a set that Leftovers listed, after it has looked again for the marker.
func (c *cluster) Remove(ctx context.Context, l driver.Leftover) error {
	other := c.of(l.Name)
	mine, err := other.owned(ctx)
	if err != nil {
		return err
	}
	if !mine {
		return fmt.Errorf("set %s.%s: %w, or is gone", c.cfg.Namespace, l.Name, driver.ErrNotOwned)
	}
	return other.truncate(ctx)
}
