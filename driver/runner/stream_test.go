package runner

import (
	"context"
	"fmt"
	"hash/fnv"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"

	"crossover/driver"
	"crossover/driver/clock"
	"crossover/workload"
	"crossover/workload/op"
)

// A listener notes a digest of every operation that it is sent, by index.
type listener struct {
	mu   sync.Mutex
	seen map[uint64]uint64
}

func (l *listener) Session(context.Context) (driver.Session, error) { return l, nil }
func (l *listener) Close() error                                    { return nil }

func (l *listener) Do(_ context.Context, o *op.Op, out *op.Outcome) {
	out.Reset()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen[o.Index] = fingerprint(o)
}

// fingerprint digests everything that a driver is asked to do.
func fingerprint(o *op.Op) uint64 {
	h := fnv.New64a()
	// A hash's Write never fails.
	fmt.Fprint(h, o.Index, o.Item, o.Partition, o.Sort, o.Limit, o.Kind, o.Condition, o.Consistent, o.Version, o.Phase)
	_, _ = h.Write(o.Body)
	return h.Sum64()
}

const manyKinds = `
version: 1
name: many-kinds
seed: 99
dataset: {items: 5000, key: {sort: {per_partition: 10}}, size: {uniform: {min: 200B, max: 2KiB}}, attributes: 3}
workload:
  keys: {zipfian: {theta: 0.99}}
  hot: [{key: 7, share: 10%%, from: 1s, to: 2s}]
  operations: {read: 40%%, update: 20%%, insert: 10%%, delete: 5%%, read_modify_write: 10%%, query: 10%%, scan_page: 5%%}
  write: {condition: existence}
  arrival: %s
  phases: [{name: warm-up, for: 1s%s, record: false}, {name: steady, for: 2s%s}]
`

// The operations are the stream's, each exactly once, however many workers send them.
func TestWorkersDoNotChangeTheStream(t *testing.T) {
	for _, sessions := range []int{1, 4, 16} {
		t.Run(fmt.Sprintf("sessions=%d", sessions), func(t *testing.T) {
			text := fmt.Sprintf(manyKinds, fmt.Sprintf("{open: {sessions: %d}}", sessions), ", rate: 300/s", ", rate: 700/s")
			sc, err := workload.Parse("many.yaml", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				l := &listener{seen: map[uint64]uint64{}}
				m, err := Run(t.Context(), Config{Scenario: sc, Driver: l, Dir: filepath.Join(t.TempDir(), "run"), Clock: plainClock{clock.Real()}})
				if err != nil {
					t.Fatal(err)
				}
				if want := workload.StreamDigest(sc); m.StreamDigest != want {
					t.Errorf("digest %s, want %s", m.StreamDigest, want)
				}
				stream := workload.NewStream(sc)
				if uint64(len(l.seen)) != stream.Len() {
					t.Fatalf("%d operations were sent, the stream has %d", len(l.seen), stream.Len())
				}
				var o op.Op
				for i := range stream.Len() {
					stream.At(i, &o)
					if l.seen[i] != fingerprint(&o) {
						t.Fatalf("operation %d is not the stream's", i)
					}
				}
			})
		})
	}
}

// What a stream is does not depend on how many sessions a scenario gives it.
func TestSessionsDoNotChangeTheDigest(t *testing.T) {
	digests := map[string]bool{}
	for _, sessions := range []int{1, 4, 16} {
		text := fmt.Sprintf(manyKinds, fmt.Sprintf("{open: {sessions: %d}}", sessions), ", rate: 300/s", ", rate: 700/s")
		sc, err := workload.Parse("many.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		digests[workload.StreamDigest(sc)] = true
	}
	if len(digests) != 1 {
		t.Errorf("%d digests for 1, 4 and 16 sessions", len(digests))
	}
}
