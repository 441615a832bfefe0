package dynamodb

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"crossover/driver"
)

// Describe asks the service who it is, and for the table, if there is one.
func (d *Driver) Describe(ctx context.Context) (driver.Description, error) {
	table, raw, err := d.rawTable(ctx)
	if err != nil {
		return driver.Description{}, err
	}
	about := driver.Description{Kind: d.kind(), Identity: d.identity(ctx), Client: d.clientName(), Settings: d.settings(), Raw: raw}
	if table != nil {
		d.tableSettings(ctx, table, about.Settings)
	}
	if d.cfg.Retries.Mode == modeAdaptive {
		about.Warnings = append(about.Warnings, "retries are adaptive: after throttles the client itself holds attempts back, first ones too. "+
			"Those delays are part of response and service times here, and not the database's; server.jsonl has their number and sum")
	}
	d.table.mu.Lock()
	defer d.table.mu.Unlock()
	about.Warnings = append(about.Warnings, d.table.notes...)
	if d.table.leftover != "" {
		about.Warnings = append(about.Warnings, fmt.Sprintf(
			"table %s is left from run %q: unless it is loaded anew, what that run wrote is in it", d.cfg.Table, d.table.leftover))
	}
	if d.table.foreign {
		about.Warnings = append(about.Warnings, fmt.Sprintf(
			"table %s is not crossover's own: items that were in it before stay, and its capacity is as it was found", d.cfg.Table))
	}
	return about, nil
}

// identity says in words who answers.
func (d *Driver) identity(ctx context.Context) string {
	switch d.kind() {
	case driver.Embedded:
		if status, err := d.status(ctx, 0); err == nil && status.Identity != "" {
			return d.scrub(status.Identity)
		}
		return "crossover embedded DynamoDB (modelled)"
	case driver.Real:
		return "DynamoDB " + d.options.Region
	}
	return "DynamoDB API at " + d.host()
}

// host returns the address that answers, without an account's number.
func (d *Driver) host() string {
	if base := d.seen.base.Load(); base != nil {
		return scrubText(base.Host)
	}
	return "an address that has not answered"
}

// settings are what a reader compares between runs.
func (d *Driver) settings() map[string]string {
	r := d.cfg.Retries
	m := map[string]string{
		"table": d.cfg.Table, "region": d.options.Region, "host": d.host(), "tls": "no",
		"capacity": d.cfg.Capacity.String(), "timeout": d.cfg.Timeout.String(),
		"reads":   d.sc.Workload.Read.Consistency,
		"retries": "none", "client": d.cfg.Client,
		"connections": fmt.Sprintf("the SDK's default transport: of idle ones it keeps %d", awshttp.DefaultHTTPTransportMaxIdleConnsPerHost),
	}
	if d.cfg.Client == clientLean {
		m["connections"] = "one a session, kept"
	}
	if base := d.seen.base.Load(); base != nil && base.Scheme == "https" {
		m["tls"] = "yes"
	}
	if r.Attempts > 1 {
		m["retries"] = fmt.Sprintf("SDK %s, %d attempts, base %v, %v after a throttle, at most %v, quota %s",
			r.Mode, r.Attempts, r.Base, r.ThrottleBase, r.Max, map[bool]string{true: "on", false: "off"}[r.Quota])
	}
	if r.Mode == modeAdaptive {
		m["retries"] = strings.Replace(m["retries"], "none", "SDK adaptive, 1 attempt", 1) + "; the client holds attempts back after throttles"
	}
	if d.cfg.At == atEmbedded {
		m["latency"], m["faults"] = strconv.FormatBool(d.cfg.Latency), d.cfg.Faults
	}
	if d.cfg.Expendable {
		m["expendable"] = "true"
	}
	return m
}

// The modules whose versions a manifest names.
const (
	sdkModule     = "github.com/aws/aws-sdk-go-v2"
	serviceModule = sdkModule + "/service/dynamodb"
)

// clientName names the client and its library.
func (d *Driver) clientName() string {
	if d.cfg.Client == clientLean {
		return "crossover's lean client (client: lean), with credentials, signatures, messages and retry rules of " + sdkVersions()
	}
	return sdkVersions() + " (client: sdk)"
}

// sdkVersions names the SDK, from what was built in; its own constant stands in where that is
// not known.
func sdkVersions() string {
	versions := map[string]string{sdkModule: "v" + aws.SDKVersion}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			versions[m.Path] = m.Version
		}
	}
	text := "aws-sdk-go-v2 " + versions[sdkModule]
	if v := versions[serviceModule]; v != "" {
		text += ", service/dynamodb " + v
	}
	return text
}

// rawTable returns the service's own description of the table, and as it came but without the
// account's number; nil when there is no table.
func (d *Driver) rawTable(ctx context.Context) (*types.TableDescription, json.RawMessage, error) {
	var text bytes.Buffer
	out, err := d.control.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(d.cfg.Table)}, func(o *dynamodb.Options) {
		o.APIOptions = append(o.APIOptions[:len(o.APIOptions):len(o.APIOptions)], func(s *middleware.Stack) error {
			return s.Deserialize.Insert(keepBody(&text), "OperationDeserializer", middleware.After)
		})
	})
	if isCode(err, "ResourceNotFoundException") {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("describing table %s: %w", d.cfg.Table, d.safe(err))
	}
	var answer struct{ Table json.RawMessage }
	if err := json.Unmarshal(text.Bytes(), &answer); err != nil {
		return nil, nil, fmt.Errorf("describing table %s: %w", d.cfg.Table, d.safe(err))
	}
	return out.Table, json.RawMessage(d.scrub(string(answer.Table))), nil
}

// keepBody copies the answer's body, and leaves it to be read again.
func keepBody(into *bytes.Buffer) middleware.DeserializeMiddleware {
	return middleware.DeserializeMiddlewareFunc("CrossoverBody", func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
		middleware.DeserializeOutput, middleware.Metadata, error,
	) {
		out, meta, err := next.HandleDeserialize(ctx, in)
		if answer, ok := out.RawResponse.(*smithyhttp.Response); ok && err == nil {
			into.Reset()
			answer.Body = &rejoined{Reader: io.TeeReader(answer.Body, into), Closer: answer.Body}
		}
		return out, meta, err
	})
}

// A status is what the embedded server says of itself and a table.
type status struct {
	Identity   string                 `json:"identity"`
	Seq        uint64                 `json:"seq"`
	Counters   map[string]float64     `json:"counters"`
	Partitions []driver.PartitionHeat `json:"partitions"`
	Events     []driver.Event         `json:"events"`
}

// maxStatus bounds the status that is read: thousands of partitions, with room to spare.
const maxStatus = 64 << 20

// status asks the embedded server; since is the last event that is known.
func (d *Driver) status(ctx context.Context, since uint64) (*status, error) {
	u := *d.seen.base.Load()
	u.Path, u.RawQuery = "/crossover/status", "table="+strings.ReplaceAll(d.cfg.Table, " ", "%20")+"&since="+strconv.FormatUint(since, 10)
	ctx, cancel := context.WithTimeout(ctx, d.cfg.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, d.safe(err)
	}
	answer, err := d.http.Do(req)
	if err != nil {
		return nil, d.safe(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxStatus))
	if err != nil {
		return nil, d.safe(err)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the embedded server's status: HTTP %d", answer.StatusCode)
	}
	s := new(status)
	if err := json.Unmarshal(body, s); err != nil {
		return nil, fmt.Errorf("the embedded server's status: %w", d.safe(err))
	}
	return s, nil
}
