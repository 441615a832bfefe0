package dynamodb

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"

	"crossover/driver"
	"crossover/workload"
	"crossover/workload/mapping"
)

// tableShape is what a table may be called (AWS DynamoDB API Reference, "CreateTable").
var tableShape = regexp.MustCompile(`^[A-Za-z0-9_.-]{3,255}$`)

// faultShape is how faults are written: shares of requests, and for a delay its length.
var faultShape = regexp.MustCompile(`^` + oneFault + `(, *` + oneFault + `)*$`)

const oneFault = `((throttle|error500|reset|corrupt|stale)=[0-9.]+%|delay=[0-9.]+%:[0-9.]+[a-zµ]+)`

// decode reads a target's settings and returns every problem with them.
func decode(sc *workload.Scenario, t workload.Target) (Config, []error) {
	var cfg Config
	var errs []error
	for _, e := range workload.Errors(workload.DecodeAt(sc.File, "targets."+t.Name, t.Node, &cfg)) {
		errs = append(errs, e)
	}
	c := checker{file: sc.File, target: t}
	c.place(&cfg)
	c.embedded(&cfg)
	c.checkModel(&cfg)
	c.table(&cfg)
	c.scaling(&cfg)
	c.retries(&cfg.Retries)
	c.events(sc, &cfg)
	if cfg.Table == "" {
		cfg.Table = mapping.TableName(sc)
	}
	return cfg, append(errs, c.errs...)
}

// A checker finds what one value alone cannot show.
type checker struct {
	file   string
	target workload.Target
	errs   []error
}

// fail reports a problem at the value that keys lead to, or at the nearest node above it.
func (c *checker) fail(found, expected string, keys ...string) {
	n, path := c.target.Node, "targets."+c.target.Name
	for _, key := range keys {
		path = workload.Join(path, key)
		if next := valueOf(n, key); next != nil {
			n = next
		}
	}
	c.errs = append(c.errs, &workload.Error{
		File: c.file, Line: n.Line, Column: n.Column, Path: path, Found: found, Expected: expected,
	})
}

// valueOf returns the value of a key in a mapping, or nil.
func valueOf(n *driver.Node, key string) *driver.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func (c *checker) given(key string) bool { return valueOf(c.target.Node, key) != nil }

// place checks where the service is.
func (c *checker) place(cfg *Config) {
	switch {
	case !c.given("at") && !c.given("endpoint"):
		c.fail("neither at nor endpoint", "at: embedded, at: aws, or an endpoint")
	case c.given("at") && c.given("endpoint"):
		c.fail("endpoint and at together", "one of them", "endpoint")
	}
	if c.given("endpoint") {
		c.endpoint(cfg.Endpoint)
	}
	if meant, ok := workload.CheckRegion(cfg.Region); !ok {
		c.fail(fmt.Sprintf("%q", cfg.Region), "a region such as us-east-1", "region")
		var e *workload.Error
		if errors.As(c.errs[len(c.errs)-1], &e) {
			e.Suggestion = meant
		}
	}
	if cfg.Kind != "" && !c.given("endpoint") {
		c.fail("kind without endpoint", "an endpoint whose kind is declared: what `at` names identifies itself", "kind")
	}
}

// endpoint never quotes what it finds: it might hold a password.
func (c *checker) endpoint(text string) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		c.fail("an endpoint that is no URL", "a URL such as http://127.0.0.1:8000", "endpoint")
	case u.User != nil:
		c.fail("an endpoint with a user in it", "no credentials in a scenario: use profile, or the environment", "endpoint")
	case u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/":
		c.fail("an endpoint with a path or query", "scheme, host and port only", "endpoint")
	}
}

// embedded checks the settings of the embedded server, and those that it does not have.
func (c *checker) embedded(cfg *Config) {
	if cfg.At != atEmbedded {
		for _, key := range []string{"latency", "faults"} {
			if c.given(key) {
				c.fail(key+" without at: embedded", "none: it is a setting of the embedded server", key)
			}
		}
		return
	}
	if cfg.Profile != "" {
		c.fail("profile with at: embedded", "none: the embedded server takes no credentials", "profile")
	}
	if cfg.Faults != "" && !faultShape.MatchString(cfg.Faults) {
		c.fail(fmt.Sprintf("%q", cfg.Faults), "shares of requests, such as throttle=1%,error500=1%,reset=1%,delay=1%:20ms", "faults")
	}
}

// table checks what is written to.
func (c *checker) table(cfg *Config) {
	if c.given("table") && !tableShape.MatchString(cfg.Table) {
		c.fail(fmt.Sprintf("%q", cfg.Table), "3 to 255 letters, digits, dots, dashes and underscores", "table")
	}
	if cfg.Expendable && !c.given("table") {
		c.fail("expendable without table", "table: the name of the table that may be overwritten", "expendable")
	}
	if cfg.Capacity.OnDemand != nil && cfg.Capacity.Provisioned != nil {
		c.fail("on_demand and provisioned together", "one of them", "capacity")
	}
}

// maxScaled is the largest capacity that Application Auto Scaling takes, a 32-bit number.
const maxScaled = 1<<31 - 1

// scaling checks what scales, and what the table is asked for besides.
func (c *checker) scaling(cfg *Config) {
	if cfg.CloudWatch && cfg.At == atEmbedded {
		c.fail("cloudwatch with at: embedded", "none: the embedded server's own counters are read", "cloudwatch")
	}
	p := cfg.Capacity.Provisioned
	if p == nil || p.AutoScaling == nil {
		return
	}
	if p.AutoScaling.Read == nil && p.AutoScaling.Write == nil {
		c.fail("auto_scaling of nothing", "read, write, or both", "capacity", "provisioned", "auto_scaling")
	}
	for _, m := range cfg.dimensions() {
		s, keys := m.scaling, []string{"capacity", "provisioned", "auto_scaling", m.name}
		from := map[string]int64{"read": p.Read, "write": p.Write}[m.name]
		switch {
		case s.Max < s.Min:
			c.fail(fmt.Sprintf("max %d below min %d", s.Max, s.Min), "max at least min", keys...)
		case s.Max > maxScaled:
			c.fail(fmt.Sprintf("max %d", s.Max), fmt.Sprintf("%d at most", maxScaled), keys...)
		case from < s.Min || from > s.Max:
			c.fail(fmt.Sprintf("%s: %d outside min %d to max %d", m.name, from, s.Min, s.Max), "a capacity to start from within the bounds", keys...)
		}
	}
}

func (c *checker) retries(r *Retries) {
	if r.Max < r.Base || r.Max < r.ThrottleBase {
		c.fail(fmt.Sprintf("max %v below base or throttle_base", r.Max), "max at least base and throttle_base", "retries")
	}
}
