package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// release is set by the build (-ldflags "-X main.release=v1.2.3"); empty in a plain build.
var release string

// toolVersion returns what manifests and reports name: the release, or the revision.
func toolVersion() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				return "devel-" + s.Value[:12]
			}
		}
	}
	return "devel"
}

func newVersion(s streams) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "version",
		Short: "Print the version, and those of the client libraries",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := map[string]string{"crossover": toolVersion(), "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH}
			libraries := []string{
				"github.com/aws/aws-sdk-go-v2", "github.com/aws/aws-sdk-go-v2/service/dynamodb",
				"github.com/aerospike/aerospike-client-go/v7", "github.com/HdrHistogram/hdrhistogram-go",
			}
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, dep := range info.Deps {
					for _, l := range libraries {
						if dep.Path == l {
							v[l] = dep.Version
						}
					}
				}
			}
			if asJSON {
				return json.NewEncoder(s.out).Encode(v)
			}
			fmt.Fprintf(s.out, "crossover %s (%s, %s)\n", v["crossover"], v["go"], v["platform"])
			for _, l := range libraries {
				if v[l] != "" {
					fmt.Fprintf(s.out, "%s %s\n", l, v[l])
				}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}
