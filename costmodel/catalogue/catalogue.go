// Package catalogue holds instance types' hardware, without prices.
package catalogue

// An Instance is the hardware of one EC2 instance type.
type Instance struct {
	Type           string
	VCPU           int
	RAMGiB         float64
	NVMeTotalGB    float64 // decimal GB over all devices
	NVMeDevices    int
	NVMeDeviceGB   float64 // decimal GB of one device
	NetBaseGbps    float64 // baseline
	Arch           string  // amd64, arm64
	ReadIOPS       float64 // whole instance, 4 KiB; 0 when unknown
	WriteIOPS      float64
	ReadBytesPerS  float64 // whole instance; 0 when unknown
	WriteBytesPerS float64
	IOSource       string // where the device figures come from
}
