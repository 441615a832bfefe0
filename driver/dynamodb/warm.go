package dynamodb

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Warm opens a connection for each session, TLS and all, so that the first operations do not
// pay for it. Each is used for one request to the address's root, which DynamoDB answers
// without a signature and which costs nothing; what it says does not matter.
func (d *Driver) Warm(ctx context.Context, sessions int) error {
	if d.seen.base.Load() == nil {
		if _, err := d.describeTable(ctx); err != nil { // who answers is known from the first answer on
			return err
		}
	}
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
	answer, err := d.http.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, io.LimitReader(answer.Body, maxErrorBody))
	if closeErr := answer.Body.Close(); err == nil {
		err = closeErr
	}
	return err
}
