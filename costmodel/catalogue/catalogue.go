// Package catalogue holds instance types' hardware, without prices.
package catalogue

import (
	_ "embed"
	"fmt"
	"slices"
	"sync"

	"github.com/agnivade/levenshtein"
	"gopkg.in/yaml.v3"
)

// An Instance is the hardware of one EC2 instance type.
type Instance struct {
	Type           string  `yaml:"type"`
	VCPU           int     `yaml:"vcpu"`
	RAMGiB         float64 `yaml:"ram_gib"`
	NVMeTotalGB    float64 `yaml:"nvme_total_gb"` // decimal GB over all devices
	NVMeDevices    int     `yaml:"nvme_devices"`
	NVMeDeviceGB   float64 `yaml:"nvme_device_gb"` // decimal GB of one device
	NetBaseGbps    float64 `yaml:"net_base_gbps"`  // baseline
	Arch           string  `yaml:"arch"`           // amd64, arm64
	ReadIOPS       float64 `yaml:"read_iops"`      // whole instance, 4 KiB; 0 when unknown
	WriteIOPS      float64 `yaml:"write_iops"`
	ReadBytesPerS  float64 `yaml:"read_bytes_s"` // whole instance; 0 when unknown
	WriteBytesPerS float64 `yaml:"write_bytes_s"`
	IOSource       string  `yaml:"io_source"` // where the device figures come from; "" when unknown
}

// IOKnown reports whether the devices' rates are known.
func (i Instance) IOKnown() bool { return i.ReadIOPS > 0 && i.WriteBytesPerS > 0 }

// Source says where the hardware's figures come from.
const Source = "EC2 instance-type reference generated from DescribeInstanceTypes, 2026-07-11; device rates: EC2 User Guide 2023 and iotune figures 2026-06"

//go:embed instances.yaml
var text []byte

var load = sync.OnceValue(func() []Instance {
	var file struct{ Instances []Instance }
	if err := yaml.Unmarshal(text, &file); err != nil {
		panic("catalogue: the embedded file does not parse: " + err.Error())
	}
	return file.Instances
})

// All returns every instance type.
func All() []Instance { return slices.Clone(load()) }

// Find returns an instance type by name; the error names the nearest.
func Find(name string) (Instance, error) {
	best, distance := "", len(name)
	for _, i := range load() {
		if i.Type == name {
			return i, nil
		}
		if d := levenshtein.ComputeDistance(i.Type, name); d < distance {
			best, distance = i.Type, d
		}
	}
	return Instance{}, fmt.Errorf("instance type %q is not in the catalogue; the nearest is %q", name, best)
}
