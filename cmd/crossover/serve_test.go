package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// A served is a child process that serves DynamoDB.
type served struct {
	command *exec.Cmd
	url     string
}

func serveDynamoDB(t *testing.T, flags ...string) *served {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), self, append([]string{"serve", "dynamodb", "--listen", "127.0.0.1:0", "--latency", "off"}, flags...)...)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	s := &served{command: c}
	t.Cleanup(s.kill)
	line, err := bufio.NewReader(out).ReadBytes('\n')
	var said struct{ Listening string }
	if err == nil {
		err = json.Unmarshal(line, &said)
	}
	if err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	s.url = "http://" + said.Listening
	return s
}

// kill ends the process as SIGKILL does; a second time it does nothing.
func (s *served) kill() {
	_ = s.command.Process.Kill()
	_ = s.command.Wait()
}

// ask returns an answer's status and text; an error is the end of the server.
func (s *served) ask(c *http.Client, operation, body string) (int, string, error) {
	r, err := http.NewRequest(http.MethodPost, s.url, bytes.NewReader([]byte(body)))
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810."+operation)
	res, err := c.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, string(text), err
}

func (s *served) must(t *testing.T, operation, body string) string {
	t.Helper()
	code, text, err := s.ask(http.DefaultClient, operation, body)
	if err != nil || code != http.StatusOK {
		t.Fatalf("%s: %d %s, %v", operation, code, text, err)
	}
	return text
}

// TestKilledServerLosesNothing kills a server with a data directory in the middle of writes.
// The next one has every write that was acknowledged, at least as it was acknowledged, and goes
// on from there.
func TestKilledServerLosesNothing(t *testing.T) {
	const writers, before = 4, 400
	dir := filepath.Join(t.TempDir(), "data")
	s := serveDynamoDB(t, "--data", dir)
	s.must(t, "CreateTable", `{"TableName":"kept","BillingMode":"PAY_PER_REQUEST","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}]}`)
	var acknowledged [writers]int
	var total atomic.Int64
	killed := make(chan struct{})
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			c := &http.Client{Transport: &http.Transport{}}
			defer c.CloseIdleConnections()
			for n := 1; ; n++ {
				code, _, err := s.ask(c, "PutItem", fmt.Sprintf(`{"TableName":"kept","Item":{"pk":{"S":"w%d-%d"},"n":{"N":"%d"}}}`, w, n%10, n))
				if err != nil {
					return // the server has ended
				}
				if code != http.StatusOK {
					t.Errorf("%d", code)
					return
				}
				acknowledged[w] = n
				if total.Add(1) == before {
					close(killed)
				}
			}
		})
	}
	<-killed
	s.kill()
	wg.Wait()

	s = serveDynamoDB(t, "--data", dir)
	for w, last := range acknowledged {
		for n := max(1, last-9); n <= last; n++ {
			var got struct {
				Item struct {
					N struct {
						N int `json:",string"`
					} `json:"n"`
				}
			}
			text := s.must(t, "GetItem", fmt.Sprintf(`{"TableName":"kept","Key":{"pk":{"S":"w%d-%d"}},"ConsistentRead":true}`, w, n%10))
			if err := json.Unmarshal([]byte(text), &got); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if got.Item.N.N < n {
				t.Errorf("writer %d: %d was acknowledged, %s is there", w, n, text)
			}
		}
	}
	s.must(t, "PutItem", `{"TableName":"kept","Item":{"pk":{"S":"later"}}}`)
	if code, _, stderr := crossover(t, "serve", "dynamodb", "--listen", "127.0.0.1:0", "--data", dir); code != exitInput {
		t.Errorf("a second server on the same directory: exit code %d\n%s", code, stderr)
	}
}
