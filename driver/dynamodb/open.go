package dynamodb

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"

	"crossover/driver"
	"crossover/driver/clock"
	"crossover/workload"
	"crossover/workload/mapping"
)

// A Driver is a table of a DynamoDB API. It is safe for concurrent use; its sessions are not.
type Driver struct {
	cfg       Config
	sc        *workload.Scenario
	clock     clock.Clock
	run       string
	rules     *mapping.Mapping
	transport *http.Transport
	http      *http.Client
	options   dynamodb.Options // of every client
	control   *dynamodb.Client // for all that is not an operation of the stream
	seen      witness
	table     tableState
	load      loadState
	since     atomic.Uint64 // the embedded server's last event that was read

	mu       sync.Mutex
	sessions []*session
}

// Limits of the connections. The idle ones have to be as many as a run may have sessions, or
// connections would be closed and opened again under load.
const (
	idleConnections = 65536
	idleTimeout     = 5 * time.Minute
	connectTimeout  = 5 * time.Second
)

func open(ctx context.Context, env driver.Env) (driver.Driver, error) {
	cfg, errs := decode(env.Scenario, env.Target)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	endpoint := cfg.Endpoint
	if cfg.At == atEmbedded {
		if env.Address == "" {
			return nil, fmt.Errorf("target %s: at: embedded, but no embedded server was started for it", cfg.Name)
		}
		endpoint = "http://" + env.Address
	}
	d := &Driver{cfg: cfg, sc: env.Scenario, clock: env.Clock, run: env.Run, rules: mapping.New(env.Scenario)}
	conf, err := awsConfig(ctx, cfg, endpoint)
	if err != nil {
		return nil, fmt.Errorf("target %s: AWS configuration: %w", cfg.Name, err)
	}
	if err := d.connections(conf); err != nil {
		return nil, fmt.Errorf("target %s: %w", cfg.Name, err)
	}
	d.clients(conf, endpoint)
	return d, nil
}

// httpClient is the SDK's, so that what configures it (AWS_CA_BUNDLE, a proxy) does so here,
// with connections for as many sessions as there may be.
func httpClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithDialerOptions(func(d *net.Dialer) {
		d.Timeout = connectTimeout
	}).WithTransportOptions(func(t *http.Transport) {
		t.TLSHandshakeTimeout = connectTimeout
		t.MaxIdleConns, t.MaxIdleConnsPerHost, t.IdleConnTimeout = 0, idleConnections, idleTimeout
		t.DisableCompression = true
		t.ForceAttemptHTTP2, t.TLSNextProto = false, map[string]func(string, *tls.Conn) http.RoundTripper{}
	})
}

// connections takes the transport out of the configuration: the driver warms it, asks the
// embedded server for its status through it, and closes it.
func (d *Driver) connections(conf aws.Config) error {
	client, ok := conf.HTTPClient.(*awshttp.BuildableClient)
	if !ok {
		return fmt.Errorf("the AWS configuration brought an HTTP client of type %T", conf.HTTPClient)
	}
	d.transport = client.GetTransport()
	d.http = &http.Client{
		Transport:     d.transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return nil
}

// clients makes the options that every client shares, and the client for what is not an
// operation.
func (d *Driver) clients(conf aws.Config, endpoint string) {
	d.options = dynamodb.NewFromConfig(conf, func(o *dynamodb.Options) {
		// An endpoint that the environment or a profile names is not what `at: aws` asks for.
		o.BaseEndpoint = nil
		if endpoint != "" {
			o.BaseEndpoint = aws.String(endpoint)
		}
		o.Retryer = retryer(d.cfg.Retries, d.sc.Seed)
		o.HTTPClient = &sender{d.http}
		o.EndpointDiscovery.EnableEndpointDiscovery = aws.EndpointDiscoveryDisabled
		o.ClientLogMode = 0 // it could log headers that sign
	}).Options()
	d.control = dynamodb.New(d.options, func(o *dynamodb.Options) {
		o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error {
			return s.Finalize.Insert(&controlAttempt{d}, "Retry", middleware.After)
		})
	})
}

// awsConfig finds region and credentials. Nothing but the service itself is asked where the
// endpoint is on this host: no profile, no metadata service, no sign-in.
func awsConfig(ctx context.Context, cfg Config, endpoint string) (aws.Config, error) {
	here := aws.Config{Region: cfg.Region, Credentials: placeholder, HTTPClient: httpClient()}
	if cfg.At == atEmbedded {
		return here, nil
	}
	if cfg.Profile == "" && isLoopback(endpoint) {
		// DynamoDB Local keeps tables apart by access key, so that a key in the environment counts.
		if e, err := awsconfig.NewEnvConfig(); err == nil && e.Credentials.HasKeys() {
			here.Credentials = credentials.StaticCredentialsProvider{Value: e.Credentials}
		}
		return here, nil
	}
	options := []func(*awsconfig.LoadOptions) error{awsconfig.WithRegion(cfg.Region), awsconfig.WithHTTPClient(httpClient())}
	if cfg.Profile != "" {
		options = append(options, awsconfig.WithSharedConfigProfile(cfg.Profile))
	}
	return awsconfig.LoadDefaultConfig(ctx, options...)
}

// placeholder signs requests to servers that do not check signatures. It is no secret.
var placeholder = credentials.NewStaticCredentialsProvider("crossover", "crossover", "")

func isLoopback(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil || endpoint == "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// Session returns a session with a client of its own, which shares connections, credentials
// and retry quota with the others.
func (d *Driver) Session(context.Context) (driver.Session, error) {
	s := newSession(d)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sessions = append(d.sessions, s)
	return s, nil
}

// Close closes the connections. Operations have to have ended.
func (d *Driver) Close() error {
	d.transport.CloseIdleConnections()
	return nil
}

var (
	_ driver.Driver      = (*Driver)(nil)
	_ driver.Provisioner = (*Driver)(nil)
	_ driver.Loader      = (*Driver)(nil)
	_ driver.Sampler     = (*Driver)(nil)
	_ driver.Describer   = (*Driver)(nil)
	_ driver.Warmer      = (*Driver)(nil)
)
