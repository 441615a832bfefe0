package dynamodb

import (
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"crossover/driver"
)

// What crossover's own server says of itself in each answer.
const (
	serverHeader    = "Server"
	embeddedServer  = "crossover-embedded-dynamodb"
	partitionHeader = "X-Crossover-Partition"
)

// A witness remembers who answered.
type witness struct {
	known    atomic.Bool
	embedded atomic.Bool
	base     atomic.Pointer[url.URL] // scheme and host of the first request that was answered
}

// see looks at the first answer's headers and address.
func (w *witness) see(answer *http.Response) {
	if answer == nil || answer.Request == nil || answer.Request.URL == nil || w.known.Load() {
		return
	}
	w.embedded.Store(answer.Header.Get(serverHeader) == embeddedServer)
	w.base.Store(&url.URL{Scheme: answer.Request.URL.Scheme, Host: answer.Request.URL.Host})
	w.known.Store(true)
}

// answerOf returns the HTTP answer of an attempt, or nil when there was none.
func answerOf(m middleware.Metadata) *http.Response {
	if r, ok := awsmiddleware.GetRawResponse(m).(*smithyhttp.Response); ok && r != nil && r.Response != nil && r.StatusCode != 0 {
		return r.Response
	}
	return nil
}

// kind says what stands behind the address: the server's own word first, then an address of
// AWS, then what the user declares; otherwise it is other, never real.
func (d *Driver) kind() driver.Kind {
	base := d.seen.base.Load()
	switch {
	case d.seen.embedded.Load():
		return driver.Embedded
	case base != nil && base.Scheme == "https" && isAWS(base.Hostname()):
		return driver.Real
	case d.cfg.Kind != "":
		return driver.Kind(d.cfg.Kind)
	}
	return driver.Other
}

// awsDomains end the names of AWS's endpoints (AWS General Reference, "AWS service endpoints";
// api.aws are the dual-stack ones).
var awsDomains = []string{".amazonaws.com", ".amazonaws.com.cn", ".api.aws"}

func isAWS(host string) bool {
	for _, domain := range awsDomains {
		if strings.HasSuffix(strings.ToLower(host), domain) {
			return true
		}
	}
	return false
}
