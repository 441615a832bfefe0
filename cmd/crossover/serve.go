package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/spf13/cobra"

	"crossover/costmodel/partition"
	"crossover/driver/clock"
	aerospikeserver "crossover/driver/embedded/aerospike"
	dynamodbserver "crossover/driver/embedded/dynamodb"
)

const longServe = `serve runs one of crossover's own servers on a loopback port, for scenarios, for trying
things out and for other clients. What it yields is modelled, never a vendor's.

It prints one line of JSON that says where it listens. With --until-stdin-closes it
ends when its standard input closes, which is how crossover runs it as a child.`

func newServe(s streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run an embedded DynamoDB or Aerospike server",
		Long:  longServe,
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newServeDynamoDB(s), newServeAerospike(s))
	return c
}

// announce prints where a server listens.
func announce(w io.Writer, address string) error {
	return json.NewEncoder(w).Encode(map[string]string{"listening": address})
}

// untilStdinCloses returns a context that ends when in does.
func untilStdinCloses(ctx context.Context, in io.Reader, wanted bool) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	if wanted {
		go func() {
			defer cancel()
			// Nothing is expected on it; an error ends the server just as its end does.
			_, _ = io.Copy(io.Discard, in)
		}()
	}
	return ctx, cancel
}

// onOff reads an on|off flag.
func onOff(name, value string) (bool, error) {
	switch value {
	case "on":
		return true, nil
	case "off":
		return false, nil
	}
	return false, badInput(fmt.Errorf("--%s %q: expected on or off", name, value))
}

// latencyOf reads on, off, or what differs from the assumed service times.
func latencyOf(text string) (modelled bool, m dynamodbserver.LatencyModel, err error) {
	if text == "on" || text == "off" {
		return text == "on", m, nil
	}
	if m, err = dynamodbserver.ParseLatency(text); err != nil {
		err = badInput(fmt.Errorf("--latency: %w; or just on or off", err))
	}
	return err == nil, m, err
}

func newServeDynamoDB(s streams) *cobra.Command {
	var listen, latency, fault, region, data, assume, quota string
	var deny []string
	var exports string
	var seed uint64
	var ttlWithin time.Duration
	var child bool
	c := &cobra.Command{
		Use:   "dynamodb",
		Short: "Run the embedded DynamoDB server",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			modelled, model, err := latencyOf(latency)
			if err != nil {
				return err
			}
			o := dynamodbserver.Options{Clock: clock.Real(), Region: region, Latency: modelled, Model: model, Seed: seed, DenyWrites: deny, Data: data, ExportDir: exports}
			if o.Faults, err = dynamodbserver.ParseFaults(fault); err != nil {
				return badInput(fmt.Errorf("--fault: %w", err))
			}
			if o.Assumptions, err = partition.ParseAssumptions(assume); err != nil {
				return badInput(fmt.Errorf("--assume: %w", err))
			}
			if o.Quotas, err = dynamodbserver.ParseQuotas(quota); err != nil {
				return badInput(fmt.Errorf("--quota: %w", err))
			}
			if o.TTLWithin = ttlWithin; ttlWithin <= 0 {
				return badInput(fmt.Errorf("--ttl-within %s: expected more than 0", ttlWithin))
			}
			defer dynamodbserver.Frugal()()
			server, err := dynamodbserver.New(o)
			if err != nil {
				return badInput(err)
			}
			ctx, cancel := untilStdinCloses(c.Context(), s.in, child)
			defer cancel()
			ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
			if err != nil {
				return badInput(err)
			}
			if err := announce(s.out, ln.Addr().String()); err != nil {
				return err
			}
			return firstError(server.Serve(ctx, ln), server.Close())
		},
	}
	f := c.Flags()
	f.StringVar(&listen, "listen", "127.0.0.1:8000", "address to listen on; port 0 takes a free one")
	f.StringVar(&latency, "latency", "on", "modelled service times: on, off, or what differs from those assumed, e.g. GetItem=2ms,scale=0.5,network=0.3ms,cross_az=0.6ms")
	f.StringVar(&fault, "fault", "", "shares of requests that go wrong, e.g. throttle=1%,error500=1%,reset=1%,delay=1%:20ms,slow=10%:5ms,corrupt=0.1%,stale=0.1%")
	f.DurationVar(&ttlWithin, "ttl-within", dynamodbserver.DefaultTTLWithin, "within how long after its time an expired item is deleted")
	f.StringVar(&assume, "assume", "", "what is assumed of partitions where AWS publishes nothing, e.g. split_after=10m,eventual_read=4500; docs/models.md lists all")
	f.StringVar(&quota, "quota", "", "the account's quotas in units/s that differ from AWS's own, e.g. table_read=100000,account_read=0; 0: none")
	f.StringVar(&region, "region", "us-east-1", "region named in ARNs")
	f.StringArrayVar(&deny, "deny-writes", nil, "refuse writes to this table, and count them; may be given several times")
	f.StringVar(&exports, "export-dir", "", "directory that stands for S3: exports are written below it, each bucket a directory")
	f.StringVar(&data, "data", "", "keep tables and items in this directory, and begin with those that are there")
	f.Uint64Var(&seed, "seed", 1, "seed of latencies and faults")
	f.BoolVar(&child, "until-stdin-closes", false, "end when standard input closes")
	return c
}

