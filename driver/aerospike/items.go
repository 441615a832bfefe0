package aerospike

import (
	"context"
	"fmt"
	"strconv"
)

// Items returns how many records the set has, without crossover's marker. The nodes count
// copies; the number is exact unless some are missing or on their way, when the copies do not
// divide evenly.
func (c *cluster) Items(ctx context.Context) (n uint64, exact bool, err error) {
	records, truncating, err := c.counted(ctx)
	if err != nil {
		return 0, false, fmt.Errorf("counting the records of set %s.%s: %w", c.cfg.Namespace, c.set, err)
	}
	answer, err := c.askAny(ctx, "namespace/"+c.cfg.Namespace)
	if err != nil {
		return 0, false, fmt.Errorf("the copies of namespace %s: %w", c.cfg.Namespace, err)
	}
	copies, err := strconv.ParseUint(parsePairs(answer, ";")["effective_replication_factor"], 10, 64)
	if err != nil || copies == 0 {
		return 0, false, fmt.Errorf("namespace %s does not say how many copies it keeps", c.cfg.Namespace)
	}
	n, exact = records/copies, records%copies == 0 && !truncating
	marked, err := c.owned(ctx)
	if err != nil {
		return 0, false, err
	}
	if marked && n > 0 {
		n--
	}
	return n, exact, nil
}
