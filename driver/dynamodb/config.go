package dynamodb

import (
	"errors"
	"strconv"
	"time"

	"crossover/driver"
	"crossover/workload"
)

// Values of a target's settings.
const (
	atEmbedded = "embedded"
	atAWS      = "aws"

	clientSDK  = "sdk"
	clientLean = "lean"

	modeStandard = "standard"
	modeAdaptive = "adaptive"
)

// A Config is a target's settings.
type Config struct {
	Name           string        `yaml:"name" required:"true" doc:"names the target"`
	Driver         string        `yaml:"driver" required:"true" enum:"dynamodb" doc:"dynamodb"`
	At             string        `yaml:"at" enum:"embedded|aws" doc:"embedded: crossover's own server, started for the run; aws: the service in region; left out when endpoint is given"`
	Endpoint       string        `yaml:"endpoint" doc:"URL of a DynamoDB API, such as http://127.0.0.1:8000; instead of at"`
	Region         string        `yaml:"region" default:"us-east-1" doc:"AWS region"`
	Profile        string        `yaml:"profile" doc:"profile of the shared AWS configuration files that credentials come from"`
	Table          string        `yaml:"table" doc:"table name; default crossover-SCENARIO"`
	Expendable     bool          `yaml:"expendable" default:"false" doc:"the table named by table may be overwritten although crossover did not create it"`
	Kind           string        `yaml:"kind" enum:"real|other" doc:"declares what stands behind an endpoint"`
	Capacity       Capacity      `yaml:"capacity" doc:"capacity mode of the table that is created; default on demand"`
	WarmThroughput Warmth        `yaml:"warm_throughput" doc:"what the table that is created can serve from the start"`
	TableClass     string        `yaml:"table_class" default:"standard" enum:"standard|infrequent_access" doc:"class of the table that is created"`
	Stream         string        `yaml:"stream" default:"none" enum:"none|keys_only|new_image|old_image|new_and_old_images" doc:"stream of the table that is created, by what its records show"`
	PITR           bool          `yaml:"point_in_time_recovery" default:"false" doc:"continuous backups of the table that is created"`
	CloudWatch     bool          `yaml:"cloudwatch" default:"false" doc:"at: aws, or an endpoint that has it: what CloudWatch says of the table goes into server.jsonl, a minute or more late; its requests are billed"`
	Client         string        `yaml:"client" default:"sdk" enum:"sdk|lean" doc:"sdk: the client that an application on aws-sdk-go-v2 has, its transport untouched; lean: the same signed requests as bytes on one connection a session, for less of the generator's CPU"`
	Timeout        time.Duration `yaml:"timeout" default:"5s" min:"1ms" doc:"longest wait for the answer to one attempt"`
	Retries        Retries       `yaml:"retries" doc:"the AWS SDK's retries"`
	Latency        bool          `yaml:"latency" default:"true" doc:"at: embedded only: model service times"`
	Assumptions    Assumptions   `yaml:"assumptions" doc:"at: embedded and crossover simulate only: what is assumed of partitions where AWS publishes nothing"`
	Quota          Quota         `yaml:"quota" doc:"at: embedded and crossover simulate only: the account's quotas"`
	Faults         string        `yaml:"faults" doc:"at: embedded only: shares of requests that go wrong, e.g. throttle=1%,error500=1%,reset=1%,delay=1%:20ms,corrupt=0.1%,stale=0.1%"`
}

// Capacity is a table's capacity mode. At most one field is set; none is on demand.
type Capacity struct {
	OnDemand    *OnDemand    `yaml:"on_demand" doc:"pay per request"`
	Provisioned *Provisioned `yaml:"provisioned" doc:"capacity bought by the hour"`
}

// OnDemand has the ceilings of an on-demand table, in units/s; 0 sets none.
type OnDemand struct {
	MaxRead  int64 `yaml:"max_read" default:"0" min:"0" doc:"most read request units/s; 0 sets no ceiling"`
	MaxWrite int64 `yaml:"max_write" default:"0" min:"0" doc:"most write request units/s; 0 sets no ceiling"`
}

// Provisioned is the capacity of a provisioned table, in units/s.
type Provisioned struct {
	Read  int64 `yaml:"read" required:"true" min:"1" doc:"read capacity units"`
	Write int64 `yaml:"write" required:"true" min:"1" doc:"write capacity units"`

	AutoScaling *AutoScaling `yaml:"auto_scaling" doc:"Application Auto Scaling of the table that is created, from these units on"`
}

// Retries configure the SDK's retryer. The defaults are the SDK's own (module
// aws-sdk-go-v2 v1.48.0, packages aws/retry and aws/ratelimit).
type Retries struct {
	Mode         string        `yaml:"mode" default:"standard" enum:"standard|adaptive" doc:"standard, or adaptive: after throttles the client holds attempts back, first ones too; those delays are in response and service times, in no attempt's latency, and counted in server.jsonl"`
	Attempts     int           `yaml:"attempts" default:"3" min:"1" max:"100" doc:"most attempts a request, the first included; 1 makes no retries"`
	Base         time.Duration `yaml:"base" default:"50ms" min:"1us" doc:"the n-th retry waits a random share of base x 2^(n-1)"`
	ThrottleBase time.Duration `yaml:"throttle_base" default:"1s" min:"1us" doc:"the same after a throttled attempt"`
	Max          time.Duration `yaml:"max" default:"20s" doc:"most that a retry waits"`
	Quota        bool          `yaml:"quota" default:"true" doc:"the SDK's retry quota: 500 tokens shared by all sessions; without a token a request is not retried"`
}

// Definition returns the driver's entry in the list of drivers.
func Definition() driver.Definition {
	return driver.Definition{
		Name: "dynamodb",
		Open: open,
		Check: func(sc *workload.Scenario, t workload.Target) []error {
			_, errs := decode(sc, t)
			return errs
		},
		Serve:  serve,
		Config: func() any { return new(Config) },
	}
}

// serve returns the child's arguments for `at: embedded`.
func serve(sc *workload.Scenario, t workload.Target) ([]string, error) {
	cfg, errs := decode(sc, t)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if cfg.At != atEmbedded {
		return nil, nil
	}
	latency := "off"
	if cfg.Latency {
		latency = "on"
	}
	args := []string{
		"serve", "dynamodb", "--listen", "127.0.0.1:0", "--until-stdin-closes",
		"--region", cfg.Region, "--latency", latency, "--fault", cfg.Faults, "--seed", strconv.FormatUint(sc.Seed, 10),
	}
	if text := cfg.Assumptions.Text(); text != "" {
		args = append(args, "--assume", text)
	}
	if text := cfg.Quota.Text(); text != "" {
		args = append(args, "--quota", text)
	}
	return args, nil
}
