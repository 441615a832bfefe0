package dynamodb

import (
	"bytes"
	"io"
	"net/http"
	"testing"
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
