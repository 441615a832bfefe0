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
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"

	"crossover/driver"
	"crossover/driver/clock"
	"crossover/workload"
	"crossover/workload/mapping"
)

// A Driver is a table of a DynamoDB API. It is safe for concurrent use; its sessions are not.
type Driver struct {
	cfg        Config
	sc         *workload.Scenario
	clock      clock.Clock
	run        string
	rules      *mapping.Mapping
	transport  *http.Transport  // of http
	http       *http.Client     // for all that is not an operation of the stream
	control    *dynamodb.Client // the same
	options    dynamodb.Options // of the sessions' clients
	retryer    aws.RetryerV2    // of the sessions
	opened     openedConns      // by the sessions' SDK
	dialer     *dialer          // of the lean sessions
	cloudwatch metricReader     // nil where the scenario does not ask for it
	skew       skew
	scaling    *applicationautoscaling.Client
	capacity   capacityWatch
	delays     atomic.Uint64 // attempts that adaptive mode held back
	delayed    atomic.Int64  // for how long in all, in ns
	seen       witness
	table      tableState
	load       loadState
	since      atomic.Uint64 // the embedded server's last event that was read

	mu       sync.Mutex
	sessions []*session
}

// Limits of the driver's own connections, of which loading needs many.
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
	if err := d.connections(&conf); err != nil {
		return nil, fmt.Errorf("target %s: %w", cfg.Name, err)
	}
	d.clients(conf, endpoint)
	d.others(conf, endpoint)
	return d, nil
}

// connections prepares both kinds of connections: the driver's own, for all that is not an
// operation, with as many of them kept as it may need at once; and what the sessions' SDK has,
// which is left as it is.
func (d *Driver) connections(conf *aws.Config) error {
	sdk, ok := conf.HTTPClient.(*awshttp.BuildableClient)
	if !ok {
		return fmt.Errorf("the AWS configuration brought an HTTP client of type %T", conf.HTTPClient)
	}
	conf.HTTPClient = sdk.WithTransportOptions(d.opened.watch)
	d.transport = sdk.WithDialerOptions(func(d *net.Dialer) {
		d.Timeout = connectTimeout
	}).WithTransportOptions(func(t *http.Transport) {
		t.TLSHandshakeTimeout = connectTimeout
		t.MaxIdleConns, t.MaxIdleConnsPerHost, t.IdleConnTimeout = 0, idleConnections, idleTimeout
		t.DisableCompression = true
		t.ForceAttemptHTTP2, t.TLSNextProto = false, map[string]func(string, *tls.Conn) http.RoundTripper{}
	}).GetTransport()
	d.http = &http.Client{
		Transport:     d.transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	proxy := d.transport.Proxy
	if proxy == nil {
		proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
	}
	d.dialer = &dialer{real: clock.Real(), config: d.transport.TLSClientConfig, proxy: proxy, where: d.where, open: map[net.Conn]struct{}{}}
	return nil
}

// clients makes the options that the sessions' clients share, with one pool of connections for
// all as an application has it, and the client for what is not an operation.
func (d *Driver) clients(conf aws.Config, endpoint string) {
	d.options = dynamodb.NewFromConfig(conf, func(o *dynamodb.Options) {
		// An endpoint that the environment or a profile names is not what `at: aws` asks for.
		o.BaseEndpoint = nil
		if endpoint != "" {
			o.BaseEndpoint = aws.String(endpoint)
		}
		d.retryer = d.newRetryer()
		o.Retryer, o.RetryMaxAttempts = d.retryer, 0 // the scenario says how many, not the environment
		o.EndpointDiscovery.EnableEndpointDiscovery = aws.EndpointDiscoveryDisabled
		o.ClientLogMode, o.Logger = 0, logging.Nop{} // it could log headers that sign
		if sdk, ok := o.HTTPClient.(*awshttp.BuildableClient); ok {
			o.HTTPClient = &sender{sdk.Freeze()}
		}
	}).Options()
	d.control = dynamodb.New(d.options, func(o *dynamodb.Options) {
		o.Retryer = standardRetryer(d.cfg.Retries, d.sc.Seed) // loading neither feels nor teaches what holds operations back
		o.HTTPClient = &sender{d.http}
		o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error {
			return s.Finalize.Insert(&controlAttempt{d}, "Retry", middleware.After)
		})
	})
}

// others makes the clients of the services beside DynamoDB. Where an endpoint is named they are
// asked for at that too, as servers that stand in for AWS have it.
func (d *Driver) others(conf aws.Config, endpoint string) {
	conf.HTTPClient, conf.Logger, conf.ClientLogMode = d.http, logging.Nop{}, 0
	conf.BaseEndpoint = nil
	if endpoint != "" {
		conf.BaseEndpoint = aws.String(endpoint)
	}
	d.scaling = applicationautoscaling.NewFromConfig(conf, func(o *applicationautoscaling.Options) { o.BaseEndpoint = conf.BaseEndpoint })
	if d.cfg.CloudWatch {
		d.cloudwatch = cloudwatch.NewFromConfig(conf, func(o *cloudwatch.Options) { o.BaseEndpoint = conf.BaseEndpoint })
	}
}

// where returns scheme and host of the service, which the first answer tells: the SDK's rules
// for them know regions, partitions, accounts and what an endpoint says.
func (d *Driver) where(ctx context.Context) (*url.URL, error) {
	if to := d.seen.base.Load(); to != nil {
		return to, nil
	}
	if _, err := d.describeTable(ctx); err != nil && d.seen.base.Load() == nil {
		return nil, err
	}
	if to := d.seen.base.Load(); to != nil {
		return to, nil
	}
	return nil, errNobody
}

var errNobody = errors.New("the service has not answered yet")

// awsConfig finds region and credentials. Nothing but the service itself is asked where the
// endpoint is on this host: no profile, no metadata service, no sign-in.
func awsConfig(ctx context.Context, cfg Config, endpoint string) (aws.Config, error) {
	here := aws.Config{Region: cfg.Region, Credentials: placeholder, HTTPClient: awshttp.NewBuildableClient()}
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
	options := []func(*awsconfig.LoadOptions) error{awsconfig.WithRegion(cfg.Region), awsconfig.WithHTTPClient(awshttp.NewBuildableClient())}
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
	d.opened.end()
	d.dialer.end()
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
