package imports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"time"
)

// maxDocument bounds a JSON document that is read whole; describe-table's are some kilobytes.
const maxDocument = 16 << 20

// An Error says what is wrong in which file, and where: at a byte offset of the (decompressed)
// text, and on which line when that is known.
type Error struct {
	File   string
	Line   int   // from 1; 0 when not known
	Offset int64 // from 0; -1 when not known
	Err    error
}

func (e *Error) Error() string {
	where := e.File
	if e.Line > 0 {
		where += ":" + strconv.Itoa(e.Line)
	}
	if e.Offset >= 0 {
		where += fmt.Sprintf(": byte %d", e.Offset)
	}
	return where + ": " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// at returns err as an *Error of a file.
func at(file string, line int, offset int64, err error) error {
	var already *Error
	if errors.As(err, &already) {
		return err
	}
	return &Error{File: file, Line: line, Offset: offset, Err: err}
}

// document reads one JSON document of a bounded size into v. Unknown members are AWS's to add.
func document(file string, r io.Reader, v any) error {
	text, err := io.ReadAll(io.LimitReader(r, maxDocument+1))
	switch {
	case err != nil:
		return at(file, 0, -1, err)
	case len(text) > maxDocument:
		return at(file, 0, -1, fmt.Errorf("more than %d bytes, expected one JSON document", maxDocument))
	case len(bytes.TrimSpace(text)) == 0:
		return at(file, 1, 0, errors.New("an empty file, expected a JSON document"))
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if err := json.Unmarshal(text, v); err != nil {
		offset := int64(0)
		var syntax *json.SyntaxError
		var kind *json.UnmarshalTypeError
		switch {
		case errors.As(err, &syntax):
			offset = syntax.Offset - 1 // the package counts the byte that it could not take
		case errors.As(err, &kind):
			offset = kind.Offset
		}
		offset = min(max(offset, 0), int64(len(text)))
		return at(file, 1+bytes.Count(text[:offset], []byte("\n")), offset, err)
	}
	return nil
}

// lines counts the newlines of what passes, so that an error can name a line.
type lines struct {
	r      io.Reader
	starts []int64 // offsets after newlines, of the last blocks read
	passed int64
	before int // newlines dropped from starts
}

// keptLines bounds how far back a line can be told: a decoder reads ahead by some kilobytes.
const keptLines = 1 << 16

func (l *lines) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	for i, c := range p[:n] {
		if c == '\n' {
			l.starts = append(l.starts, l.passed+int64(i)+1)
		}
	}
	if extra := len(l.starts) - 2*keptLines; extra > 0 {
		l.before += extra + keptLines
		l.starts = append(l.starts[:0], l.starts[extra+keptLines:]...)
	}
	l.passed += int64(n)
	return n, err
}

// line returns the line of an offset.
func (l *lines) line(offset int64) int {
	n := 1 + l.before
	for _, s := range l.starts {
		if s > offset {
			break
		}
		n++
	}
	return n
}

// A streamed object is a JSON object whose arrays are read element by element.
type streamed struct {
	file  string
	lines *lines
	d     *json.Decoder
}

func stream(file string, r io.Reader) *streamed {
	l := &lines{r: r}
	return &streamed{file, l, json.NewDecoder(l)}
}

// fail says where reading stopped: at the end of the last thing that was read whole.
func (s *streamed) fail(err error) error {
	offset := s.d.InputOffset()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return at(s.file, s.lines.line(offset), offset, err)
}

// members calls f for each member of the object, which must read the member's value, and
// checks that nothing follows the object.
func (s *streamed) members(f func(name string) error) error {
	if err := s.open('{'); err != nil {
		return err
	}
	for s.d.More() {
		name, err := s.d.Token()
		if err != nil {
			return s.fail(err)
		}
		text, ok := name.(string)
		if !ok {
			return s.fail(fmt.Errorf("found %v, expected a member's name", name))
		}
		if err := f(text); err != nil {
			return s.fail(err)
		}
	}
	if _, err := s.d.Token(); err != nil {
		return s.fail(err)
	}
	if _, err := s.d.Token(); !errors.Is(err, io.EOF) {
		return s.fail(errors.New("text after the document"))
	}
	return nil
}

func (s *streamed) open(delimiter json.Delim) error {
	t, err := s.d.Token()
	if err != nil {
		return s.fail(err)
	}
	if t != delimiter {
		return s.fail(fmt.Errorf("found %v, expected %q", t, delimiter.String()))
	}
	return nil
}

// elements calls f for each element of an array, which must read it. Null has none.
func (s *streamed) elements(f func() error) error {
	t, err := s.d.Token()
	if err != nil {
		return s.fail(err)
	}
	if t == nil {
		return nil
	}
	if t != json.Delim('[') {
		return s.fail(fmt.Errorf("found %v, expected an array", t))
	}
	for s.d.More() {
		if err := f(); err != nil {
			return s.fail(err)
		}
	}
	_, err = s.d.Token()
	if err != nil {
		return s.fail(err)
	}
	return nil
}

// skip reads over a value.
func (s *streamed) skip() error {
	var ignored json.RawMessage
	return s.d.Decode(&ignored)
}

// A stamp is a time as AWS's tools write it: RFC 3339 (AWS CLI version 2), or seconds since
// 1970 as a number (the API, and AWS CLI version 1).
type stamp struct{ time.Time }

// UnmarshalJSON reads either form.
func (s *stamp) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	if len(text) > 0 && text[0] == '"' {
		var v string
		if err := json.Unmarshal(text, &v); err != nil {
			return err
		}
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02 15:04:05Z07:00"} {
			if t, err := time.Parse(layout, v); err == nil {
				s.Time = t.UTC()
				return inRange(s.Time)
			}
		}
		return fmt.Errorf("found %q, expected a time such as 2026-10-01T00:00:00Z", v)
	}
	seconds, err := strconv.ParseFloat(string(text), 64)
	if err != nil || math.Abs(seconds) > 1e11 {
		return fmt.Errorf("found %s, expected a time in seconds since 1970 or such as 2026-10-01T00:00:00Z", text)
	}
	whole, fraction := math.Modf(seconds)
	s.Time = time.Unix(int64(whole), int64(fraction*1e9)).UTC()
	return inRange(s.Time)
}

func inRange(t time.Time) error {
	if t.Year() < 1970 || t.Year() > 2200 {
		return fmt.Errorf("found the year %d, expected one from 1970 to 2200", t.Year())
	}
	return nil
}

// read opens a file for a reader of this package.
func read[T any](file string, f func(file string, r io.Reader) (T, error)) (T, error) {
	in, err := os.Open(file)
	if err != nil {
		var none T
		return none, err
	}
	v, err := f(file, in)
	return v, errors.Join(err, in.Close())
}
