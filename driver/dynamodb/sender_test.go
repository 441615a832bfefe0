package dynamodb

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"crossover/workload/op"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestSenderHidesWriteTo(t *testing.T) {
	s := &sender{&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		if _, can := r.Body.(io.WriterTo); can {
			t.Error("the body writes itself")
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != "body" || r.ContentLength != 4 {
			t.Errorf("body %q of length %d, error %v", body, r.ContentLength, err)
		}
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
	})}}
	body := io.NopCloser(bytes.NewReader([]byte("body")))
	if _, can := body.(io.WriterTo); !can {
		t.Fatal("this body would not show anything")
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:1/", body)
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = 4
	answer, err := s.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
}

// However fast the answers are, a session's connection lasts.
func TestConnectionsLast(t *testing.T) {
	const sessions = 4
	s := startStandin(t)
	connections := countConnections(t, s)
	d := on(t, s, scenario(t, small, writes), "")
	if err := d.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.Warm(t.Context(), sessions); err != nil {
		t.Fatal(err)
	}
	warmed := connections.Load()
	done := make(chan error)
	for range sessions {
		se, err := d.Session(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			var last error
			o, out := &op.Op{Kind: op.Update, Item: 1, Partition: 1, Body: make([]byte, 500)}, new(op.Outcome)
			for range 200 {
				if se.Do(t.Context(), o, out); out.Err != nil {
					last = out.Err
				}
			}
			done <- last
		}()
	}
	for range sessions {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := connections.Load(); n != warmed {
		t.Errorf("%d connections more", n-warmed)
	}
}
