package aerospike

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"crossover/workload"
)

// A proxy stands between the driver and a cluster of one node, and spoils what passes. What
// concerns the marker passes untouched, so that Provision works.
type proxy struct {
	listener net.Listener
	upstream string
	marker   [20]byte

	stall    atomic.Bool  // requests for data are held until the proxy ends
	cut      atomic.Bool  // the connection of a request for data is closed
	code     atomic.Int32 // result code of answers to requests for data; 0 leaves them
	requests atomic.Int64 // requests for data that came in

	before func(request int64) // called before a request for data passes; set before use

	mu    sync.Mutex
	info  map[string]string // answers that replace the node's
	conns []net.Conn
	ended bool
	tasks sync.WaitGroup
}

func newProxy(t testing.TB, sc *workload.Scenario, set, upstream string) *proxy {
	t.Helper()
	marker := newRecord(sc, "test", set)
	marker.setKey([]byte(MarkerKey))
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: ln, upstream: upstream, marker: marker.digest, info: map[string]string{}}
	p.tasks.Go(p.accept)
	t.Cleanup(p.end)
	return p
}

func (p *proxy) address() string { return p.listener.Addr().String() }

func (p *proxy) end() {
	_ = p.listener.Close()
	p.mu.Lock()
	p.ended = true
	for _, c := range p.conns {
		_ = c.Close()
	}
	p.mu.Unlock()
	p.tasks.Wait()
}

func (p *proxy) track(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, c)
	return !p.ended
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		up, err := net.Dial("tcp", p.upstream)
		if err != nil || !p.track(client) || !p.track(up) {
			_ = client.Close()
			return
		}
		p.tasks.Go(func() { p.serve(client, up) })
	}
}

const typeMessage = 3

// serve passes frames: one request, then its answers while the next is awaited.
func (p *proxy) serve(client, up net.Conn) {
	defer client.Close()
	defer up.Close()
	var spoil atomic.Bool // the request under way is for data that is not the marker's
	p.tasks.Go(func() {
		defer client.Close()
		for {
			frame, err := readFrame(up)
			if err != nil {
				return
			}
			if code := p.code.Load(); code != 0 && frame[1] == typeMessage && spoil.Load() {
				frame[13] = byte(code)
			}
			if frame[1] == 1 {
				frame = p.answer(frame)
			}
			if _, err := client.Write(frame); err != nil {
				return
			}
		}
	})
	for {
		frame, err := readFrame(client)
		if err != nil {
			return
		}
		data := frame[1] == typeMessage && !bytes.Contains(frame, p.marker[:])
		spoil.Store(data)
		if data {
			n := p.requests.Add(1)
			if p.before != nil {
				p.before(n)
			}
			if p.cut.Load() {
				return
			}
			if p.stall.Load() {
				_, _ = io.Copy(io.Discard, client) // until either side gives up
				return
			}
		}
		if _, err := up.Write(frame); err != nil {
			return
		}
	}
}

// replace answers an info command in the node's place.
func (p *proxy) replace(command, answer string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.info[command] = answer
}

// answer replaces lines of an info answer.
func (p *proxy) answer(frame []byte) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.info) == 0 {
		return frame
	}
	lines := bytes.Split(frame[8:], []byte("\n"))
	for i, line := range lines {
		name, _, _ := bytes.Cut(line, []byte("\t"))
		if value, ok := p.info[string(name)]; ok {
			lines[i] = append(append(bytes.Clone(name), '\t'), value...)
		}
	}
	body := bytes.Join(lines, []byte("\n"))
	head := binary.BigEndian.Uint64(frame)&^0xffffffffffff | uint64(len(body))
	return append(binary.BigEndian.AppendUint64(nil, head), body...)
}

func readFrame(c net.Conn) ([]byte, error) {
	head := make([]byte, 8)
	if _, err := io.ReadFull(c, head); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint64(head) & 0xffffffffffff
	frame := append(head, make([]byte, n)...)
	_, err := io.ReadFull(c, frame[8:])
	return frame, err
}
