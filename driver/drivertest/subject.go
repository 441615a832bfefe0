package drivertest

import (
	"context"
	"testing"

	"go.uber.org/goleak"
	"gopkg.in/yaml.v3"

	"crossover/driver"
	"crossover/driver/clock"
	"crossover/workload"
)

// A State is how a database behaves.
type State int

// The states.
const (
	Healthy State = iota // answers everything
	Faulty               // some share of data requests is refused, fails or is reset
	Stalled              // data requests are held, and never answered
)

// A Subject is a driver, and how to get at a database for it.
type Subject struct {
	Definition driver.Definition
	// Place is the setting that names the table or set: "table", "set". Empty: the driver
	// stores nothing, and only what does not depend on content is checked.
	Place string
	// Units says that the database reports consumed units by DynamoDB's rules.
	Units bool
	// All says that every kind of operation can be had from a healthy database; or else the
	// first ones.
	All bool
	// Separate says that transactions are separate requests, and not refused for that only with
	// the setting `transactions: separate_writes`.
	Separate bool
	// States lists which states besides Healthy can be had from Start.
	States []State
	// Secrets are credentials that the driver is given. None may show up in what it says.
	Secrets []string
	// Start returns an empty database, which t.Cleanup ends. A Faulty one has settings that
	// retry often and quickly enough for a few hundred operations.
	Start func(t *testing.T, s State) Database
}

// A Database is what the suite needs to know of one.
type Database struct {
	// Settings are what a target needs to reach it, as in a scenario: "endpoint: http://…".
	Settings string
	// Address is the driver's Env.Address, where the driver needs one.
	Address string
	// Fetch returns the attributes of an item by name, in a way of its own that does not use
	// the driver; nil when there is no such item.
	Fetch func(t *testing.T, sc *workload.Scenario, item uint64) map[string]string
	// Count returns how many items the scenario's table or set has; -1 when it does not exist.
	Count func(t *testing.T, sc *workload.Scenario) int
	// Foreign makes the scenario's table or set as somebody else would, with one item in it.
	Foreign func(t *testing.T, sc *workload.Scenario)
}

// A rig is a database and the drivers that one test opens on it.
type rig struct {
	Subject
	Database
	clock  clock.Clock
	opened int             // drivers that are open
	before []goleak.Option // the goroutines that there were before the first
}

func (s Subject) rig(t *testing.T, state State) *rig {
	t.Helper()
	return &rig{Subject: s, Database: s.Start(t, state), clock: clock.Real()}
}

// target returns the target that settings, added to the database's own, describe.
func (r *rig) target(t *testing.T, settings string) workload.Target {
	t.Helper()
	text := `{name: subject, driver: "` + r.Definition.Name + `"`
	for _, s := range []string{r.Settings, settings} {
		if s != "" {
			text += ", " + s
		}
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text+"}"), &doc); err != nil {
		t.Fatalf("settings %s}: %v", text, err)
	}
	return workload.Target{Name: "subject", Driver: r.Definition.Name, Node: doc.Content[0]}
}

// open opens the driver, and closes it at the test's end. After the last that a test opened, no
// goroutine of theirs may be left.
func (r *rig) open(t *testing.T, sc *workload.Scenario, settings string) driver.Driver {
	t.Helper()
	target := r.target(t, settings)
	if errs := r.Definition.Check(sc, target); len(errs) > 0 {
		t.Fatalf("the driver's own check refuses the settings: %v", errs)
	}
	if r.opened == 0 {
		r.before = []goleak.Option{
			goleak.IgnoreCurrent(),
			// The embedded server in the same process holds a stalled request until its delay is over.
			goleak.IgnoreAnyFunction("crossover/driver/embedded/dynamodb/http1.(*serving).connection"),
		}
	}
	d, err := r.Definition.Open(context.Background(), driver.Env{
		Clock: r.clock, Scenario: sc, Target: target, Address: r.Address, Run: "drivertest",
	})
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	r.opened++
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
		if r.opened--; r.opened > 0 {
			return
		}
		if err := goleak.Find(r.before...); err != nil {
			t.Errorf("after Close: %v", err)
		}
	})
	return d
}

// ready opens the driver, makes its table or set and loads the data set.
func (r *rig) ready(t *testing.T, sc *workload.Scenario, settings string) driver.Driver {
	t.Helper()
	d := r.open(t, sc, settings)
	if p, ok := d.(driver.Provisioner); ok {
		if err := p.Provision(t.Context()); err != nil {
			t.Fatalf("provisioning: %v", err)
		}
	}
	if l, ok := d.(driver.Loader); ok {
		if err := l.Load(t.Context(), 0, sc.Dataset.Items, func(uint64) {}); err != nil {
			t.Fatalf("loading: %v", err)
		}
	}
	return d
}

func session(t *testing.T, d driver.Driver) driver.Session {
	t.Helper()
	s, err := d.Session(t.Context())
	if err != nil {
		t.Fatalf("opening a session: %v", err)
	}
	return s
}
