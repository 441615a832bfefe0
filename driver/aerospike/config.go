package aerospike

import (
	"time"

	"gopkg.in/yaml.v3"

	"crossover/driver"
	"crossover/workload"
	"crossover/workload/mapping"
)

// Limits of what the server accepts.
const (
	// MaxSetName is the longest set name in bytes (AS_SET_NAME_MAX_SIZE less its terminator,
	// server source as/include/base/datamodel.h).
	MaxSetName = 63
	// MaxNamespace is the longest namespace name in bytes (AS_ID_NAMESPACE_SZ less its
	// terminator, same file).
	MaxNamespace = 31
)

// Config is an Aerospike target as a scenario spells it.
type Config struct {
	Name       string        `yaml:"name" required:"true" doc:"names the target and its run directory"`
	Driver     string        `yaml:"driver" required:"true" enum:"aerospike"`
	At         string        `yaml:"at" enum:"embedded" doc:"embedded: crossover's own cluster, started for the run; what it yields is modelled"`
	Hosts      []string      `yaml:"hosts" doc:"seed nodes, host:port each, when the target is not embedded"`
	Namespace  string        `yaml:"namespace" default:"test" doc:"namespace, which must exist; 1 to 31 bytes"`
	Set        string        `yaml:"set" doc:"set that holds the items; default crossover-NAME of the scenario; at most 63 bytes"`
	Expendable bool          `yaml:"expendable" default:"false" doc:"the set named by set may be written although crossover did not create it"`
	Kind       string        `yaml:"kind" enum:"real|other" doc:"declares what stands behind hosts; other when it is not given"`
	Timeout    time.Duration `yaml:"timeout" default:"1s" min:"1ms" max:"60s" doc:"limit of one attempt, on the client and sent to the server; 1ms to 60s"`
	Retries    Retries       `yaml:"retries"`
	// Connections bounds the connections to each node; 0 takes one for each session.
	Connections int    `yaml:"connections" default:"0" min:"0" max:"65536" doc:"connections to each node, kept open; 0 opens one for each session"`
	Replica     string `yaml:"replica" default:"sequence" enum:"master|sequence" doc:"which copy an eventual read asks: the master's only, or the next one while the master's node is away; strong reads always ask the master"`
	Commit      string `yaml:"commit" default:"all" enum:"all|master" doc:"copies that have a write before it is acknowledged: all, or the master's only"`
	// Transactions says what is done where the scenario asks for transactions.
	Transactions string `yaml:"transactions" enum:"separate_writes" doc:"separate_writes: what is one transaction on DynamoDB is done as separate requests, neither atomic nor isolated, and the run is marked: the comparison gives this side an easier job. Left out, such a scenario is refused: this client has no multi-record transactions"`

	Nodes       int     `yaml:"nodes" default:"3" min:"1" max:"128" doc:"embedded only: nodes in the cluster"`
	Replication int     `yaml:"replication" default:"2" min:"1" max:"128" doc:"embedded only: copies of each record, at most nodes"`
	Device      string  `yaml:"device" default:"i4i.xlarge" doc:"embedded only: instance type whose NVMe devices are modelled"`
	Devices     int     `yaml:"devices" default:"0" min:"0" max:"64" doc:"embedded only: devices of a node; 0 takes the instance type's"`
	Scale       float64 `yaml:"scale" default:"1" min:"0.000001" max:"1" doc:"embedded only: factor on the devices' speed, above 0 to 1"`
	Latency     bool    `yaml:"latency" default:"true" doc:"embedded only: modelled device and network times"`
	// HeartbeatTimeout and MigrationRate are what a lost node's end is modelled by.
	HeartbeatTimeout time.Duration `yaml:"heartbeat_timeout" default:"1500ms" min:"1ms" max:"1h" doc:"embedded only: how long a node is silent before the others go on without it: heartbeat.interval times heartbeat.timeout"`
	MigrationRate    uint64        `yaml:"migration_rate" unit:"bytes" default:"64MiB" min:"1KiB" doc:"embedded only: bytes that a node receives a second while partitions move to it; an assumption"`
	Faults           string        `yaml:"faults" doc:"embedded only: shares of requests that go wrong, e.g. overload=1%,timeout=1%,reset=1%,delay=1%:20ms,corrupt=0.1%,stale=0.1%"`
}

// Retries are the attempts that the driver makes for an operation.
type Retries struct {
	Attempts      int           `yaml:"attempts" default:"3" min:"1" max:"100" doc:"most attempts for a request, the first included; 1 makes none again"`
	Base          time.Duration `yaml:"base" default:"10ms" max:"60s" doc:"upper bound of the wait before the second attempt; it doubles with each"`
	Max           time.Duration `yaml:"max" default:"1s" max:"600s" doc:"upper bound of any wait between attempts"`
	InDoubtWrites bool          `yaml:"in_doubt_writes" default:"false" doc:"send a write again after a timeout or a broken connection, although it may have been applied"`
}

// Definition returns this driver for the list that cmd keeps.
func Definition() driver.Definition {
	return driver.Definition{
		Name: "aerospike", Open: Open, Check: Check, Serve: Serve,
		Config: func() any { return &Config{} },
	}
}

// separate reports whether transactions are done as separate requests.
func (c *Config) separate() bool { return c.Transactions == mapping.SeparateWrites }

// setName returns the set that a target's items go to.
func (c *Config) setName(sc *workload.Scenario) string {
	if c.Set != "" {
		return c.Set
	}
	return mapping.TableName(sc)
}

// sessions returns how many sessions the scenario asks for.
func sessions(sc *workload.Scenario) int {
	if open := sc.Workload.Arrival.Open; open != nil {
		return open.Sessions
	}
	if closed := sc.Workload.Arrival.Closed; closed != nil {
		return closed.Workers
	}
	return 1
}

// field returns the key and value nodes of a key in a mapping node, or nil.
func field(n *yaml.Node, key string) (k, v *yaml.Node) {
	if n == nil {
		return nil, nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i], n.Content[i+1]
		}
	}
	return nil, nil
}
