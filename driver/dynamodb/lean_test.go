package dynamodb

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"crossover/workload/op"
)

// A transaction without an idempotency token is given one, as the SDK does.
func TestTransactionsGetATokenOfTheirOwn(t *testing.T) {
	s := startStandin(t)
	var tokens []any
	s.hook = func(w http.ResponseWriter, r *http.Request, name string, n int) bool {
		if name != "TransactWriteItems" {
			return false
		}
		body := make([]byte, r.ContentLength)
		if _, err := r.Body.Read(body); err != nil && len(body) == 0 {
			panic(err)
		}
		tokens = append(tokens, seen(t, r, body).Body.(map[string]any)["ClientRequestToken"])
		if n%2 == 1 {
			refuse(w, http.StatusInternalServerError, "InternalServerError", "")
		} else {
			answer(w, map[string]any{})
		}
		return true
	}
	for _, client := range bothClients {
		d := on(t, s, scenario(t, small, readsOf), ", "+quick+", client: "+client)
		if err := d.Provision(t.Context()); err != nil {
			t.Fatal(err)
		}
		se := newSession(d)
		se.out = new(op.Outcome)
		in := &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{{Delete: &types.Delete{
			TableName: aws.String(tableName), Key: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "x"}},
		}}}}
		if _, err := se.client.TransactWriteItems(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		if !anyUUID.MatchString(aws.ToString(in.ClientRequestToken)) {
			t.Errorf("%s: the token in the caller's input is %q", client, aws.ToString(in.ClientRequestToken))
		}
	}
	if got, want := jsonOf(t, tokens), `["UUID","UUID","UUID","UUID"]`; got != want {
		t.Errorf("tokens %s", got)
	}
}

// quietTLS serves over TLS, and says nothing of handshakes that fail.
func quietTLS(s *standin) *httptest.Server {
	secure := httptest.NewUnstartedServer(s)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	return secure
}

