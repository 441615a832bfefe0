package dynamodb

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"golang.org/x/sync/errgroup"
)

// Warm opens connections, TLS and all, so that the first operations do not pay for it: one for
// each lean session, and as many as the SDK's transport keeps for the others. Each of the SDK's
// is used for one request to the address's root, which DynamoDB answers without a signature and
// which costs nothing; what it says does not matter.
func (d *Driver) Warm(ctx context.Context, sessions int) error {
	if _, err := d.where(ctx); err != nil {
		return err
	}
	if d.cfg.Client == clientLean {
		return d.warmLean(ctx, sessions)
	}
	sessions = min(sessions, awshttp.DefaultHTTPTransportMaxIdleConnsPerHost) // more it does not keep
	group, ctx := errgroup.WithContext(ctx)
	// No request is sent before every one has its connection: else one would serve several.
	var connected sync.WaitGroup
	connected.Add(sessions)
	all := make(chan struct{})
	go func() {
		connected.Wait()
		close(all)
	}()
	for range sessions {
		group.Go(func() error {
			once := sync.OnceFunc(connected.Done)
			defer once()
			return d.connect(ctx, func() {
				once()
				select {
				case <-all:
				case <-ctx.Done():
				}
			})
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("warming %d connections: %w", sessions, d.safe(err))
	}
	return nil
}

// warmLean opens the sessions' connections. No request is needed: none of them is shared.
func (d *Driver) warmLean(ctx context.Context, sessions int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxDials)
	for range sessions {
		group.Go(func() error {
			conn, err := d.dialer.dial(ctx, d.dialer.real.Wall(d.dialer.real.Now()+connectTimeout))
			if err == nil {
				d.dialer.keep(conn)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("warming %d connections: %w", sessions, d.safe(err))
	}
	return nil
}

// maxDials is how many connections are opened at once: a listener's queue is short.
const maxDials = 64

// connect sends one request; got is called when it has a connection.
func (d *Driver) connect(ctx context.Context, got func()) error {
	ctx, cancel := context.WithTimeout(ctx, d.cfg.Timeout+connectTimeout)
	defer cancel()
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { got() }}
	u := *d.seen.base.Load()
	u.Path = "/"
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	answer, err := d.options.HTTPClient.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, io.LimitReader(answer.Body, maxErrorBody))
	if closeErr := answer.Body.Close(); err == nil {
		err = closeErr
	}
	return err
}
