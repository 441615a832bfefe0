package dynamodb

import (
	_ "embed"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// heatPage shows /crossover/partitions as it changes. It is whole in itself: it loads nothing.
//
//go:embed heat.html
var heatPage []byte

// pagePolicy lets the page run its own script and style, ask this server, and nothing else.
const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// answerGet answers what is asked for without the API: people's page, what it shows, metrics,
// and the health that DynamoDB's endpoints answer there.
func (s *Server) answerGet(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/" && strings.Contains(r.Header.Get("Accept"), "text/html"):
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("Cache-Control", "no-store")
		// A client that has gone can't be told, here and below.
		_, _ = w.Write(heatPage)
	case r.URL.Path == "/":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("healthy: dynamodb." + s.options.Region + ".amazonaws.com \n"))
	case r.URL.Path == "/metrics":
		promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{}).ServeHTTP(w, r)
	case strings.HasPrefix(r.URL.Path, "/crossover/"):
		s.answerStatus(w, r)
	default:
		http.NotFound(w, r)
	}
}
