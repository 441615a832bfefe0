package dynamodb

import (
	"bufio"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"crossover/driver/clock"
	"crossover/workload"
	"crossover/workload/op"
)

// cannedEnv makes this test binary the server of canned answers: in a process of its own, so
// that its CPU does not count as the client's.
const cannedEnv = "CROSSOVER_TEST_CANNED"

func TestMain(m *testing.M) {
	if os.Getenv(cannedEnv) != "" {
		serveCanned()
		return
	}
	m.Run()
}

// serveCanned answers every request with what belongs to its operation, until standard input is
// closed.
func serveCanned() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go cannedConn(conn)
		}
	}()
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		panic(err)
	}
}

// cannedAnswers are by operation; an item is about 1 KiB in 10 attributes.
func cannedAnswers() map[string]string {
	item := `"pk":{"S":"item#7"},"ver":{"S":"0000000000000000"}`
	for i := range 10 {
		item += fmt.Sprintf(`,%q:{"S":%q}`, workload.AttrBody(i), strings.Repeat("x", 96))
	}
	table := `{"Table":{"TableName":"crossover-dynamodb-test","TableStatus":"ACTIVE","TableArn":"arn:aws:dynamodb:us-east-1:123456789012:table/crossover-dynamodb-test"}}`
	return map[string]string{
		"GetItem":       `{"ConsumedCapacity":{"TableName":"t","CapacityUnits":0.5},"Item":{` + item + `}}`,
		"PutItem":       `{"ConsumedCapacity":{"TableName":"t","CapacityUnits":1}}`,
		"DescribeTable": table,
	}
}

func cannedConn(conn net.Conn) {
	defer conn.Close()
	answers := map[string][]byte{}
	for name, body := range cannedAnswers() {
		answers[name] = []byte("HTTP/1.1 200 OK\r\nServer: Server\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: " +
			strconv.Itoa(len(body)) + "\r\nConnection: keep-alive\r\nx-amzn-RequestId: 0123456789ABCDEF\r\nx-amz-crc32: " +
			strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(body))), 10) + "\r\n\r\n" + body)
	}
	r := bufio.NewReaderSize(conn, 16<<10)
	for {
		request, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, request.Body); err != nil {
			return
		}
		_, name, _ := strings.Cut(request.Header.Get("X-Amz-Target"), ".")
		if _, err := conn.Write(answers[name]); err != nil {
			return
		}
	}
}

// startCanned starts the server and returns its address.
func startCanned(t testing.TB) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path)
	cmd.Env = append(os.Environ(), cannedEnv+"=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(address)
}

// cpu is what this process has used.
func cpu(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// A costed client performs one read or one write.
type costed struct {
	name string
	do   func(write bool)
}

// costedClients returns the SDK's client as an application makes it, and the driver's two.
func costedClients(t testing.TB, address string) []costed {
	t.Helper()
	conf, err := awsconfig.LoadDefaultConfig(t.Context(), awsconfig.WithRegion("us-east-1"), awsconfig.WithCredentialsProvider(placeholder))
	if err != nil {
		t.Fatal(err)
	}
	client := dynamodb.NewFromConfig(conf, func(o *dynamodb.Options) { o.BaseEndpoint = aws.String("http://" + address) })
	sc := scenario(t, "{items: 1000, size: 1KiB, attributes: 10}", "  operations: {read: 50%, update: 50%}")
	stream := workload.NewStream(sc)
	ops := map[bool]*op.Op{}
	for i := uint64(0); len(ops) < 2; i++ {
		o := new(op.Op)
		stream.At(i, o)
		ops[o.Kind == op.Update] = o
	}
	it := newItem(sc)
	it.set(sc, ops[true].Partition, 0, 1, ops[true].Body)
	table, units := aws.String(tableName), types.ReturnConsumedCapacityTotal
	list := []costed{{"plain", func(write bool) {
		var err error
		if write {
			_, err = client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: table, Item: it.attributes, ReturnConsumedCapacity: units})
		} else {
			_, err = client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: table, Key: map[string]types.AttributeValue{"pk": it.attributes["pk"]}, ReturnConsumedCapacity: units})
		}
		if err != nil {
			t.Fatal(err)
		}
	}}}
	for _, name := range []string{clientSDK, clientLean} {
		d, err := openDriver(t, clock.Real(), sc, "", "endpoint: 'http://"+address+"', client: "+name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := d.Session(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		out := new(op.Outcome)
		list = append(list, costed{name, func(write bool) {
			if s.Do(t.Context(), ops[write], out); out.Class != op.OK {
				t.Fatal(out.Class, out.Reason, out.Err)
			}
		}})
	}
	return list
}

// costs returns the CPU time of one operation, half reads and half writes, for each client. They
// take turns, so that what else the host does meets all of them; of the rounds the cheapest
// counts, since nothing makes an operation cheaper than it is.
func costs(t testing.TB, rounds, operations int) map[string]time.Duration {
	clients := costedClients(t, startCanned(t))
	best := map[string]time.Duration{}
	for round := range rounds + 1 {
		for _, c := range clients {
			before := cpu(t)
			for i := range operations {
				c.do(i%2 == 0)
			}
			cost := (cpu(t) - before) / time.Duration(operations)
			if was, ok := best[c.name]; round > 0 && (!ok || cost < was) { // the first warms up
				best[c.name] = cost
			}
		}
	}
	return best
}

// What the driver's clients may cost in CPU, as shares of what the SDK's costs alone.
const (
	mostSDK  = 1.10
	mostLean = 0.45
)

// BenchmarkClients prints what an operation costs in CPU, signing on, and both of the driver's
// clients in proportion to the SDK's alone.
func BenchmarkClients(b *testing.B) {
	for b.Loop() {
		best := costs(b, 15, 700)
		plain := float64(best["plain"])
		sdk, lean := float64(best[clientSDK])/plain, float64(best[clientLean])/plain
		b.ReportMetric(plain/1e3, "plain-µs-cpu/op")
		b.ReportMetric(sdk, "sdk/plain")
		b.ReportMetric(lean, "lean/plain")
		if sdk > mostSDK || lean > mostLean {
			b.Errorf("of the SDK's own cost, sdk takes %.2f and lean %.2f; expected at most %.2f and %.2f", sdk, lean, mostSDK, mostLean)
		}
	}
	b.ReportMetric(0, "ns/op")
}
