package aerospike

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"crossover/costmodel/catalogue"
	"crossover/costmodel/nvme"
	"crossover/driver/clock"
)

// Assumed where no vendor publishes a figure; both can be set in Options.
const (
	// DefaultFabricRTT is the round trip between two nodes that a replicated write waits for:
	// general knowledge of hosts in one EC2 availability zone.
	DefaultFabricRTT = 200 * time.Microsecond
	// DefaultNodes and DefaultDevice are what Options take when they say nothing.
	DefaultNodes  = 3
	DefaultDevice = "i4i.xlarge"
)

const (
	maxNodes      = 128 // AS_CLUSTER_SZ of an Enterprise node; Community stops at 8 (hb.h)
	maxNamespace  = 31  // bytes of a namespace's name (as_msg; AS_ID_NAMESPACE_SZ is 32)
	defaultRF     = 2   // replication-factor's default (namespace.c)
	loopbackFirst = "127.0.0.1:0"
)

// Options are a cluster's. The zero value of each field but Clock takes a default.
type Options struct {
	// Clock is the server's own time: void times, expiry, delays. Required.
	Clock clock.Clock
	// Listen is the first node's address; the others take the next ports, or free ones when
	// its port is 0. Default: a free loopback port.
	Listen string
	// Nodes is 1 to 128; default 3.
	Nodes int
	// Replication is how many copies each record has, 1 to Nodes; default 2, or 1 on one node.
	Replication int
	// Device is the EC2 instance type whose NVMe devices are modelled; default i4i.xlarge.
	Device string
	// Devices is how many devices a node has; 0 takes the instance type's.
	Devices int
	// DeviceBytes is the size of one device; 0 takes the instance type's.
	DeviceBytes int64
	// Scale makes the devices slower by this factor, and their caches smaller: above 0 to 1;
	// default 1.
	Scale float64
	// Enterprise makes it an Enterprise Edition's cluster, as far as it goes: security.
	Enterprise bool
	// Security asks clients who they are, and lets each do what its roles allow. There is one
	// user at first, admin, whose password is admin and who may make others.
	Security bool
	// Namespace is 1 to 31 bytes; default "test".
	Namespace string
	// Latency turns the modelled delays on, and with them device overload.
	Latency bool
	// FabricRTT is the round trip of a replica write; 0 takes DefaultFabricRTT.
	FabricRTT time.Duration
	// HeartbeatTimeout is how long a node is silent before the others publish a map without it;
	// 0 takes DefaultHeartbeatTimeout.
	HeartbeatTimeout time.Duration
	// MigrationRate is how many bytes/s a node receives while partitions move to it; 0 takes
	// DefaultMigrationRate.
	MigrationRate float64
	// Faults go wrong on purpose.
	Faults Faults
	// RandomSeed seeds latencies and faults.
	RandomSeed uint64
}

func (o Options) withDefaults() Options {
	if o.Listen == "" {
		o.Listen = loopbackFirst
	}
	if o.Nodes == 0 {
		o.Nodes = DefaultNodes
	}
	if o.Replication == 0 {
		o.Replication = min(defaultRF, o.Nodes)
	}
	if o.Device == "" {
		o.Device = DefaultDevice
	}
	if o.Scale == 0 {
		o.Scale = 1
	}
	if o.Namespace == "" {
		o.Namespace = "test"
	}
	if o.FabricRTT == 0 {
		o.FabricRTT = DefaultFabricRTT
	}
	if o.HeartbeatTimeout == 0 {
		o.HeartbeatTimeout = DefaultHeartbeatTimeout
	}
	if o.MigrationRate == 0 {
		o.MigrationRate = DefaultMigrationRate
	}
	return o
}

// Validate returns everything that is wrong with o, after defaults.
func (o Options) Validate() error {
	o = o.withDefaults()
	var errs []error
	wrong := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	wrong(o.Clock != nil, "a clock is needed")
	wrong(o.Nodes >= 1 && o.Nodes <= maxNodes, "nodes: %d, expected 1 to %d", o.Nodes, maxNodes)
	wrong(o.Replication >= 1 && o.Replication <= max(o.Nodes, 1),
		"replication: %d, expected 1 to the number of nodes, %d", o.Replication, o.Nodes)
	wrong(o.Devices >= 0 && o.Devices <= 128, "devices: %d, expected 0 (the instance type's) to 128", o.Devices)
	wrong(o.DeviceBytes >= 0, "device bytes: %d, expected 0 (the instance type's) or more", o.DeviceBytes)
	wrong(o.Scale > 0 && o.Scale <= 1, "scale: %v, expected above 0 to 1", o.Scale)
	wrong(!o.Security || o.Enterprise, "security: it needs the Enterprise Edition")
	wrong(o.FabricRTT > 0, "fabric round trip: %v, expected above 0", o.FabricRTT)
	wrong(o.HeartbeatTimeout > 0, "heartbeat timeout: %v, expected above 0", o.HeartbeatTimeout)
	wrong(o.MigrationRate > 0, "migration rate: %v, expected above 0", o.MigrationRate)
	wrong(len(o.Namespace) <= maxNamespace && !strings.ContainsAny(o.Namespace, ":;,/\t\n= "),
		"namespace %q: expected 1 to %d bytes without : ; , / = or white space", o.Namespace, maxNamespace)
	if _, _, err := o.address(); err != nil {
		errs = append(errs, err)
	}
	if _, err := o.device(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(append(errs, o.Faults.validate())...)
}

// address splits Listen; port 0 asks for free ones.
func (o Options) address() (host string, port int, err error) {
	host, text, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return "", 0, fmt.Errorf("listen: %w", err)
	}
	port, err = strconv.Atoi(text)
	if err != nil || port < 0 || port > 0 && port+o.Nodes-1 > 65535 {
		return "", 0, fmt.Errorf("listen: port %q with %d nodes, expected 0 to 65535 for each", text, o.Nodes)
	}
	return host, port, nil
}

// A hardware is what the options' instance type comes to.
type hardware struct {
	params  nvme.Params // of one device, before scaling
	devices int         // a node
	bytes   int64       // of one device
}

func (o Options) device() (hardware, error) {
	i, err := catalogue.Find(o.Device)
	if err != nil {
		return hardware{}, fmt.Errorf("device: %w", err)
	}
	h := hardware{devices: o.Devices, bytes: o.DeviceBytes}
	if h.params, err = nvme.ForInstance(i, o.RandomSeed); err != nil {
		return hardware{}, fmt.Errorf("device: %w", err)
	}
	if h.devices == 0 {
		h.devices = i.NVMeDevices
	}
	if h.bytes == 0 {
		h.bytes = int64(i.NVMeDeviceGB * 1e9)
	}
	return h, nil
}
