package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	bridge "go.opentelemetry.io/contrib/bridges/prometheus"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/sdk/metric"
)

// otlpPrefix marks a --metrics value as an OTLP receiver to push to.
const otlpPrefix = "otlp+"

// otlpPeriod is the pause between pushes.
const otlpPeriod = 10 * time.Second

// metricsStop bounds how long the last push and the endpoint's end may take.
const metricsStop = 5 * time.Second

// serveMetrics offers m where each of places says: "host:port" serves Prometheus's format at
// /metrics; "otlp+http://host:port" pushes to an OpenTelemetry receiver. The function that it
// returns ends both, after a last push.
func serveMetrics(ctx context.Context, places []string, m *metrics) (stop func() error, err error) {
	registry := prometheus.NewRegistry()
	if err := registry.Register(m); err != nil {
		return nil, err
	}
	var ends []func(context.Context) error
	stop = func() error {
		// The run's own context may have ended; the last interval is wanted all the same.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), metricsStop)
		defer cancel()
		var errs []error
		for _, end := range ends {
			errs = append(errs, end(ctx))
		}
		return errors.Join(errs...)
	}
	for _, place := range places {
		start := serveScrapes
		if strings.HasPrefix(place, otlpPrefix) {
			start = pushOTLP
		}
		end, err := start(ctx, place, registry)
		if err != nil {
			return nil, badInput(errors.Join(fmt.Errorf("--metrics %s: %w", place, err), stop()))
		}
		ends = append(ends, end)
	}
	return stop, nil
}

func serveScrapes(ctx context.Context, address string, registry *prometheus.Registry) (func(context.Context) error, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: metricsStop}
	done := make(chan error, 1)
	go func() { done <- server.Serve(ln) }()
	return func(ctx context.Context) error {
		err := server.Shutdown(ctx)
		if served := <-done; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}, nil
}

func pushOTLP(ctx context.Context, place string, registry *prometheus.Registry) (func(context.Context) error, error) {
	url := strings.TrimPrefix(place, otlpPrefix)
	if !strings.HasPrefix(url, "http://") && !strings.HasPrefix(url, "https://") {
		return nil, fmt.Errorf("expected %shttp://HOST:PORT or %shttps://HOST:PORT", otlpPrefix, otlpPrefix)
	}
	if !strings.HasSuffix(url, "/v1/metrics") {
		url = strings.TrimSuffix(url, "/") + "/v1/metrics"
	}
	exporter, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(url))
	if err != nil {
		return nil, err
	}
	reader := metric.NewPeriodicReader(exporter, metric.WithInterval(otlpPeriod),
		metric.WithProducer(bridge.NewMetricProducer(bridge.WithGatherer(registry))))
	return metric.NewMeterProvider(metric.WithReader(reader)).Shutdown, nil
}
