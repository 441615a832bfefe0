package dynamodb

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
	"strings"
)

// Limits of an answer. The largest that DynamoDB gives is BatchGetItem's 16 MB (AWS DynamoDB API
// Reference, "BatchGetItem"), and more as JSON.
const (
	maxAnswerHead = 64 << 10
	maxAnswerBody = 256 << 20
	readAtLeast   = 4 << 10
)

// errAnswer starts the text of every error of an answer that is no HTTP/1.1.
var errAnswer = errors.New("malformed HTTP answer")

// An httpAnswer is one HTTP/1.1 answer, with the storage that it reuses. Its reader takes what
// RFC 9112 has a server send in answer to a POST, without obsolete line folding, lines that end
// in a line feed alone, trailers with a meaning, and transfer codings other than chunked.
type httpAnswer struct {
	status     int // 0 until the head is complete
	body       []byte
	last       bool // no further request may be sent on the connection
	partition  int  // -1 where none is named
	errorType  string
	retryAfter string
	requestID  string
	date       string
	crc        checksum

	length  int64 // of the body; -1 until its end
	chunked bool
	old     bool   // HTTP/1.0, which has no chunks
	buffer  []byte // what has been read, up to filled
	filled  int
	next    int    // first byte that has not been looked at
	joined  []byte // the body of chunks
}

// A checksum is what X-Amz-Crc32 says of the body.
type checksum struct {
	given bool
	want  uint32
}

func (a *httpAnswer) reset() {
	*a = httpAnswer{buffer: a.buffer, joined: a.joined[:0], partition: -1, length: -1}
}

// began reports whether anything of the answer has come.
func (a *httpAnswer) began() bool { return a.filled > 0 }

// intact reports whether the body has the checksum that came with it, if any did.
func (a *httpAnswer) intact() bool {
	return !a.crc.given || crc32.ChecksumIEEE(a.body) == a.crc.want
}

// read reads an answer whole. An answer that ends early is io.ErrUnexpectedEOF, or io.EOF
// before its first byte.
func (a *httpAnswer) read(from io.Reader) error {
	a.reset()
	for {
		if err := a.head(from); err != nil {
			return err
		}
		if a.status >= 200 {
			break
		}
		*a = httpAnswer{buffer: a.buffer, filled: a.filled, next: a.next, joined: a.joined, partition: -1, length: -1}
	}
	var err error
	switch {
	case a.status == 204 || a.status == 304:
	case a.chunked:
		err = a.chunks(from)
	case a.length >= 0:
		a.body, err = a.take(from, a.length)
	default:
		a.last = true
		err = a.rest(from)
	}
	a.last = a.last || a.next < a.filled // what was not asked for
	return err
}

// more reads more of the answer; it makes room for what is still to come.
func (a *httpAnswer) more(from io.Reader, room int) error {
	if need := a.filled + max(room, readAtLeast); need > len(a.buffer) {
		a.buffer = append(a.buffer, make([]byte, max(need, 2*len(a.buffer))-len(a.buffer))...)
	}
	n, err := from.Read(a.buffer[a.filled:])
	a.filled += n
	if n > 0 {
		return nil // an error comes again
	}
	if err == io.EOF && a.began() {
		return io.ErrUnexpectedEOF
	}
	return err
}

// line returns the next line without its end.
func (a *httpAnswer) line(from io.Reader) ([]byte, error) {
	looked := a.next
	for {
		if i := bytes.IndexByte(a.buffer[looked:a.filled], '\n'); i >= 0 {
			line := a.buffer[a.next : looked+i]
			a.next = looked + i + 1
			if !bytes.HasSuffix(line, []byte{'\r'}) {
				return nil, fmt.Errorf("%w: a line that ends without a carriage return", errAnswer)
			}
			return line[:len(line)-1], nil
		}
		looked = a.filled
		if looked-a.next > maxAnswerHead {
			return nil, fmt.Errorf("%w: a line of more than %d bytes", errAnswer, maxAnswerHead)
		}
		if err := a.more(from, 0); err != nil {
			return nil, err
		}
	}
}

// head reads the status line and the header. The status is set only when both are complete.
func (a *httpAnswer) head(from io.Reader) error {
	line, err := a.line(from)
	if err != nil {
		return err
	}
	status, err := a.statusLine(line)
	if err != nil {
		return err
	}
	for begin := a.next; ; {
		line, err := a.line(from)
		if err != nil {
			return err
		}
		if len(line) == 0 {
			break
		}
		if a.next-begin > maxAnswerHead {
			return fmt.Errorf("%w: a header of more than %d bytes", errAnswer, maxAnswerHead)
		}
		if err := a.header(line); err != nil {
			return err
		}
	}
	a.status = status
	return nil
}

// statusLine reads "HTTP/1.1 200 OK".
func (a *httpAnswer) statusLine(line []byte) (int, error) {
	const version = "HTTP/1."
	if len(line) < len("HTTP/1.1 200") || string(line[:len(version)]) != version || line[8] != ' ' ||
		len(line) > 12 && line[12] != ' ' || line[7] != '0' && line[7] != '1' {
		return 0, fmt.Errorf("%w: it does not begin with a status", errAnswer)
	}
	status, ok := digits(line[9:12], 10)
	if !ok || status < 100 || status == 101 {
		return 0, fmt.Errorf("%w: status %q", errAnswer, line[9:12])
	}
	a.old = line[7] == '0'
	a.last = a.old
	return int(status), nil
}

