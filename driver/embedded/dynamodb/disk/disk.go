// Package disk keeps tables and their items in a directory, so that a server can begin where
// another ended, however that one ended. It is written through: what Append was given and Sync
// has returned for survives the end of the process and of the machine. Reading is for the
// beginning only; a server serves from memory.
package disk

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// format is the version of what the directory holds. Another one is refused.
const format = "1"

// The first bytes of keys.
const (
	formatKey = 'f'
	tableKey  = 't' // and the table's number: its requests as JSON
	itemKey   = 'i' // and the table's number, the hash, the rest of the key
)

// A Table is what is kept of a table beside its items: the requests that made it what it is, in
// order.
type Table struct {
	Number  uint64 // of its items; no two tables that ever were have the same
	Name    string
	ID      string
	Created time.Time
	Changes []Change
}

// A Change is one request of the API about the table.
type Change struct {
	Operation string
	Body      json.RawMessage
}

// A Write is an item as it is from now on; nil is its removal.
type Write struct {
	Table uint64
	Hash  uint64
	Text  string
	Item  []byte
}

// A Disk is an open directory. It is safe for concurrent use.
type Disk struct {
	db       *pebble.DB
	appended atomic.Uint64 // writes so far
	closing  sync.Once

	mu     sync.Mutex // guards what follows
	synced uint64     // of the writes
	next   uint64     // number of the next table
	failed error      // the first error of a write: from then on nothing is certain
}

// Open opens a directory, which is made when it is not there. No two processes can have one
// open.
func Open(dir string) (*Disk, error) { return open(dir, vfs.Default) }

func open(dir string, fs vfs.FS) (*Disk, error) {
	db, err := pebble.Open(dir, &pebble.Options{FS: fs, Logger: quiet{}, MemTableSize: 32 << 20})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	d := &Disk{db: db, next: 1}
	if err := d.check(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", dir, err), db.Close())
	}
	return d, nil
}

// check refuses a directory of another format, and marks a new one.
func (d *Disk) check() error {
	value, closer, err := d.db.Get([]byte{formatKey})
	if errors.Is(err, pebble.ErrNotFound) {
		return d.db.Set([]byte{formatKey}, []byte(format), pebble.Sync)
	}
	if err != nil {
		return err
	}
	defer func() { _ = closer.Close() }()
	if string(value) != format {
		return fmt.Errorf("it holds data of format %s, and this version of crossover reads format %s", value, format)
	}
	return nil
}

// Close closes the directory; closing it again does nothing.
func (d *Disk) Close() (err error) {
	d.closing.Do(func() { err = d.db.Close() })
	return err
}

// Tables returns the tables, in the order in which they were made.
func (d *Disk) Tables() (out []*Table, err error) {
	it, err := d.db.NewIter(&pebble.IterOptions{LowerBound: []byte{tableKey}, UpperBound: []byte{tableKey + 1}})
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for it.First(); it.Valid(); it.Next() {
		t := &Table{}
		if err := json.Unmarshal(it.Value(), t); err != nil {
			return nil, errors.Join(fmt.Errorf("the table of key %x: %w", it.Key(), err), it.Close())
		}
		d.next = max(d.next, t.Number+1)
		out = append(out, t)
	}
	return out, errors.Join(it.Error(), it.Close())
}

// Items calls f with each item of a table, in the order of their keys. What f is given is valid
// until it returns.
func (d *Disk) Items(table uint64, f func(hash uint64, text, item []byte) error) error {
	low, high := ofTable(itemKey, table), ofTable(itemKey, table+1)
	it, err := d.db.NewIter(&pebble.IterOptions{LowerBound: low, UpperBound: high})
	if err != nil {
		return err
	}
	for it.First(); it.Valid(); it.Next() {
		rest := it.Key()[len(low):]
		if len(rest) < 8 {
			return errors.Join(fmt.Errorf("a damaged key %x", it.Key()), it.Close())
		}
		if err := f(binary.BigEndian.Uint64(rest), rest[8:], it.Value()); err != nil {
			return errors.Join(err, it.Close())
		}
	}
	return errors.Join(it.Error(), it.Close())
}

func ofTable(kind byte, number uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{kind}, number)
}

// NewTable returns the number of a table that is being made.
func (d *Disk) NewTable() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.next
	d.next++
	return n
}

// PutTable keeps a table's requests in the place of those before, and returns when they are
// safe.
func (d *Disk) PutTable(t *Table) error {
	value, err := json.Marshal(t)
	if err == nil {
		err = d.db.Set(ofTable(tableKey, t.Number), value, pebble.Sync)
	}
	return d.note(err)
}

// DropTable removes a table with its items, and returns when they are gone for good.
func (d *Disk) DropTable(number uint64) error {
	b := d.db.NewBatch()
	err := errors.Join(b.Delete(ofTable(tableKey, number), nil), b.DeleteRange(ofTable(itemKey, number), ofTable(itemKey, number+1), nil))
	if err == nil {
		err = b.Commit(pebble.Sync)
	}
	return d.note(errors.Join(err, b.Close()))
}

// Append takes writes over, all or, if the process ends now, none of them. They are safe when
// Sync has returned.
func (d *Disk) Append(writes ...Write) {
	b := d.db.NewBatch()
	var key []byte
	var err error
	for i := range writes {
		w := &writes[i]
		key = append(key[:0], itemKey)
		key = binary.BigEndian.AppendUint64(key, w.Table)
		key = append(binary.BigEndian.AppendUint64(key, w.Hash), w.Text...)
		if w.Item == nil {
			err = errors.Join(err, b.Delete(key, nil))
		} else {
			err = errors.Join(err, b.Set(key, w.Item, nil))
		}
	}
	if err == nil {
		err = b.Commit(pebble.NoSync)
	}
	_ = d.note(errors.Join(err, b.Close()))
	d.appended.Add(1)
}

// Sync returns when everything that was appended before is safe. Calls at the same time share
// the disk's work.
func (d *Disk) Sync() error {
	upTo := d.appended.Load()
	d.mu.Lock()
	done, err := d.synced >= upTo, d.failed
	d.mu.Unlock()
	if done || err != nil {
		return err
	}
	// A record of its own goes through the log's group commit, behind all that was appended.
	if err := d.note(d.db.LogData(nil, pebble.Sync)); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.synced = max(d.synced, upTo)
	return d.failed
}

// note remembers the first error.
func (d *Disk) note(err error) error {
	if err == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.failed == nil {
		d.failed = fmt.Errorf("the data directory: %w", err)
	}
	return d.failed
}

// quiet drops what pebble would log; its fatal errors end the process as they should.
type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf("the data directory: "+format, args...))
}
