package http1

import (
	"bytes"
	"net/http"
	"net/textproto"
)

// The request line and header that make a request a plain one.
var (
	requestLine = []byte("POST / HTTP/1.1\r\n")
	headEnd     = []byte("\r\n\r\n")
)

// A verdict is what the bytes of a connection are so far.
type verdict uint8

const (
	plain   verdict = iota // the head of a plain request, whole
	partial                // may become one
	other                  // something else, which net/http is to judge
)

// A head is what the server needs of a plain request's head.
type head struct {
	size   int // bytes, the empty line with them
	length int // of the body, in bytes
	from   int // where the value of X-Amz-Target stands
	to     int // where it ends; 0 when it was not sent
}

// parse reads a head. Whatever is not exactly of the plain form is net/http's: this parser
// refuses nothing and guesses nothing, so that no two readers of one request can disagree about
// where it ends.
func parse(text []byte, maxHead, maxBody int) (h head, v verdict) {
	if n := min(len(text), len(requestLine)); !bytes.Equal(text[:n], requestLine[:n]) {
		return h, other
	} else if n < len(requestLine) {
		return h, partial
	}
	end := bytes.Index(text, headEnd)
	switch {
	case end < 0 && len(text) > maxHead:
		return h, other
	case end < 0:
		return h, partial
	}
	h.size, h.length = end+len(headEnd), -1
	hosts := 0
	for at := len(requestLine); at < end+2; {
		n := bytes.IndexByte(text[at:], '\n')
		line := text[at : at+n]
		at += n + 1
		name, value, ok := field(line)
		if !ok || !h.take(name, value, &hosts, maxBody) {
			return h, other
		}
		if len(name) == len("X-Amz-Target") && is(name, "x-amz-target") {
			if h.to > 0 {
				return h, other
			}
			h.from = at - n - 1 + valueAt(line, value)
			h.to = h.from + len(value)
		}
	}
	if hosts != 1 || h.length < 0 {
		return h, other
	}
	return h, plain
}

// field splits a header line, which ends in '\r'.
func field(line []byte) (name, value []byte, ok bool) {
	if len(line) == 0 || line[len(line)-1] != '\r' {
		return nil, nil, false
	}
	line = line[:len(line)-1]
	colon := bytes.IndexByte(line, ':')
	if colon < 1 {
		return nil, nil, false
	}
	name, value = line[:colon], line[colon+1:]
	for _, c := range name {
		if !token[c] {
			return nil, nil, false // a continued line among them, which begins with a space
		}
	}
	for len(value) > 0 && (value[0] == ' ' || value[0] == '\t') {
		value = value[1:]
	}
	for len(value) > 0 && (value[len(value)-1] == ' ' || value[len(value)-1] == '\t') {
		value = value[:len(value)-1]
	}
	for _, c := range value {
		if c < ' ' && c != '\t' || c == 0x7f {
			return nil, nil, false
		}
	}
	return name, value, true
}

// valueAt returns where a line's value, which is a part of it, begins.
func valueAt(line, value []byte) int { return cap(line) - cap(value) }

// token says which bytes a field's name is made of (RFC 9110, section 5.6.2).
var token = func() (t [256]bool) {
	for _, c := range "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" {
		t[c] = true
	}
	return t
}()

// take looks at one field, and reports whether the request may still be a plain one.
func (h *head) take(name, value []byte, hosts *int, maxBody int) bool {
	switch len(name) {
	case len("Host"):
		if is(name, "host") {
			*hosts++
		}
	case len("Expect"):
		return !is(name, "expect")
	case len("Upgrade"):
		return !is(name, "upgrade") && !is(name, "trailer")
	case len("Connection"):
		return !is(name, "connection") || is(value, "keep-alive")
	case len("Content-Length"):
		if !is(name, "content-length") {
			return true
		}
		if h.length >= 0 || len(value) == 0 || len(value) > 9 {
			return false
		}
		h.length = 0
		for _, c := range value {
			if c < '0' || c > '9' {
				return false
			}
			h.length = 10*h.length + int(c-'0')
		}
		return h.length <= maxBody
	case len("Transfer-Encoding"):
		return !is(name, "transfer-encoding")
	}
	return true
}

// is compares a name with one that is written in small letters.
func is(name []byte, small string) bool {
	if len(name) != len(small) {
		return false
	}
	for i := range len(small) {
		c := name[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != small[i] {
			return false
		}
	}
	return true
}

// header returns all of a plain request's fields. Host is not among them, as in net/http.
func header(text []byte) http.Header {
	out := http.Header{}
	for at := len(requestLine); ; {
		n := bytes.IndexByte(text[at:], '\n')
		if n <= 1 {
			return out
		}
		name, value, _ := field(text[at : at+n])
		at += n + 1
		if key := textproto.CanonicalMIMEHeaderKey(string(name)); key != "Host" {
			out[key] = append(out[key], string(value))
		}
	}
}
