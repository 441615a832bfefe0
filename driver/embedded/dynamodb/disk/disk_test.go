package disk

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func mustOpen(t *testing.T, dir string, fs vfs.FS) *Disk {
	t.Helper()
	d, err := open(dir, fs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func (d *Disk) all(t *testing.T, table uint64) map[string]string {
	t.Helper()
	out := map[string]string{}
	if err := d.Items(table, func(hash uint64, text, item []byte) error {
		out[fmt.Sprintf("%d %s", hash, text)] = string(item)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestTables: what was put is there after a restart, by number and name, without what was
// dropped.
func TestTables(t *testing.T) {
	dir := t.TempDir()
	d := mustOpen(t, dir, vfs.Default)
	var want []*Table
	for _, name := range []string{"b", "a", "c"} {
		x := &Table{Number: d.NewTable(), Name: name, ID: "id-" + name, Created: time.Unix(5, 6).UTC(), Changes: []Change{{"CreateTable", json.RawMessage(`{"a":1}`)}}}
		if err := d.PutTable(x); err != nil {
			t.Fatal(err)
		}
		d.Append(Write{x.Number, 1 << 63, "k\x00", []byte(name)}, Write{x.Number, 0, "", []byte{}})
		want = append(want, x)
	}
	want[1].Changes = append(want[1].Changes, Change{"UpdateTable", json.RawMessage(`{}`)})
	if err := errors.Join(d.PutTable(want[1]), d.DropTable(want[0].Number), d.Sync(), d.Close()); err != nil {
		t.Fatal(err)
	}
	d = mustOpen(t, dir, vfs.Default)
	got, err := d.Tables()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want[1:], got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"9223372036854775808 k\x00": "a", "0 ": ""}, d.all(t, want[1].Number)); diff != "" {
		t.Error(diff)
	}
	if n := len(d.all(t, want[0].Number)); n != 0 {
		t.Errorf("%d items of a table that was dropped", n)
	}
	if n := d.NewTable(); n <= want[2].Number {
		t.Errorf("the next table is number %d, and there is a number %d", n, want[2].Number)
	}
}

// TestRefused: a directory in use, and one of another format.
func TestRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	d := mustOpen(t, dir, vfs.Default)
	if other, err := Open(dir); err == nil {
		t.Error("a directory in use was opened")
		_ = other.Close()
	}
	if err := errors.Join(d.db.Set([]byte{formatKey}, []byte("0"), pebble.Sync), d.Close()); err != nil {
		t.Fatal(err)
	}
	if other, err := Open(dir); err == nil || !strings.Contains(err.Error(), "format 0") {
		t.Errorf("a directory of another format: %v", err)
		if err == nil {
			_ = other.Close()
		}
	}
}

// TestCrash ends the machine at a random moment of concurrent writes, keeping a random part of
// what was not safe yet. What Sync had returned for is there, groups are there whole or not at
// all, and nothing is older than what was acknowledged.
func TestCrash(t *testing.T) {
	for seed := range uint64(8) {
		crash(t, rand.New(rand.NewPCG(seed, 1)), int(seed)*14)
	}
}

func crash(t *testing.T, rng *rand.Rand, survives int) {
	const writers, each = 4, 60
	fs := vfs.NewCrashableMem()
	d := mustOpen(t, "data", fs)
	var mu sync.Mutex
	acknowledged := make([]uint64, writers) // the last round of each writer
	var after *vfs.MemFS
	var atCrash []uint64
	moment := rng.IntN(writers * each)
	var wg sync.WaitGroup
	done := 0
	for w := range writers {
		wg.Go(func() {
			for round := uint64(1); round <= each; round++ {
				value := binary.BigEndian.AppendUint64(bytes.Repeat([]byte{byte(w)}, 100), round)
				d.Append(Write{1, uint64(w), "a", value}, Write{2, uint64(w), "b", value})
				if err := d.Sync(); err != nil {
					t.Error(err)
				}
				mu.Lock()
				acknowledged[w] = round
				if done++; done == moment+1 {
					// What is acknowledged is noted first: what comes between may be there as well.
					atCrash = append(atCrash, acknowledged...)
					after = fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: survives, RNG: rng})
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	x := mustOpen(t, "data", after)
	a, b := x.all(t, 1), x.all(t, 2)
	for w, round := range atCrash {
		va, vb := a[fmt.Sprintf("%d a", w)], b[fmt.Sprintf("%d b", w)]
		if va != vb {
			t.Errorf("writer %d: half of a group survived: %x, %x", w, va, vb)
		}
		if round == 0 {
			continue
		}
		if len(va) != 108 || binary.BigEndian.Uint64([]byte(va[100:])) < round {
			t.Errorf("writer %d: %d rounds were acknowledged, %x survived", w, round, va)
		}
	}
}

// TestFailure: once a write has failed, nothing is called safe any more.
func TestFailure(t *testing.T) {
	broken := errors.New("broken")
	d, err := open("data", vfs.NewMem())
	if err != nil {
		t.Fatal(err)
	}
	d.Append(Write{1, 1, "a", []byte("x")})
	if err := d.Sync(); err != nil {
		t.Fatal(err)
	}
	_ = d.note(broken)
	d.Append(Write{1, 1, "a", []byte("y")})
	if err := d.Sync(); !errors.Is(err, broken) {
		t.Errorf("after a failure Sync returned %v", err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}
