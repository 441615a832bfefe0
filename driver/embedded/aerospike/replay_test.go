package aerospike

import (
	"encoding/binary"
	"encoding/hex"
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"crossover/driver/embedded/aerospike/wire"
)

// A packet is one message of a captured conversation.
type packet struct {
	conn   string // the connection's number
	sent   bool   // by the client
	header []byte
	body   []byte
	cut    bool // the capture does not have all of it
}

// conversation reads a capture of what went between a client and a real server.
func conversation(t *testing.T, path string) []packet {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []packet
	for rest := string(text); rest != ""; {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		after, ok := strings.CutPrefix(line, "[conn ")
		if !ok {
			continue
		}
		p := packet{sent: strings.Contains(line, "C->S")}
		p.conn, _, _ = strings.Cut(after, "]")
		_, digits, _ := strings.Cut(line, "hdr=")
		if p.header, err = hex.DecodeString(digits[:2*wire.ProtoSize]); err != nil {
			t.Fatal(err)
		}
		size := int(binary.BigEndian.Uint32(p.header[4:]))
		if p.header[1] == wire.TypeInfo {
			p.body = []byte(rest[:min(size, len(rest))])
			if whole, _, cut := strings.Cut(string(p.body), "<cut"); cut {
				p.body, p.cut = []byte(whole), true
			}
		} else {
			p.body = dumped(t, rest)
			p.cut = len(p.body) != size
		}
		all = append(all, p)
	}
	return all
}

// dumped reads lines of a hexadecimal dump: an offset, sixteen bytes, and what they look like.
func dumped(t *testing.T, text string) []byte {
	t.Helper()
	var out []byte
	for line := range strings.Lines(text) {
		if len(line) < 60 || line[8] != ' ' {
			return out
		}
		b, err := hex.DecodeString(strings.ReplaceAll(line[8:58], " ", ""))
		if err != nil {
			return out
		}
		out = append(out, b...)
	}
	return out
}

// TestConversationsGoAsWithARealServer sends what two clients sent to a real server, in its order
// and on as many connections, and expects the same answers: of messages every byte; of info
// commands too, but for a namespace's statistics, of which it expects the names.
func TestConversationsGoAsWithARealServer(t *testing.T) {
	for _, path := range []string{"testdata/wire.txt", "testdata/wire-c.txt"} {
		t.Run(path, func(t *testing.T) {
			c := start(t, Options{Nodes: 1})
			own := strings.NewReplacer("A1\n", c.nodes[0].name()+"\n", "127.0.0.1:3000", c.Seed())
			conns := map[string]net.Conn{}
			messages := 0
			for i, p := range conversation(t, path) {
				if conns[p.conn] == nil {
					conns[p.conn] = dial(t, c.Seed())
				}
				conn := conns[p.conn]
				if p.sent {
					if p.cut {
						t.Fatalf("request %d is not whole", i)
					}
					if _, err := conn.Write(append(p.header, p.body...)); err != nil {
						t.Fatal(err)
					}
					continue
				}
				header := make([]byte, wire.ProtoSize)
				if _, err := io.ReadFull(conn, header); err != nil {
					t.Fatal(err)
				}
				body := make([]byte, binary.BigEndian.Uint32(header[4:]))
				if _, err := io.ReadFull(conn, body); err != nil {
					t.Fatal(err)
				}
				messages++
				want, got := string(p.body), string(body)
				if p.header[1] == wire.TypeInfo {
					want = own.Replace(want)
				}
				if p.cut { // its storage was a file, where this one's is a device
					names := namesOf(strings.ReplaceAll(want, "file[0]", "device[0]"))
					want = strings.Join(names[:len(names)-1], "\n") // the last name may be cut
					got = strings.Join(namesOf(got)[:len(names)-1], "\n")
				}
				if diff := cmp.Diff(want, got); diff != "" || header[1] != p.header[1] {
					t.Errorf("answer %d, of type %d (-real +here): %s", i, header[1], diff)
				}
			}
			if messages < 15 {
				t.Errorf("%d answers", messages)
			}
		})
	}
}
