package dynamodb

import (
	"fmt"
	"slices"
	"time"

	"crossover/driver/embedded/dynamodb/attribute"
	"crossover/driver/embedded/dynamodb/disk"
	"crossover/driver/embedded/dynamodb/store"
	"crossover/driver/embedded/dynamodb/wire"
)

// lasting are the operations whose requests make a table what it is: with a data directory
// they are kept, and done again when a server begins with it. The member names the table, by
// name or ARN. DeleteTable ends a table; all other operations of tables change nothing that
// outlives the server.
var lasting = map[string]string{
	"CreateTable":               "TableName",
	"UpdateTable":               "TableName",
	"UpdateTimeToLive":          "TableName",
	"UpdateContinuousBackups":   "TableName",
	"UpdateContributorInsights": "TableName",
	"TagResource":               "ResourceArn",
	"UntagResource":             "ResourceArn",
}

// writing are the operations whose answer says that items are safe.
var writing = map[string]bool{
	"BatchExecuteStatement": true, "BatchWriteItem": true, "DeleteItem": true, "ExecuteStatement": true, "ExecuteTransaction": true,
	"PutItem": true, "TransactWriteItems": true, "UpdateItem": true,
}

// A diary keeps what a server is told in a data directory.
type diary struct {
	disk *disk.Disk
}

// Changed takes items over, as store.Journal.
func (d *diary) Changed(changes []store.Change) {
	writes := make([]disk.Write, len(changes))
	for i, c := range changes {
		writes[i] = disk.Write{Table: c.Tag, Hash: c.Key.Hash, Text: c.Key.Text, Item: c.Item}
	}
	d.disk.Append(writes...)
}

// adopt has a new table's items kept.
func (s *Server) adopt(t *table) {
	if s.diary != nil {
		t.kept = &disk.Table{Number: s.diary.disk.NewTable(), Name: t.name, ID: t.id, Created: t.created}
		t.store.Keep(s.diary, t.kept.Number)
	}
}

// do does an operation and, with a data directory, returns when what it changed is safe.
func (s *Server) do(c *call, op operation, body []byte) error {
	if s.diary == nil {
		return c.attempt(op)
	}
	member, lasts := lasting[op.name]
	switch {
	case lasts || op.name == "DeleteTable":
		s.control.Lock() // requests are kept in the order in which they were done
		defer s.control.Unlock()
		return s.keep(c, op, member, body)
	case writing[op.name]:
		if err := c.attempt(op); err != nil {
			return err
		}
		return s.diary.disk.Sync()
	}
	return c.attempt(op)
}

// keep does a request about a table, and adds it to those that are kept of it.
func (s *Server) keep(c *call, op operation, member string, body []byte) error {
	if op.name == "DeleteTable" {
		t := s.lookup(c.req.text("TableName"), c.now)
		if err := c.attempt(op); err != nil {
			return err
		}
		return s.diary.disk.DropTable(t.kept.Number)
	}
	if err := c.attempt(op); err != nil {
		return err
	}
	t := s.lookup(c.req.text(member), c.now)
	if t == nil {
		return nil
	}
	t.kept.Changes = append(t.kept.Changes, disk.Change{Operation: op.name, Body: slices.Clone(body)})
	return s.diary.disk.PutTable(t.kept)
}

// open begins with what a data directory holds.
func (s *Server) open(dir string) error {
	d, err := disk.Open(dir)
	if err != nil {
		return err
	}
	s.diary = &diary{d}
	if err = s.restore(d); err != nil {
		_ = d.Close() // what is wrong has been said
		return fmt.Errorf("%s: %w", dir, err)
	}
	return nil
}

// Close gives the data directory back, if there is one.
func (s *Server) Close() error {
	if s.diary == nil {
		return nil
	}
	return s.diary.disk.Close()
}

func (s *Server) restore(d *disk.Disk) error {
	tables, err := d.Tables()
	if err != nil {
		return err
	}
	latency := s.options.Latency
	s.options.Latency = false // what was done once is done again at once
	defer func() { s.options.Latency = latency }()
	for _, kept := range tables {
		if err := s.restoreTable(d, kept); err != nil {
			return fmt.Errorf("table %s: %w", kept.Name, err)
		}
	}
	return nil
}

// restoreTable does the requests that made a table again, and puts its items back.
func (s *Server) restoreTable(d *disk.Disk, kept *disk.Table) error {
	for _, change := range kept.Changes {
		if err := s.again(change); err != nil {
			return fmt.Errorf("%s: %w", change.Operation, err)
		}
	}
	now := s.options.Clock.Now()
	t := s.lookup(kept.Name, now)
	if t == nil {
		return fmt.Errorf("the requests that are kept do not make it")
	}
	err := d.Items(kept.Number, func(hash uint64, text, item []byte) error {
		t.restore(s, store.Key{Hash: hash, Text: string(text)}, attribute.Stored(slices.Clone(item)))
		return nil
	})
	if err != nil {
		return err
	}
	t.id, t.created, t.kept = kept.ID, kept.Created, kept
	t.store.Keep(s.diary, kept.Number)
	s.event(t.name, "table restored", fmt.Sprintf("table %s: %d items of %d bytes, created %s", t.name, t.store.Items(),
		t.store.Bytes(), kept.Created.UTC().Format(time.RFC3339)))
	return nil
}

// again does a request of an earlier server.
func (s *Server) again(change disk.Change) error {
	x := s.begin()
	defer s.end(x)
	c := &x.call
	var err error
	if c.req.fields, err = wire.Request(change.Body); err != nil {
		return err
	}
	op, known := operations[change.Operation]
	if !known {
		return unknownOperation()
	}
	c.operation = op.name
	return c.attempt(op)
}

// restore puts an item back, and what follows from it: entries of indexes, the size of its
// collection, its time to live. Streams do not hear of it.
func (t *table) restore(s *Server, at store.Key, item attribute.Stored) {
	t.store.Restore(at, item)
	a := t.aside.Load()
	if a == nil {
		return
	}
	then := a.follow(at, nil, item)
	for i := range then.changes {
		if x := &then.changes[i]; x.put != nil {
			x.index.put(x.come, x.put)
		}
	}
	if a.collections != nil {
		a.collections.add(at.Hash, then.bytes)
	}
	if a.ttl != nil {
		a.ttl.change(s, at, nil, item)
	}
}
