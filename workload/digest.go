package workload

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"

	"crossover/workload/op"
)

// digestOps is how many operations the stream digest looks at.
const digestOps = 65_536

// digestVersion changes when the stream of an unchanged scenario does.
const digestVersion = "crossover stream 2"

// ScenarioDigest returns the digest of a scenario file's bytes.
func ScenarioDigest(sc *Scenario) string {
	sum := sha256.Sum256(sc.Text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// StreamDigest returns the digest of what a scenario asks for: the seed, data set and workload
// after defaults, and the first 65,536 operations. Targets, cost and objectives are not in it,
// nor how many sessions or workers send the operations: two runs compare only if theirs agree.
func StreamDigest(sc *Scenario) string {
	h := sha256.New()
	h.Write([]byte(digestVersion))
	canonical, err := json.Marshal(struct {
		Seed     uint64
		Dataset  Dataset
		Workload Workload
		Indexes  []Index `json:",omitempty"`
	}{sc.Seed, sc.Dataset, withoutWorkers(sc.Workload), sc.Indexes})
	must(err)
	h.Write(canonical)
	s := NewStream(sc)
	n := uint64(digestOps)
	if s.Len() > 0 {
		n = min(n, s.Len())
	}
	var o op.Op
	var buf []byte
	for i := range n {
		s.At(i, &o)
		buf = encodeOp(buf[:0], &o)
		h.Write(buf)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// withoutWorkers returns w with the numbers of sessions and workers left out, which change how
// operations are sent and not what they are.
func withoutWorkers(w Workload) Workload {
	if w.Arrival.Open != nil {
		o := *w.Arrival.Open
		o.Sessions = 0
		w.Arrival.Open = &o
	}
	if w.Arrival.Closed != nil {
		c := *w.Arrival.Closed
		c.Workers = 0
		if c.ThinkTime == "constant" {
			c.ThinkTime = "" // what it was before there was another
		}
		w.Arrival.Closed = &c
	}
	return w
}

// encodeOp appends an operation's fields, fixed in width and order.
func encodeOp(dst []byte, o *op.Op) []byte {
	for _, v := range []uint64{
		o.Index, o.Item, o.Partition, o.Sort, uint64(o.Limit), uint64(o.Kind), uint64(o.Condition),
		bit(o.Consistent), o.Version, uint64(o.Phase), bit(o.Record), uint64(len(o.Body)),
	} {
		dst = binary.LittleEndian.AppendUint64(dst, v)
	}
	dst = append(dst, o.Body[:min(len(o.Body), 64)]...)
	if o.Segment > 0 || len(o.Value) > 0 {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(o.Segment))
		dst = append(dst, o.Value...)
	}
	for j := range o.Parts {
		p := &o.Parts[j]
		for _, v := range []uint64{p.Item, p.Partition, p.Sort, uint64(p.Step), uint64(p.Condition), p.Version, uint64(len(p.Body))} {
			dst = binary.LittleEndian.AppendUint64(dst, v)
		}
		dst = append(dst, p.Body[:min(len(p.Body), 64)]...)
	}
	return dst
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
