package aerospike

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	as "github.com/aerospike/aerospike-client-go/v7"

	"crossover/driver/clock"
	"crossover/driver/embedded/aerospike/store"
	"crossover/driver/embedded/aerospike/wire"
)

// childRole tells this binary, run again, what to be: one node, a server that only echoes, or a
// node that is filled.
const childRole = "CROSSOVER_BENCH_ROLE"

// echoed is how long a whole answer of the echo server is: as that to a get of 1,000 bytes.
const echoed = wire.ProtoSize + wire.HeaderSize + 8 + 1 + 1000

// childMain is what a child does.
func childMain() int {
	defer Frugal()()
	var address string
	switch role := os.Getenv(childRole); role {
	case "echo":
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 1
		}
		address = ln.Addr().String()
		go echo(ln)
	default:
		c, err := New(Options{Nodes: 1, Replication: 1, Listen: "127.0.0.1:0", Clock: clock.Real()})
		if err != nil || c.Start(context.Background()) != nil {
			return 1
		}
		defer c.Close()
		if role == "full" {
			fillStore(c, 1_000_000)
		}
		address = c.Seed()
	}
	fmt.Println(address)
	// Each line that comes asks for what was used so far; the end of them ends the child.
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var u syscall.Rusage
		if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
			return 1
		}
		fmt.Println(u.Utime.Nano()+u.Stime.Nano(), u.Maxrss)
	}
	return 0
}

// echo answers every request with as many bytes as a record has.
func echo(ln net.Listener) {
	for {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			in := bufio.NewReaderSize(conn, readBuffer)
			head, answer := make([]byte, wire.ProtoSize), make([]byte, echoed)
			binary.BigEndian.PutUint64(answer, 2<<56|3<<48|(echoed-wire.ProtoSize))
			var body []byte
			for {
				if _, err := io.ReadFull(in, head); err != nil {
					return
				}
				p, err := wire.ParseProto(head)
				if err != nil {
					return
				}
				if body, err = wire.ReadBody(in, p.Size, body); err != nil {
					return
				}
				if _, err := conn.Write(answer); err != nil {
					return
				}
			}
		}()
	}
}

// fillStore puts records of 1,000 bytes into the node as its connections do, many at a time.
func fillStore(c *Cluster, n int) {
	var next atomic.Int64
	var running sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		running.Go(func() {
			value, bins := make([]byte, 1000), []byte(nil)
			for {
				i := next.Add(1)
				if i > int64(n) {
					return
				}
				var d wire.Digest
				binary.LittleEndian.PutUint64(d[:], uint64(i)*0x9e3779b97f4a7c15)
				binary.LittleEndian.PutUint64(d[8:], uint64(i))
				bins = wire.AppendOp(bins[:0], wire.OpRead, wire.Blob, []byte("b"), value)
				txn := c.store.Begin(&d, 0)
				set, _ := txn.Set([]byte("bench"))
				txn.Put(&store.Value{Set: set, Bins: bins, Count: 1})
				txn.End()
			}
		})
	}
	running.Wait()
}

// A child is this binary, run again on two cores.
type child struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	address string
}

func startChild(b *testing.B, role string) *child {
	b.Helper()
	c := &child{cmd: exec.Command(os.Args[0])}
	c.cmd.Env = append(os.Environ(), childRole+"="+role, "GOMAXPROCS=2")
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		b.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		c.in.Close()
		if err := c.cmd.Wait(); err != nil {
			b.Error(err)
		}
	})
	c.out = bufio.NewReader(out)
	line, err := c.out.ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	c.address = strings.TrimSpace(line)
	return c
}

// used returns the CPU time that the child has used, and the most memory that it has held.
func (c *child) used(b *testing.B) (cpu time.Duration, bytes int64) {
	b.Helper()
	if _, err := io.WriteString(c.in, "\n"); err != nil {
		b.Fatal(err)
	}
	line, err := c.out.ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	var kilobytes int64
	if _, err := fmt.Sscan(line, &cpu, &kilobytes); err != nil {
		b.Fatal(err)
	}
	return cpu, kilobytes << 10
}

// perOperation runs 16 connections that each send a request and read its answer, n in all, and
// returns what the child used for one.
func (c *child) perOperation(b *testing.B, request []byte, n int) time.Duration {
	b.Helper()
	before, _ := c.used(b)
	var running sync.WaitGroup
	for range 16 {
		running.Go(func() {
			conn, err := net.Dial("tcp", c.address)
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close()
			in := bufio.NewReader(conn)
			head := make([]byte, wire.ProtoSize)
			for range n / 16 {
				if _, err := conn.Write(request); err != nil {
					b.Error(err)
					return
				}
				if _, err := io.ReadFull(in, head); err != nil {
					b.Error(err)
					return
				}
				p, err := wire.ParseProto(head)
				if err != nil {
					b.Error(err)
					return
				}
				if _, err := in.Discard(int(p.Size)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	running.Wait()
	after, _ := c.used(b)
	return (after - before) / time.Duration(n/16*16)
}

// BenchmarkServerCPU prints the CPU time of a node in a process of its own, device model off, for
// one read of a record of 1,000 bytes: from 16 bare connections beside a server that only echoes
// as much, in turns, and from the Go client with 16 goroutines.
func BenchmarkServerCPU(b *testing.B) {
	node, bare := startChild(b, "node"), startChild(b, "echo")
	host, text, err := net.SplitHostPort(node.address)
	if err != nil {
		b.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(err)
	}
	client, aerr := as.NewClient(host, port)
	if aerr != nil {
		b.Fatal(aerr)
	}
	defer client.Close()
	key := mustKey(b, "bench", 1)
	if err := client.PutBins(nil, key, as.NewBin("b", make([]byte, 1000))); err != nil {
		b.Fatal(err)
	}
	request := getRequest(key)
	const each = 20_000
	var own, echo, byClient time.Duration
	turns := 0
	for b.Loop() {
		turns++
		own += node.perOperation(b, request, each)
		echo += bare.perOperation(b, request, each)
		before, _ := node.used(b)
		var running sync.WaitGroup
		for range 16 {
			running.Go(func() {
				for range each / 16 {
					if _, err := client.Get(nil, key); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		running.Wait()
		after, _ := node.used(b)
		byClient += (after - before) / (each / 16 * 16)
	}
	micros := func(d time.Duration) float64 { return float64(d) / float64(turns) / 1e3 }
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(micros(byClient), "µs-server/get-of-client")
	b.ReportMetric(micros(own), "µs-server/get")
	b.ReportMetric(micros(echo), "µs-echo/get")
	b.ReportMetric(float64(own)/float64(echo), "times-echo")
}

// getRequest returns a read of all of a record's bins.
func getRequest(key *as.Key) []byte {
	out, at := wire.Begin(nil)
	out = wire.AppendHeader(out, &wire.Header{Info1: wire.Info1Read | wire.Info1GetAll, Fields: 3})
	out = wire.AppendField(out, wire.FieldNamespace, []byte(key.Namespace()))
	out = wire.AppendField(out, wire.FieldSet, []byte(key.SetName()))
	out = wire.AppendField(out, wire.FieldDigest, key.Digest())
	wire.End(out, at, wire.TypeMessage)
	return out
}

// BenchmarkMillionRecords prints the most memory that a node held for 1,000,000 records of 1,000
// bytes.
func BenchmarkMillionRecords(b *testing.B) {
	var most int64
	for b.Loop() {
		_, bytes := startChild(b, "full").used(b)
		most = max(most, bytes)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(most)/1e9, "GB")
}
