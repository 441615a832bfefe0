package main

import (
	"fmt"
	"strconv"

	"crossover/costmodel/catalogue"
	"crossover/costmodel/nvme"
	"crossover/driver/aerospike"
	aerospikeserver "crossover/driver/embedded/aerospike"
	"crossover/driver/simulate"
	"crossover/workload"
)

// aerospikeModel is a cluster as a target's settings describe the embedded one.
func aerospikeModel(sc *workload.Scenario, t workload.Target) (simulate.System, error) {
	cfg, err := aerospike.Settings(sc, t)
	if err != nil {
		return nil, badInput(err)
	}
	i, err := catalogue.Find(cfg.Device)
	if err != nil {
		return nil, badInput(fmt.Errorf("target %s: device: %w", t.Name, err))
	}
	device, err := nvme.ForInstance(i, sc.Seed)
	if err != nil {
		return nil, badInput(fmt.Errorf("target %s: device: %w", t.Name, err))
	}
	a := &simulate.Aerospike{
		Nodes: cfg.Nodes, Replication: cfg.Replication, Device: device, Devices: cfg.Devices, Scale: cfg.Scale,
		FabricRTT: aerospikeserver.DefaultFabricRTT, HeartbeatTimeout: cfg.HeartbeatTimeout, MigrationRate: float64(cfg.MigrationRate),
		Timeout: cfg.Timeout, CommitMaster: cfg.Commit == "master", ReadReplicas: cfg.Replica == "sequence",
		Retries: simulate.AerospikeRetries{Attempts: cfg.Retries.Attempts, Base: cfg.Retries.Base, Max: cfg.Retries.Max},
		Target:  t.Name, Settings: map[string]string{"device": cfg.Device},
	}
	if a.Devices == 0 {
		a.Devices = i.NVMeDevices
	}
	a.Settings["devices of a node"] = strconv.Itoa(a.Devices)
	return a, nil
}
