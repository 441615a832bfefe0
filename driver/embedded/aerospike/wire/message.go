package wire

import "encoding/binary"

// HeaderSize is the size of a message's own header.
const HeaderSize = 22

// A Header is a message's own header.
type Header struct {
	Info1, Info2, Info3 uint8
	Result              Result
	Generation          uint32
	TTL                 uint32 // seconds in a request; void time in an answer
	Transaction         uint32 // milliseconds in a request; a batch's index in its answers
	Fields, Ops         int
}

// maxField bounds the field types that are kept; others are skipped, as a server does.
const maxField = 64

// A Message is a request, pointing into the body that it was parsed from.
type Message struct {
	Header
	present uint64
	fields  [maxField][]byte
	ops     []byte
	body    []byte
}

// Parse reads a body. The lengths of all fields and operations are checked here, so that what
// the message returns later is within the body.
func (m *Message) Parse(body []byte) error {
	m.present, m.ops = 0, nil
	if len(body) < HeaderSize {
		m.Header = Header{}
		return ErrMalformed
	}
	m.Header = Header{
		Info1: body[1], Info2: body[2], Info3: body[3],
		Generation:  binary.BigEndian.Uint32(body[6:]),
		TTL:         binary.BigEndian.Uint32(body[10:]),
		Transaction: binary.BigEndian.Uint32(body[14:]),
		Fields:      int(binary.BigEndian.Uint16(body[18:])),
		Ops:         int(binary.BigEndian.Uint16(body[20:])),
	}
	m.body = body
	_, err := m.parseParts(body[HeaderSize:])
	return err
}

// Body returns what the message was parsed from.
func (m *Message) Body() []byte { return m.body }

// parseParts reads the fields and operations that the header counts, and returns what follows.
func (m *Message) parseParts(b []byte) (rest []byte, err error) {
	for range m.Fields {
		if len(b) < 5 {
			return nil, ErrMalformed
		}
		size := binary.BigEndian.Uint32(b)
		if size > uint32(len(b)-4) && m.Info1&Info1Batch != 0 && (b[4] == FieldBatch || b[4] == FieldBatchWithSet) {
			// A server takes a batch's field to be what is left of the message, and the Go client
			// (7.10.2, setBatchRead) counts the bytes of a filter before it as its own.
			size = uint32(len(b) - 4)
		}
		if size < 1 || uint64(size) > uint64(len(b)-4) {
			return nil, ErrMalformed
		}
		if kind := b[4]; kind < maxField && m.present&(1<<kind) == 0 {
			m.present |= 1 << kind
			m.fields[kind] = b[5 : 4+size]
		}
		b = b[4+size:]
	}
	at := 0
	for range m.Ops {
		if len(b)-at < 8 {
			return nil, ErrMalformed
		}
		size := binary.BigEndian.Uint32(b[at:])
		if uint64(size) < 4+uint64(b[at+7]) || uint64(size) > uint64(len(b)-at-4) {
			return nil, ErrMalformed
		}
		at += 4 + int(size)
	}
	m.ops = b[:at]
	return b[at:], nil
}

// Field returns a field's data.
func (m *Message) Field(kind uint8) (data []byte, ok bool) {
	if kind >= maxField || m.present&(1<<kind) == 0 {
		return nil, false
	}
	return m.fields[kind], true
}

// Has reports whether the message has one of the fields.
func (m *Message) Has(kinds ...uint8) bool {
	for _, k := range kinds {
		if k < maxField && m.present&(1<<k) != 0 {
			return true
		}
	}
	return false
}

// Operations returns the message's operations.
func (m *Message) Operations() Ops { return Ops{m.ops} }

// Ops are operations, or bins, in the protocol's own layout: one after another a 32-bit size
// of what follows, operation, particle type, flags, length of the name, name, value.
type Ops struct{ b []byte }

// NewOps returns the operations in b, which must have been written by AppendOp.
func NewOps(b []byte) Ops { return Ops{b} }

// Bytes returns what the operations have not given yet.
func (o *Ops) Bytes() []byte { return o.b }

// An Op is one operation, or one bin.
type Op struct {
	Code, Type  uint8
	Name, Value []byte
}

// Next reads the next operation into op.
func (o *Ops) Next(op *Op) bool {
	if len(o.b) < 8 {
		return false
	}
	size := 4 + int(binary.BigEndian.Uint32(o.b))
	name := 8 + int(o.b[7])
	op.Code, op.Type, op.Name, op.Value = o.b[4], o.b[5], o.b[8:name:name], o.b[name:size:size]
	o.b = o.b[size:]
	return true
}

// AppendHeader appends a message's own header.
func AppendHeader(dst []byte, h *Header) []byte {
	dst = append(dst, HeaderSize, h.Info1, h.Info2, h.Info3, 0, uint8(h.Result))
	dst = binary.BigEndian.AppendUint32(dst, h.Generation)
	dst = binary.BigEndian.AppendUint32(dst, h.TTL)
	dst = binary.BigEndian.AppendUint32(dst, h.Transaction)
	dst = binary.BigEndian.AppendUint16(dst, uint16(h.Fields))
	return binary.BigEndian.AppendUint16(dst, uint16(h.Ops))
}

// SetOps changes the number of operations in a header that begins at b.
func SetOps(b []byte, n int) { binary.BigEndian.PutUint16(b[20:], uint16(n)) }

// AppendField appends a field.
func AppendField(dst []byte, kind uint8, data []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(1+len(data)))
	return append(append(dst, kind), data...)
}

// AppendOp appends an operation, or a bin.
func AppendOp(dst []byte, code, kind uint8, name, value []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(4+len(name)+len(value)))
	dst = append(dst, code, kind, 0, uint8(len(name)))
	return append(append(dst, name...), value...)
}
