package aerospike

import (
	"context"
	"io"
	"net"
	"testing"

	"crossover/driver/clock"
)

// FuzzSession sends anything to a node: it must neither panic nor hang, and the record that is
// there must stay readable or be gone.
func FuzzSession(f *testing.F) {
	for _, p := range readProbes(f) {
		if !cut[p.name] {
			f.Add(p.request)
		}
	}
	f.Add([]byte("\x02\x01\x00\x00\x00\x00\x00\x36sindex-create:ns=test;set=raw;indexname=i;indexdata=b,blob\n"))
	put := probe(f, "put bin b=01 (info2 WRITE)").request
	f.Fuzz(func(t *testing.T, request []byte) {
		c, err := New(Options{Nodes: 1, Clock: clock.NewVirtual(epoch)})
		if err != nil {
			t.Fatal(err)
		}
		here, there := net.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			newSession(c.nodes[0], there).serve(context.Background())
			there.Close()
		}()
		drained := make(chan struct{})
		go func() {
			defer close(drained)
			_, _ = io.Copy(io.Discard, here) // it ends with the connection
		}()
		_, _ = here.Write(put)
		_, _ = here.Write(request) // the node may have hung up
		here.Close()
		<-done
		<-drained
		c.running.Wait()
	})
}
