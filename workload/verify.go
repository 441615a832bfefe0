package workload

import (
	"encoding/binary"
	"encoding/hex"

	"crossover/workload/keys"
)

// saltVerify keeps the choice of verified reads apart from what else is drawn.
const saltVerify = 0x766572696679

// verified reports whether operation i, one that reads whole items, is one whose content is checked.
func (s *stream) verified(i uint64) bool {
	share := s.sc.Workload.Read.Verify
	if share == 0 {
		return false
	}
	return float64(keys.Mix(s.salt^keys.Mix(i^saltVerify))>>11)*0x1p-53 < share
}

// A Content makes any version of any item, as the stream and the loader do, for drivers that
// hold what they read against it. It is not safe for concurrent use.
type Content struct {
	sc    *Scenario
	sizes *sizer
	body  []byte
}

// NewContent returns the items of a valid scenario.
func NewContent(sc *Scenario) *Content { return &Content{sc: sc, sizes: sc.sizer()} }

// Body returns the body of an item's version. It is valid until the next call, and is made in
// the same storage every time.
func (c *Content) Body(item, version uint64) []byte {
	c.body = c.sc.appendBody(c.body[:0], item, version, c.sizes)
	return c.body
}

// ParseVersion reads what AppendVersion wrote. It refuses any other spelling, so that a
// changed letter is never taken for another version's.
func ParseVersion(text string) (version uint64, ok bool) {
	if len(text) != VersionLen {
		return 0, false
	}
	var digits [VersionLen]byte
	var raw [8]byte
	copy(digits[:], text)
	if _, err := hex.Decode(raw[:], digits[:]); err != nil {
		return 0, false
	}
	version = binary.BigEndian.Uint64(raw[:])
	var again [VersionLen]byte
	return version, string(AppendVersion(again[:0], version)) == text
}