// securely serves a standin over TLS, with an authority that only AWS_CA_BUNDLE knows.
func securely(t *testing.T, s *standin) {
	t.Helper()
	secure := quietTLS(s)
	t.Cleanup(secure.Close)
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	if err := os.WriteFile(bundle, text, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CA_BUNDLE", bundle)
	profile := filepath.Join(t.TempDir(), "config")
	keys := "[profile tls]\naws_access_key_id = " + fakeKey + "\naws_secret_access_key = " + fakeSecret + "\n"
	if err := os.WriteFile(profile, []byte(keys), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", profile)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	s.server.Close()
	s.server = secure
}

// leanSession returns a lean session on a standin whose table holds nothing.
func leanSession(t *testing.T, s *standin, settings string) (*Driver, *session) {
	t.Helper()
	d := on(t, s, scenario(t, small, readsOf), ", "+quick+", client: lean"+settings)
	if err := d.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d, newSession(d)
}

// read is the operation that these tests perform.
var read = op.Op{Kind: op.Read, Item: 1, Partition: 1}

func TestLeanOverTLS(t *testing.T) {
	s := startStandin(t)
	securely(t, s)
	d, se := leanSession(t, s, ", profile: tls")
	var out op.Outcome
	for range 3 {
		if se.Do(t.Context(), &read, &out); out.Class != op.NotFound || len(out.Attempts) != 1 {
			t.Fatalf("%v, %v", out.Class, out.Err)
		}
	}
	if n := d.dialer.dialed.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// An authority that is not known is not trusted.
func TestLeanTrustsNobodyElse(t *testing.T) {
	s := startStandin(t)
	secure := quietTLS(s)
	t.Cleanup(secure.Close)
	d, se := leanSession(t, s, "")
	to := *d.seen.base.Load()
	to.Scheme, to.Host = "https", strings.TrimPrefix(secure.URL, "https://")
	d.seen.base.Store(&to)
	var out op.Outcome
	if se.Do(t.Context(), &read, &out); out.Class != op.Failed || !strings.Contains(out.Err.Error(), "certificate") {
		t.Errorf("%v, %v", out.Class, out.Err)
	}
}

func TestLeanRefusesAProxy(t *testing.T) {
	s := startStandin(t)
	d, se := leanSession(t, s, "")
	d.dialer.proxy = func(r *http.Request) (*url.URL, error) { return r.URL, nil }
	var out op.Outcome
	if se.Do(t.Context(), &read, &out); out.Class != op.Failed || out.Reason != reasonClient || len(out.Attempts) != 1 || !errors.Is(out.Err, errProxy) {
		t.Errorf("%v, %s, %d attempts, %v", out.Class, out.Reason, len(out.Attempts), out.Err)
	}
}

// A connection that the server has closed while it was idle is replaced before it is used: no
// attempt is lost on it.
func TestLeanReplacesIdleConnections(t *testing.T) {
	s := startStandin(t)
	d, se := leanSession(t, s, "")
	var out op.Outcome
	for i := range 3 {
		if se.Do(t.Context(), &read, &out); out.Class != op.NotFound || len(out.Attempts) != 1 {
			t.Fatalf("read %d: %v, attempts %v, %v", i, out.Class, out.Attempts, out.Err)
		}
		lean := se.client.(*lean)
		conn := lean.wire.conn
		s.server.CloseClientConnections()
		for alive(conn) { // until the end has arrived
			if t.Context().Err() != nil {
				t.Fatal("the connection does not end")
			}
		}
		lean.wire.used -= 2 * idleCheck
	}
	if n := d.dialer.dialed.Load(); n != 3 {
		t.Errorf("%d connections for three reads", n)
	}
}

// The server asks for the end of the connection, or answers without saying where the answer
// ends: the next request goes out on another one.
func TestLeanHeedsConnectionClose(t *testing.T) {
	s := startStandin(t)
	d, se := leanSession(t, s, "")
	s.hook = func(w http.ResponseWriter, _ *http.Request, name string, _ int) bool {
		w.Header().Set("Connection", "close")
		return false
	}
	var out op.Outcome
	for range 3 {
		if se.Do(t.Context(), &read, &out); out.Class != op.NotFound || len(out.Attempts) != 1 {
			t.Fatalf("%v, attempts %v, %v", out.Class, out.Attempts, out.Err)
		}
	}
	if n := d.dialer.dialed.Load(); n != 3 {
		t.Errorf("%d connections for three reads", n)
	}
}

// The end of an operation's context ends the wait for its answer, and nothing of it is left for
// operations with another context.
func TestLeanIsCancelled(t *testing.T) {
	s := startStandin(t)
	_, se := leanSession(t, s, ", timeout: 1m")
	asked, held := make(chan struct{}), new(atomic.Bool)
	s.hook = func(_ http.ResponseWriter, r *http.Request, name string, _ int) bool {
		if name != "GetItem" || !held.Load() {
			return false
		}
		asked <- struct{}{}
		<-r.Context().Done()
		return true
	}
	var out op.Outcome
	for range 3 {
		held.Store(true)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { <-asked; cancel() })
		se.Do(ctx, &read, &out)
		wg.Wait()
		if out.Class != op.Timeout || out.Reason != reasonContext || len(out.Attempts) != 1 {
			t.Errorf("%v, %s, attempts %v", out.Class, out.Reason, out.Attempts)
		}
		if se.Do(ctx, &read, &out); out.Class != op.Timeout || out.Reason != reasonContext || len(out.Attempts) != 0 {
			t.Errorf("after that, with the same context: %v, %s, attempts %v", out.Class, out.Reason, out.Attempts)
		}
		held.Store(false)
		if se.Do(t.Context(), &read, &out); out.Class != op.NotFound || len(out.Attempts) != 1 {
			t.Errorf("after that, with another: %v, %s, attempts %v", out.Class, out.Reason, out.Attempts)
		}
	}
}

// Close ends idle connections, and none is opened after it.
func TestLeanEndsWithItsDriver(t *testing.T) {
	s := startStandin(t)
	d, se := leanSession(t, s, "")
	if err := d.Warm(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	var out op.Outcome
	se.Do(t.Context(), &read, &out)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	d.dialer.mu.Lock()
	left := len(d.dialer.open) + len(d.dialer.idle)
	d.dialer.mu.Unlock()
	if left != 0 {
		t.Errorf("%d connections are left", left)
	}
	if se.Do(t.Context(), &read, &out); out.Class != op.Failed {
		t.Errorf("a read of a closed driver: %v", out.Class)
	}
	if conn, err := d.dialer.dial(t.Context(), time.Now().Add(time.Minute)); !errors.Is(err, errClosed) {
		t.Errorf("connection %v, error %v", conn, err)
	}
}

// Sessions connect for themselves, each once.
func TestLeanSessionsShareNothing(t *testing.T) {
	s := startStandin(t)
	d, _ := leanSession(t, s, "")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			se, out := newSession(d), op.Outcome{}
			for range 20 {
				if se.Do(t.Context(), &read, &out); out.Class != op.NotFound {
					t.Errorf("%v, %v", out.Class, out.Err)
				}
			}
		})
	}
	wg.Wait()
	if n := d.dialer.dialed.Load(); n != 8 {
		t.Errorf("%d connections of 8 sessions", n)
	}
}

// A service that asks for more patience than the client has is waited for, up to a bound.
func TestAtLeast(t *testing.T) {
	for _, c := range []struct {
		delay time.Duration
		asked string
		want  time.Duration
	}{
		{time.Second, "", time.Second},
		{time.Second, "x", time.Second},
		{time.Second, "-1", time.Second},
		{time.Second, "10", time.Second},
		{time.Second, "1500", 1500 * time.Millisecond},
		{time.Second, "60000", 6 * time.Second},
		{time.Second, "99999999999999", time.Second},
	} {
		if got := atLeast(c.delay, c.asked); got != c.want {
			t.Errorf("%v, asked for %q ms: %v, want %v", c.delay, c.asked, got, c.want)
		}
	}
}
