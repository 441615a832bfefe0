package dynamodb

import (
	"io"
	"net/http"
)

// A sender is the HTTP client that the SDK sends through.
//
// The SDK closes a request's body as soon as the answer's headers are there. Behind them
// net/http may still be looking whether the body has an end, and it is then told io.EOF by
// the body's WriteTo (smithy-go v1.28.9, transport/http/internal/io/safe.go), which it takes
// for a failed write: it closes the connection. Servers on the same host are fast enough for
// that to happen every few hundred requests, and the next one pays for a new connection. A
// body that can only be read ends as it should.
type sender struct{ client *http.Client }

// Do sends a request that the SDK has built for one attempt.
func (s *sender) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = readOnly{r.Body}
	}
	return s.client.Do(r)
}

// readOnly hides what else a body can do.
type readOnly struct{ io.ReadCloser }