// splitField takes a field of a header apart.
func splitField(line []byte) (name, value []byte, err error) {
	colon := bytes.IndexByte(line, ':')
	if colon < 1 || !isToken(line[:colon]) {
		return nil, nil, fmt.Errorf("%w: a header field without a name", errAnswer)
	}
	value = bytes.Trim(line[colon+1:], " \t")
	for _, c := range value {
		if c < ' ' && c != '\t' || c == 0x7f {
			return nil, nil, fmt.Errorf("%w: a control character in a header field", errAnswer)
		}
	}
	return line[:colon], value, nil
}

// header takes in one field of the header.
func (a *httpAnswer) header(line []byte) error {
	name, value, err := splitField(line)
	if err != nil {
		return err
	}
	switch {
	case isName(name, "content-length"):
		n, ok := digits(value, 10)
		if !ok || a.length >= 0 && a.length != n {
			return fmt.Errorf("%w: Content-Length %q", errAnswer, value)
		}
		a.length = n
	case isName(name, "transfer-encoding"):
		if !isName(value, "chunked") || a.chunked || a.old {
			return fmt.Errorf("%w: Transfer-Encoding %q", errAnswer, value)
		}
		a.chunked = true
	case isName(name, "connection"):
		for token := range bytes.SplitSeq(value, []byte{','}) {
			a.last = a.last || isName(bytes.Trim(token, " \t"), "close")
		}
	case isName(name, "x-amz-crc32"):
		n, err := strconv.ParseUint(string(value), 10, 32)
		if err != nil {
			return fmt.Errorf("%w: X-Amz-Crc32 %q", errAnswer, value)
		}
		a.crc = checksum{true, uint32(n)}
	case isName(name, "x-crossover-partition"):
		if n, ok := digits(value, 10); ok {
			a.partition = int(n)
		}
	case isName(name, "x-amzn-errortype"):
		a.errorType = string(value)
	case isName(name, "x-amz-retry-after"):
		a.retryAfter = string(value)
	case isName(name, "x-amzn-requestid"):
		a.requestID = string(value)
	case isName(name, "date"):
		a.date = string(value)
	}
	return nil
}

// take returns the next n bytes.
func (a *httpAnswer) take(from io.Reader, n int64) ([]byte, error) {
	if n > maxAnswerBody {
		return nil, fmt.Errorf("%w: a body of %d bytes", errAnswer, n)
	}
	for int64(a.filled-a.next) < n {
		if err := a.more(from, int(n)-(a.filled-a.next)); err != nil {
			return nil, err
		}
	}
	a.next += int(n)
	return a.buffer[a.next-int(n) : a.next], nil
}

// rest takes everything until the connection's end.
func (a *httpAnswer) rest(from io.Reader) error {
	for {
		switch err := a.more(from, 0); {
		case err == io.ErrUnexpectedEOF:
			a.body, a.next = a.buffer[a.next:a.filled], a.filled
			return nil
		case err != nil:
			return err
		case a.filled-a.next > maxAnswerBody:
			return fmt.Errorf("%w: a body of more than %d bytes", errAnswer, maxAnswerBody)
		}
	}
}

// chunks takes a body in chunks, and the trailer behind it, whose fields mean nothing here.
func (a *httpAnswer) chunks(from io.Reader) error {
	for {
		line, err := a.line(from)
		if err != nil {
			return err
		}
		size, _, _ := bytes.Cut(line, []byte{';'})
		n, ok := digits(bytes.TrimRight(size, " \t"), 16)
		if !ok || int64(len(a.joined))+n > maxAnswerBody {
			return fmt.Errorf("%w: a chunk of size %q", errAnswer, size)
		}
		if n == 0 {
			break
		}
		chunk, err := a.take(from, n)
		if err != nil {
			return err
		}
		a.joined = append(a.joined, chunk...)
		if line, err = a.line(from); err != nil {
			return err
		}
		if len(line) > 0 {
			return fmt.Errorf("%w: a chunk that does not end where it says", errAnswer)
		}
	}
	for begin := a.next; ; {
		line, err := a.line(from)
		switch {
		case err != nil:
			return err
		case a.next-begin > maxAnswerHead:
			return fmt.Errorf("%w: a trailer of more than %d bytes", errAnswer, maxAnswerHead)
		case len(line) == 0:
			a.body = a.joined
			return nil
		}
		if _, _, err := splitField(line); err != nil {
			return err
		}
	}
}

// digits reads a number that has nothing but digits; it is below 2^60.
func digits(text []byte, base int64) (n int64, ok bool) {
	for _, c := range text {
		d := int64(99)
		switch {
		case c >= '0' && c <= '9':
			d = int64(c - '0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			d = int64(c|0x20-'a') + 10
		}
		if d >= base || n > 1<<55 {
			return 0, false
		}
		n = n*base + d
	}
	return n, len(text) > 0
}

// isName compares a field's name, or a token, with one in lower case.
func isName(name []byte, lower string) bool {
	if len(name) != len(lower) {
		return false
	}
	for i, c := range name {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// isToken reports whether a name has only the characters of RFC 9110's tokens.
func isToken(name []byte) bool {
	for _, c := range name {
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return true
}
