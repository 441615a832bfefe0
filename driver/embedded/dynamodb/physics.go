package dynamodb

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"crossover/costmodel/partition"
	"crossover/driver/embedded/dynamodb/store"
)

// Quotas limit throughput in units/s; 0 limits nothing (Developer Guide, "Service, account, and
// table quotas").
type Quotas struct {
	TableRead, TableWrite     float64 // of a table with its global indexes, in either mode
	AccountRead, AccountWrite float64 // of all provisioned tables and indexes together
}

// DefaultQuotas are a new account's.
func DefaultQuotas() Quotas {
	return Quotas{partition.TableQuotaRead, partition.TableQuotaWrite, partition.AccountQuotaRead, partition.AccountQuotaWrite}
}

// ParseQuotas reads NAME=UNITS pairs, divided by commas: table_read, table_write, account_read,
// account_write. What is left out is a new account's.
func ParseQuotas(text string) (Quotas, error) {
	q := DefaultQuotas()
	to := map[string]*float64{"table_read": &q.TableRead, "table_write": &q.TableWrite, "account_read": &q.AccountRead, "account_write": &q.AccountWrite}
	for _, pair := range strings.Split(text, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		v, err := strconv.ParseFloat(value, 64)
		if to[name] == nil || err != nil || !(v >= 0) || math.IsInf(v, 0) {
			return q, fmt.Errorf("%q: expected table_read, table_write, account_read or account_write, and units/s of 0 or more", pair)
		}
		*to[name] = v
	}
	return q, nil
}

// partitioned returns the capacity of a table, or of one of its global indexes.
func (s *Server) partitioned(t *table, ix *index, through throughput, warm [2]float64, now time.Duration) *partition.Table {
	c := partition.Config{
		Provisioned: through.provisioned, Read: float64(through.read), Write: float64(through.write),
		MaxRead: float64(through.maxRead), MaxWrite: float64(through.maxWrite), WarmRead: warm[0], WarmWrite: warm[1],
		IsIndex: ix != nil, Assumptions: s.options.Assumptions,
	}
	if t.quota == nil && (s.options.Quotas.TableRead > 0 || s.options.Quotas.TableWrite > 0) {
		t.quota = partition.NewQuota(s.options.Quotas.TableRead, s.options.Quotas.TableWrite, now)
	}
	c.Quota = t.quota
	if beside := t.aside.Load(); ix == nil && beside != nil {
		c.LocalIndexes = beside.has(true)
	}
	c.OnSplit = func(x partition.Split) { s.split(t, ix, x) }
	return partition.New(c, now)
}

// split notes that a partition was split. It is called while the table's capacity is locked.
func (s *Server) split(t *table, ix *index, x partition.Split) {
	name := "table " + t.name
	if ix == nil {
		t.learn()
	} else {
		ix.learn()
		name += ", index " + ix.name
	}
	if x.Why == partition.ForHeat || x.Why == partition.ForSize || x.Why == partition.ForGrowth {
		s.event(t.name, "split", fmt.Sprintf("%s: partition %d, for %s; now %d partitions", name, x.Parent, x.Why, x.Partitions))
	}
}

// whereOf is a key as the physics know it.
func whereOf(k store.Key) partition.Key { return partition.Key{Hash: k.Hash, Sort: k.Text} }

// resize tells the table's partitions that an item takes so many bytes more, or less.
func (t *table) resize(now time.Duration, at store.Key, bytes int) {
	if bytes != 0 {
		t.capacity.Resize(now, whereOf(at), float64(bytes))
	}
}

// bounds are the partitions of a page's table or index.
func (p *pageRequest) bounds() *partition.Bounds {
	if p.index == nil || p.index.local {
		return p.table.capacity.Bounds()
	}
	return p.index.capacity.Bounds()
}

// withinQuotas returns why a provisioned throughput of a table, or of one of its indexes, is
// more than the quotas allow. was is what it had before; read and write are what all tables have
// together.
func (s *Server) withinQuotas(was, next throughput, read, write float64) error {
	q := s.options.Quotas
	over := func(asked, limit float64, side, of string) error {
		if limit > 0 && asked > limit {
			return failure("LimitExceededException", "Subscriber limit exceeded: Provisioned throughput decreases or increases "+
				"beyond %s are not allowed: %.0f %s capacity units asked for, %.0f allowed", of, asked, side, limit)
		}
		return nil
	}
	if !next.provisioned {
		return nil
	}
	for _, err := range []error{
		over(float64(next.read), q.TableRead, "read", "the table-level quota"),
		over(float64(next.write), q.TableWrite, "write", "the table-level quota"),
		over(read+float64(next.read-was.read), q.AccountRead, "read", "the account-level quota"),
		over(write+float64(next.write-was.write), q.AccountWrite, "write", "the account-level quota"),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// provisionedInAll sums the provisioned throughput of all tables and their global indexes. The
// caller holds no table's lock.
func (s *Server) provisionedInAll() (read, write float64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	add := func(c *partition.Table) {
		if provisioned, r, w := c.Mode(); provisioned {
			read, write = read+r, write+w
		}
	}
	for _, t := range s.tables {
		add(t.capacity)
		if beside := t.aside.Load(); beside != nil {
			for _, ix := range beside.indexes {
				if !ix.local {
					add(ix.capacity)
				}
			}
		}
	}
	return read, write
}
