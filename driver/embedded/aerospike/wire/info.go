package wire

import (
	"bytes"
	"iter"
)

// InfoCommands yields the commands of an info request: each ends with a line feed; what
// follows the last line feed is ignored, as a server does.
func InfoCommands(body []byte) iter.Seq[string] {
	return func(yield func(string) bool) {
		for {
			end := bytes.IndexByte(body, '\n')
			if end < 0 || !yield(string(body[:end])) {
				return
			}
			body = body[end+1:]
		}
	}
}

// AppendInfo appends one command's answer.
func AppendInfo(dst []byte, command, value string) []byte {
	dst = append(dst, command...)
	dst = append(dst, '\t')
	dst = append(dst, value...)
	return append(dst, '\n')
}
