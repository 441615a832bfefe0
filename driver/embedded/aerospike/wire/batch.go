package wire

import "encoding/binary"

// Bits of the byte before each key of a batch (server source, batch.c). A key without any has
// the old form: one info byte, then fields and operations.
const (
	batchRepeat     = 0x1
	batchInfo       = 0x2
	batchGeneration = 0x4
	batchTTL        = 0x8
	batchInfo4      = 0x10
)

// minBatchKey is what a key takes at least: index, digest, flags.
const minBatchKey = 4 + DigestSize + 1

// A Batch is the field of a batch request, read key by key.
type Batch struct {
	Keys  int
	Flags uint8 // 0x1 inline in memory, 0x2 inline on device, 0x4 respond to all keys
	rest  []byte
	left  int
	begun bool
}

// RespondAll reports whether keys after a failed one are to be carried out and answered.
func (b *Batch) RespondAll() bool { return b.Flags&0x4 != 0 }

// ParseBatch checks a whole batch field, and returns it ready to be read. m is overwritten.
func ParseBatch(field []byte, m *Message) (Batch, error) {
	if len(field) < 5 {
		return Batch{}, ErrMalformed
	}
	keys := binary.BigEndian.Uint32(field)
	if uint64(keys)*minBatchKey > uint64(len(field)-5) {
		return Batch{}, ErrMalformed
	}
	b := Batch{Keys: int(keys), Flags: field[4], rest: field[5:], left: int(keys)}
	check := b
	for check.left > 0 {
		if _, _, err := check.Next(m); err != nil {
			return Batch{}, err
		}
	}
	return b, nil
}

// Next reads the next key's request into m, which must be the same at every call: a key may
// repeat what the one before it asked for. It returns the key's index in the caller's list.
func (b *Batch) Next(m *Message) (index uint32, digest *Digest, err error) {
	if b.left <= 0 || len(b.rest) < minBatchKey {
		return 0, nil, ErrMalformed
	}
	b.left--
	index = binary.BigEndian.Uint32(b.rest)
	digest = (*Digest)(b.rest[4:])
	flags := b.rest[4+DigestSize]
	p := b.rest[minBatchKey:]
	if flags&batchRepeat != 0 {
		if !b.begun {
			return 0, nil, ErrMalformed
		}
		b.rest = p
		return index, digest, nil
	}
	b.begun = true
	m.Header, m.present = Header{}, 0
	if p, err = m.batchHeader(flags, p); err != nil {
		return 0, nil, err
	}
	b.rest, err = m.parseParts(p)
	return index, digest, err
}

// batchHeader reads what stands between a key's flags and its fields.
func (m *Message) batchHeader(flags uint8, p []byte) (rest []byte, err error) {
	take := func(n int) []byte {
		if len(p) < n {
			err = ErrMalformed
			return make([]byte, 4)
		}
		at := p
		p = p[n:]
		return at
	}
	if flags&(batchInfo|batchGeneration|batchTTL|batchInfo4) == 0 {
		m.Info1 = take(1)[0]
	}
	if flags&batchInfo != 0 {
		info := take(3)
		m.Info1, m.Info2, m.Info3 = info[0], info[1], info[2]
	}
	if flags&batchInfo4 != 0 {
		take(1)
	}
	if flags&batchGeneration != 0 {
		m.Generation = uint32(binary.BigEndian.Uint16(take(2)))
	}
	if flags&batchTTL != 0 {
		m.TTL = binary.BigEndian.Uint32(take(4))
	}
	counts := take(4)
	m.Fields, m.Ops = int(binary.BigEndian.Uint16(counts)), int(binary.BigEndian.Uint16(counts[2:]))
	return p, err
}
