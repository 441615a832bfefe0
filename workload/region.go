package workload

import "regexp"

// regionShape is how AWS names regions (AWS General Reference, "Regions and Zones"): a part of
// the world, a direction and a number. A region that is opened later has a new number, or a
// part of the world that has to be added here.
var regionShape = regexp.MustCompile(`^(us|us-gov|us-iso[a-z]?|eu|eu-isoe|eusc-de|ap|sa|ca|me|af|il|mx|cn)-` +
	`(north|south|east|west|central|northeast|northwest|southeast|southwest)-[1-9]$`)

// regions are those that a misspelt name is likely to mean.
var regions = []string{
	"us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1",
	"eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2",
	"ap-south-1", "ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-northeast-1", "ap-northeast-2",
	"ap-northeast-3", "ap-east-1", "me-south-1", "me-central-1", "af-south-1", "il-central-1",
	"us-gov-east-1", "us-gov-west-1", "cn-north-1", "cn-northwest-1",
}

// CheckRegion reports whether name is spelt as AWS spells its regions; if not, with the name
// that was likely meant, or "".
func CheckRegion(name string) (meant string, ok bool) {
	if regionShape.MatchString(name) {
		return "", true
	}
	return nearest(name, regions), false
}
