package workload

import "testing"

func TestCheckRegion(t *testing.T) {
	for name, meant := range map[string]string{
		"us-esat-1": "us-east-1", "us-east1": "us-east-1", "eu-wst-1": "eu-west-1", "useast-1": "us-east-1",
		"ap-southest-2": "ap-southeast-2", "somewhere": "", "": "",
	} {
		if got, ok := CheckRegion(name); ok || got != meant {
			t.Errorf("%q: %v, meant %q, want %q", name, ok, got, meant)
		}
	}
	for _, name := range append([]string{"ap-southeast-9", "mx-central-1", "us-iso-east-1"}, regions...) {
		if _, ok := CheckRegion(name); !ok {
			t.Errorf("%q is refused", name)
		}
	}
}
