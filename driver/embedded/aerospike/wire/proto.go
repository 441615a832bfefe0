package wire

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// ProtoSize is the size of the header before every body.
const ProtoSize = 8

// MaxBody is the largest body that a server accepts (proto.h, PROTO_SIZE_MAX).
const MaxBody = 128 << 20

// What can be wrong with what arrives.
var (
	// ErrVersion is another protocol altogether; a server resets the connection.
	ErrVersion = errors.New("protocol version is not 2")
	// ErrTooLarge is a body above MaxBody; a server closes the connection.
	ErrTooLarge = errors.New("body is above 128 MiB")
	// ErrMalformed is a body that does not hold what it announces; it is answered with 4.
	ErrMalformed = errors.New("malformed message")
)

// A Proto is the header before every body.
type Proto struct {
	Type uint8
	Size int // of the body
}

// ParseProto reads the 8 bytes before a body.
func ParseProto(b []byte) (Proto, error) {
	if len(b) < ProtoSize {
		return Proto{}, ErrMalformed
	}
	v := binary.BigEndian.Uint64(b)
	if v>>56 != 2 {
		return Proto{}, ErrVersion
	}
	size := v & (1<<48 - 1)
	if size > MaxBody {
		return Proto{}, ErrTooLarge
	}
	return Proto{Type: uint8(v >> 48), Size: int(size)}, nil
}

// readStep bounds what one announced length may allocate ahead of the bytes themselves.
const readStep = 1 << 20

// ReadBody reads a body of size bytes into buf, grown as the bytes arrive, never because a
// header says so.
func ReadBody(r *bufio.Reader, size int, buf []byte) ([]byte, error) {
	buf = buf[:0]
	for len(buf) < size {
		step := min(size-len(buf), max(readStep, len(buf)))
		at := len(buf)
		if cap(buf)-at < step {
			grown := make([]byte, at, at+step)
			copy(grown, buf)
			buf = grown
		}
		n, err := io.ReadFull(r, buf[at:at+step])
		buf = buf[:at+n]
		if err != nil {
			return buf, err
		}
	}
	return buf, nil
}

// Inflate returns the message inside a compressed body: 8 bytes of size, the inner header
// included, then zlib's stream.
func Inflate(body, buf []byte) ([]byte, error) {
	if len(body) < 8 {
		return nil, ErrMalformed
	}
	size := binary.BigEndian.Uint64(body)
	if size < ProtoSize || size > MaxBody+ProtoSize {
		return nil, ErrMalformed
	}
	z, err := zlib.NewReader(bytes.NewReader(body[8:]))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	defer z.Close()
	out := bytes.NewBuffer(buf[:0])
	n, err := io.Copy(out, io.LimitReader(z, int64(size)+1))
	if err != nil || uint64(n) != size {
		return nil, fmt.Errorf("%w: %d bytes inflated, %d announced", ErrMalformed, n, size)
	}
	p, err := ParseProto(out.Bytes())
	if err != nil || p.Type != TypeMessage || p.Size != int(size)-ProtoSize {
		return nil, fmt.Errorf("%w: inner header", ErrMalformed)
	}
	return out.Bytes()[ProtoSize:], nil
}

// Begin appends room for a header and returns where it starts, for End.
func Begin(dst []byte) (out []byte, start int) {
	return append(dst, 0, 0, 0, 0, 0, 0, 0, 0), len(dst)
}

// End fills in the header that Begin left room for.
func End(dst []byte, start int, kind uint8) {
	size := uint64(len(dst) - start - ProtoSize)
	binary.BigEndian.PutUint64(dst[start:], 2<<56|uint64(kind)<<48|size)
}