func newServeAerospike(s streams) *cobra.Command {
	var latency, fault, edition string
	var child bool
	o := aerospikeserver.Options{}
	c := &cobra.Command{
		Use:   "aerospike",
		Short: "Run the embedded Aerospike cluster",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if o.Latency, err = onOff("latency", latency); err != nil {
				return err
			}
			if edition != "ce" && edition != "ee" {
				return badInput(fmt.Errorf("--edition %q: expected ce or ee", edition))
			}
			o.Enterprise = edition == "ee"
			if o.Faults, err = aerospikeserver.ParseFaults(fault); err != nil {
				return badInput(fmt.Errorf("--fault: %w", err))
			}
			if o.Nodes < 1 {
				return badInput(fmt.Errorf("--nodes %d: expected 1 or more", o.Nodes))
			}
			o.Clock = clock.Real()
			defer aerospikeserver.Frugal()()
			cluster, err := aerospikeserver.New(o)
			if err != nil {
				return badInput(err)
			}
			ctx, cancel := untilStdinCloses(c.Context(), s.in, child)
			defer cancel()
			if err := cluster.Start(ctx); err != nil {
				return err
			}
			if err := announce(s.out, cluster.Seed()); err != nil {
				return firstError(err, cluster.Close())
			}
			<-ctx.Done()
			return cluster.Close()
		},
	}
	f := c.Flags()
	f.StringVar(&o.Listen, "listen", "127.0.0.1:3000", "address of the first node; the others take the next ports, or free ones when the port is 0")
	f.IntVar(&o.Nodes, "nodes", 3, "nodes in the cluster, 1 to 128")
	f.IntVar(&o.Replication, "replication", 2, "copies of each record, 1 to the number of nodes")
	f.StringVar(&o.Device, "device", "i4i.xlarge", "instance type whose NVMe devices are modelled")
	f.IntVar(&o.Devices, "devices", 0, "devices a node; 0 takes the instance type's")
	f.Float64Var(&o.Scale, "scale", 1, "scale the devices' speed by this factor, above 0 to 1")
	f.DurationVar(&o.HeartbeatTimeout, "heartbeat-timeout", aerospikeserver.DefaultHeartbeatTimeout, "how long a node is silent before the others go on without it")
	f.Float64Var(&o.MigrationRate, "migration-rate", aerospikeserver.DefaultMigrationRate, "bytes/s that a node receives while partitions move to it")
	f.StringVar(&o.Namespace, "namespace", "test", "namespace")
	f.StringVar(&edition, "edition", "ce", "ce, or ee: Enterprise Edition as far as it goes, which is users and roles")
	f.BoolVar(&o.Security, "security", false, "ask clients who they are (needs --edition ee); the first user is admin, password admin")
	f.StringVar(&latency, "latency", "on", "modelled device and network times: on or off")
	f.StringVar(&fault, "fault", "", "shares of requests that go wrong, e.g. overload=1%,timeout=1%,reset=1%,delay=1%:20ms,corrupt=0.1%,stale=0.1%")
	f.Uint64Var(&o.RandomSeed, "seed", 1, "seed of latencies and faults")
	f.BoolVar(&child, "until-stdin-closes", false, "end when standard input closes")
	return c
}
