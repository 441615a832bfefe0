package aerospike

import (
	"bufio"
	"io"
	"net"
	"sync/atomic"
	"testing"

	as "github.com/aerospike/aerospike-client-go/v7"

	"crossover/driver/embedded/aerospike/wire"
)

// clients runs f on many goroutines with one client on three nodes, the device model off.
func clients(b *testing.B, f func(client *as.Client, keys []*as.Key, i int) error) {
	b.Helper()
	client := connect(b, start(b, Options{Nodes: 3}))
	keys := make([]*as.Key, 10_000)
	for i := range keys {
		keys[i] = mustKey(b, "bench", i)
		if err := client.PutBins(nil, keys[i], as.NewBin("b", make([]byte, 1000))); err != nil {
			b.Fatal(err)
		}
	}
	var next atomic.Int64
	b.SetParallelism(16)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := f(client, keys, int(next.Add(1))%len(keys)); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func BenchmarkGet(b *testing.B) {
	clients(b, func(client *as.Client, keys []*as.Key, i int) error {
		if _, err := client.Get(nil, keys[i]); err != nil {
			return err
		}
		return nil
	})
}

func BenchmarkPut(b *testing.B) {
	value := make([]byte, 1000)
	p := exists(as.REPLACE)
	clients(b, func(client *as.Client, keys []*as.Key, i int) error {
		if err := client.PutBins(p, keys[i], as.NewBin("b", value)); err != nil {
			return err
		}
		return nil
	})
}

// BenchmarkServer is a node's own part: one connection that sends and receives bytes.
func BenchmarkServer(b *testing.B) {
	for name, request := range map[string][]byte{
		"get": probe(b, "get all (info1 READ|GET_ALL)").request, "put": probe(b, "put bin b=01 (info2 WRITE)").request,
	} {
		b.Run(name, func(b *testing.B) {
			c := start(b, Options{Nodes: 1})
			conn, err := net.Dial("tcp", c.Seed())
			if err != nil {
				b.Fatal(err)
			}
			defer conn.Close()
			r := bufio.NewReader(conn)
			head := make([]byte, wire.ProtoSize)
			var body []byte
			send := func(request []byte) {
				if _, err := conn.Write(request); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(r, head); err != nil {
					b.Fatal(err)
				}
				p, err := wire.ParseProto(head)
				if err != nil {
					b.Fatal(err)
				}
				if body, err = wire.ReadBody(r, p.Size, body); err != nil {
					b.Fatal(err)
				}
			}
			send(probe(b, "put bin b=01 (info2 WRITE)").request)
			b.ReportAllocs()
			for b.Loop() {
				send(request)
			}
		})
	}
}
