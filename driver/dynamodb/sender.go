package dynamodb

import (
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// A sender is the HTTP client that the SDK sends through.
//
// The SDK closes a request's body as soon as the answer's headers are there. Behind them
// net/http may still be looking whether the body has an end, and it is then told io.EOF by
// the body's WriteTo (smithy-go v1.28.9, transport/http/internal/io/safe.go), which it takes
// for a failed write: it closes the connection, and with it ends an answer that is still being
// read. Servers on the same host are fast enough for that to happen every few hundred requests;
// over a network the write is over long before. So this is the one thing of the SDK's that its
// users on AWS never see and that is kept out: a body that can only be read ends as it should.
type sender struct{ client aws.HTTPClient }

// Do sends a request that the SDK has built for one attempt.
func (s *sender) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = readOnly{r.Body}
	}
	return s.client.Do(r)
}

// readOnly hides what else a body can do.
type readOnly struct{ io.ReadCloser }
