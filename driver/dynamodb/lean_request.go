package dynamodb

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// signingName is the service's name in the credential scope of a signature (AWS General
// Reference, "DynamoDB endpoints and quotas").
const signingName = "dynamodb"

// Headers of a request, in the order in which they are written. These are the SDK's; all but the
// first are under the signature.
const (
	userAgentHeader  = "User-Agent"
	lengthHeader     = "Content-Length"
	encodingHeader   = "Accept-Encoding"
	invocationHeader = "Amz-Sdk-Invocation-Id"
	attemptHeader    = "Amz-Sdk-Request"
	typeHeader       = "Content-Type"
	dateHeader       = "X-Amz-Date"
	tokenHeader      = "X-Amz-Security-Token"
	targetHeader     = "X-Amz-Target"
	signatureHeader  = "Authorization"
)

var requestHeaders = []string{
	userAgentHeader, lengthHeader, encodingHeader, invocationHeader, attemptHeader, typeHeader, dateHeader, tokenHeader, targetHeader, signatureHeader,
}

// userAgent names who sends. It is not signed.
var userAgent = "crossover-lean aws-sdk-go-v2/" + aws.SDKVersion + " os/" + runtime.GOOS + " lang/go"

// A request is the parts of a request that an operation's attempts share, and its bytes.
type request struct {
	target     string
	body       bytes.Buffer
	hash       string // of the body, for the signature: computed once for all attempts
	invocation string // one for all attempts
	attempt    int
	most       int // attempts; 0 is without a limit
	bytes      []byte
}

// fix computes what all attempts share from the body.
func (r *request) fix() error {
	sum := sha256.Sum256(r.body.Bytes())
	var text [2 * sha256.Size]byte
	hex.Encode(text[:], sum[:])
	r.hash = string(text[:])
	var buffer [36]byte
	id, err := uuid(buffer[:0])
	r.invocation = string(id)
	return err
}

// attemptText is the value of Amz-Sdk-Request.
func (r *request) attemptText() string {
	if r.most == 0 {
		return "attempt=" + strconv.Itoa(r.attempt)
	}
	return "attempt=" + strconv.Itoa(r.attempt) + "; max=" + strconv.Itoa(r.most)
}

// A signer signs requests with the SDK's signer, which derives a key once a day and region and
// keeps it. Each session has its own, so that none waits for another's.
type signer struct {
	v4      *v4.Signer
	region  string
	request http.Request
	values  map[string][]string // of request: one value each, replaced in place
}

func newSigner(region string) *signer {
	s := &signer{v4: v4.NewSigner(), region: region, values: map[string][]string{
		encodingHeader: {"identity"}, invocationHeader: {""}, attemptHeader: {""},
		typeHeader: {"application/x-amz-json-1.0"}, targetHeader: {""}, userAgentHeader: {userAgent},
	}}
	s.request = http.Request{Method: http.MethodPost, URL: &url.URL{}, Header: s.values}
	return s
}

// write makes the request's bytes, signed for a host at a time.
func (s *signer) write(ctx context.Context, r *request, host string, c aws.Credentials, at time.Time) error {
	s.values[invocationHeader][0] = r.invocation
	s.values[attemptHeader][0] = r.attemptText()
	s.values[targetHeader][0] = r.target
	delete(s.values, tokenHeader)
	s.request.Host, s.request.URL.Host, s.request.URL.Path = host, host, "/"
	s.request.ContentLength = int64(r.body.Len())
	if err := s.v4.SignHTTP(ctx, c, &s.request, r.hash, signingName, s.region, at); err != nil {
		return err
	}
	b := append(r.bytes[:0], "POST / HTTP/1.1\r\nHost: "...)
	b = append(b, host...)
	for _, name := range requestHeaders {
		value := s.values[name]
		switch {
		case name == lengthHeader:
			b = append(b, "\r\n"+lengthHeader+": "...)
			b = strconv.AppendInt(b, int64(r.body.Len()), 10)
		case len(value) > 0:
			b = append(append(append(append(b, '\r', '\n'), name...), ':', ' '), value[0]...)
		}
	}
	b = append(b, "\r\n\r\n"...)
	r.bytes = append(b, r.body.Bytes()...)
	return nil
}
