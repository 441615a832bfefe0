package catalogue

import (
	"math"
	"strings"
	"testing"
)

func TestInstances(t *testing.T) {
	all := All()
	if len(all) < 100 {
		t.Fatalf("%d instance types", len(all))
	}
	for _, i := range all {
		total := float64(i.NVMeDevices) * i.NVMeDeviceGB
		if math.Abs(total-i.NVMeTotalGB) > 0.01*i.NVMeTotalGB {
			t.Errorf("%s: %d devices of %v GB are not %v GB", i.Type, i.NVMeDevices, i.NVMeDeviceGB, i.NVMeTotalGB)
		}
		if i.VCPU < 1 || i.RAMGiB <= 0 || i.NetBaseGbps <= 0 || i.IOKnown() != (i.IOSource != "") {
			t.Errorf("%s: incomplete: %+v", i.Type, i)
		}
	}
	// EC2 User Guide, "Storage optimized instances": i4i.xlarge, 100,000 and 55,000 IOPS.
	i, err := Find("i4i.xlarge")
	if err != nil || i.ReadIOPS != 100_000 || i.WriteIOPS != 55_000 {
		t.Errorf("i4i.xlarge: %+v, %v", i, err)
	}
	if _, err := Find("i4i.xlrage"); err == nil || !strings.Contains(err.Error(), `"i4i.xlarge"`) {
		t.Errorf("a typo gave %v", err)
	}
}
