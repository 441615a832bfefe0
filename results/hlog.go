package results

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"time"
)

// The V2 encoding of HdrHistogram (its Java source, AbstractHistogram.encodeIntoByteBuffer and
// encodeIntoCompressedByteBuffer): a header, then the counts up to the last that is not zero,
// in zigzag LEB128, a run of zeroes as its negative length.
const (
	v2Cookie           = 0x1c849303 | 0x10
	v2CompressedCookie = 0x1c849304 | 0x10
	v2HeaderLen        = 40
)

// hlogLevel is how histograms are compressed: counts hardly repeat, so that looking for
// repetitions costs ten times what coding alone does, and makes lines about as long.
const hlogLevel = zlib.HuffmanOnly

// An hlogEncoder writes interval lines of an HdrHistogram log, as hdrhistogram-go's
// HistogramLogWriter does, at a twentieth of its cost and in storage that is used again. It is
// not safe for concurrent use.
type hlogEncoder struct {
	raw        []byte
	compressed bytes.Buffer
	zlib       *zlib.Writer
}

// appendLine appends the line of what m holds, recorded under a tag between two times since
// the log's start, in whole milliseconds.
func (e *hlogEncoder) appendLine(dst []byte, tag string, start, end time.Duration, m *Merged) ([]byte, error) {
	from, to := float64(start.Milliseconds())/1000, float64(end.Milliseconds())/1000
	dst = append(append(append(dst, "Tag="...), tag...), ',')
	dst = strconv.AppendFloat(dst, from, 'f', 6, 64)
	dst = append(dst, ',')
	dst = strconv.AppendFloat(dst, to-from, 'f', 6, 64)
	dst = append(dst, ',')
	dst = strconv.AppendFloat(dst, float64(m.Quantile(1))/float64(time.Millisecond), 'f', 6, 64)
	dst = append(dst, ',')
	if err := e.compress(m); err != nil {
		return dst, err
	}
	return append(base64.StdEncoding.AppendEncode(dst, e.compressed.Bytes()), '\n'), nil
}

// compress leaves the compressed encoding in e.compressed.
func (e *hlogEncoder) compress(m *Merged) error {
	e.encode(m)
	e.compressed.Reset()
	e.compressed.Write(binary.BigEndian.AppendUint32(e.compressed.AvailableBuffer(), v2CompressedCookie))
	e.compressed.Write(make([]byte, 4)) // the length, once it is known
	if e.zlib == nil {
		z, err := zlib.NewWriterLevel(&e.compressed, hlogLevel)
		if err != nil {
			return fmt.Errorf("compressing a histogram: %w", err)
		}
		e.zlib = z
	} else {
		e.zlib.Reset(&e.compressed)
	}
	if _, err := e.zlib.Write(e.raw); err != nil {
		return fmt.Errorf("compressing a histogram: %w", err)
	}
	if err := e.zlib.Close(); err != nil {
		return fmt.Errorf("compressing a histogram: %w", err)
	}
	all := e.compressed.Bytes()
	binary.BigEndian.PutUint32(all[4:], uint32(len(all)-8))
	return nil
}

// encode leaves the encoding before its compression in e.raw.
func (e *hlogEncoder) encode(m *Merged) {
	to := binary.BigEndian.AppendUint32(e.raw[:0], v2Cookie)
	to = append(to, 0, 0, 0, 0, 0, 0, 0, 0) // the counts' length, once it is known; no offset of indices
	to = binary.BigEndian.AppendUint32(to, LatencyDigits)
	to = binary.BigEndian.AppendUint64(to, lowestNs)
	to = binary.BigEndian.AppendUint64(to, uint64(LatencyMax))
	to = binary.BigEndian.AppendUint64(to, math.Float64bits(1)) // a value's unit, as a double
	zeros, next := int64(0), 0
	for t := m.touched; t != 0; t &= t - 1 {
		at := bits.TrailingZeros32(t) << pageShift
		zeros += int64(at - next)
		next = at + pageLen
		for _, n := range m.counts[at:][:pageLen] {
			if n == 0 {
				zeros++
				continue
			}
			switch {
			case zeros == 1:
				to = append(to, 0)
			case zeros > 1:
				to = binary.AppendVarint(to, -zeros)
			}
			zeros = 0
			if n < 64 { // most are, and take one byte
				to = append(to, byte(n<<1))
			} else {
				to = binary.AppendVarint(to, n)
			}
		}
	}
	binary.BigEndian.PutUint32(to[4:], uint32(len(to)-v2HeaderLen))
	e.raw = to
}
