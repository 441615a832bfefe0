package runner

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"crossover/driver"
)

// LedgerFile is the name under which the command keeps a load's ledger, in a target's directory.
const LedgerFile = "load.jsonl"

// A span is the loaded items [From, To).
type span struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
}

// A ledgerHead is a ledger's first line: which data set, and where.
type ledgerHead struct {
	Format   int    `json:"format"`
	Scenario string `json:"scenario"`
	Data     string `json:"data"` // digest of what the items are made of
	Items    uint64 `json:"items"`
	Target   string `json:"target"`
	Identity string `json:"identity"`
	Place    string `json:"place"` // table, or namespace and set
}

// ledgerFormat is what this package writes and reads.
const ledgerFormat = 1

// A ledger is the durable progress of a load: its head, then a line for each range of items that
// the driver has acknowledged, each synced to the disk before the next range is begun. A line
// that a dying writer left torn is no line. nil keeps none.
type ledger struct {
	mu    sync.Mutex
	file  *os.File
	spans []span
}

// openLedger opens Config.Ledger, new or, with Config.ResumeLoad, the one that is there.
func (r *run) openLedger() (*ledger, error) {
	if r.cfg.Ledger == "" {
		return nil, nil
	}
	head := r.ledgerHead()
	l := &ledger{}
	if r.cfg.ResumeLoad {
		kept, err := readLedger(r.cfg.Ledger)
		if err != nil {
			return nil, err
		}
		if kept.head != head {
			return nil, fmt.Errorf("%w: %s is of another load: found %+v, expected %+v", driver.ErrDataset, r.cfg.Ledger, kept.head, head)
		}
		l.spans = kept.spans
	}
	if err := os.MkdirAll(filepath.Dir(r.cfg.Ledger), 0o755); err != nil {
		return nil, fmt.Errorf("keeping the load's progress: %w", err)
	}
	flags := os.O_CREATE | os.O_WRONLY | os.O_APPEND
	if !r.cfg.ResumeLoad {
		flags |= os.O_EXCL
	}
	var err error
	if l.file, err = os.OpenFile(r.cfg.Ledger, flags, 0o644); err != nil {
		return nil, fmt.Errorf("keeping the load's progress: %w", err)
	}
	if r.cfg.ResumeLoad {
		// What follows a torn line must not become part of it.
		return l, l.write([]byte("\n"))
	}
	text, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	return l, l.write(append(text, '\n'))
}

func (r *run) ledgerHead() ledgerHead {
	sc, t := r.cfg.Scenario, r.manifest.Target
	place := t.Settings["table"]
	if place == "" {
		place = t.Settings["namespace"] + "." + t.Settings["set"]
	}
	return ledgerHead{
		Format: ledgerFormat, Scenario: sc.Name, Data: sc.DatasetDigest(), Items: sc.Dataset.Items,
		Target: t.Name, Identity: t.Identity, Place: place,
	}
}

func (l *ledger) write(line []byte) error {
	if _, err := l.file.Write(line); err != nil {
		return fmt.Errorf("keeping the load's progress: %w", err)
	}
	if err := l.file.Sync(); err != nil {
		return fmt.Errorf("keeping the load's progress: %w", err)
	}
	return nil
}

// done notes a range whose items the database has acknowledged.
func (l *ledger) done(s span) error {
	if l == nil {
		return nil
	}
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.write(append(text, '\n'))
}

func (l *ledger) close() {
	if l != nil {
		// Every line has been synced; nothing is lost with the handle.
		_ = l.file.Close()
	}
}

// missing returns the ranges of [0, items) that are not in the ledger, in order.
func (l *ledger) missing(items uint64) []span {
	var spans []span
	if l != nil {
		spans = slices.SortedFunc(slices.Values(l.spans), func(a, b span) int {
			switch {
			case a.From < b.From:
				return -1
			case a.From > b.From:
				return 1
			}
			return 0
		})
	}
	var out []span
	at := uint64(0)
	for _, s := range spans {
		if s.From > at {
			out = append(out, span{at, s.From})
		}
		at = max(at, s.To)
	}
	if at < items {
		out = append(out, span{at, items})
	}
	return out
}

func total(spans []span) uint64 {
	var n uint64
	for _, s := range spans {
		n += s.To - s.From
	}
	return n
}

// cut returns a function, safe for concurrent use, that gives out spans in pieces.
func cut(spans []span, piece uint64) func() (span, bool) {
	var mu sync.Mutex
	return func() (span, bool) {
		mu.Lock()
		defer mu.Unlock()
		for len(spans) > 0 && spans[0].From >= spans[0].To {
			spans = spans[1:]
		}
		if len(spans) == 0 {
			return span{}, false
		}
		first := &spans[0]
		out := span{first.From, min(first.From+piece, first.To)}
		first.From = out.To
		return out, true
	}
}

// A keptLedger is a ledger as read.
type keptLedger struct {
	head  ledgerHead
	spans []span
}

// readLedger reads a ledger as far as its last whole line.
func readLedger(path string) (*keptLedger, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: no load was begun there: %s does not exist", driver.ErrDataset, path)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the load's progress: %w", err)
	}
	k := new(keptLedger)
	for n, line := range bytes.Split(text, []byte("\n")) {
		line = bytes.TrimSpace(line)
		if n == 0 {
			if err := json.Unmarshal(line, &k.head); err != nil || k.head.Format != ledgerFormat {
				return nil, fmt.Errorf("%w: %s:1: found %.80q, expected the head of a load's ledger, format %d", driver.ErrDataset, path, line, ledgerFormat)
			}
			continue
		}
		var s span
		// A torn line is a range that is loaded again.
		if len(line) > 0 && json.Unmarshal(line, &s) == nil && s.From < s.To && s.To <= k.head.Items {
			k.spans = append(k.spans, s)
		}
	}
	return k, nil
}
