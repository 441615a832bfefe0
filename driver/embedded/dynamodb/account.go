package dynamodb

import (
	"cmp"

	"crossover/costmodel/partition"
)

// describeLimits answers DescribeLimits: the quotas that are in force, or a new account's where
// none are.
func (c *call) describeLimits() error {
	q := c.s.options.Quotas
	c.out = appendJSON(c.out, map[string]int64{
		"AccountMaxReadCapacityUnits":  int64(cmp.Or(q.AccountRead, partition.AccountQuotaRead)),
		"AccountMaxWriteCapacityUnits": int64(cmp.Or(q.AccountWrite, partition.AccountQuotaWrite)),
		"TableMaxReadCapacityUnits":    int64(cmp.Or(q.TableRead, partition.TableQuotaRead)),
		"TableMaxWriteCapacityUnits":   int64(cmp.Or(q.TableWrite, partition.TableQuotaWrite)),
	})
	return nil
}

// endpointMinutes is how long a client may keep an endpoint that it was told.
const endpointMinutes = 1440

// describeEndpoints answers DescribeEndpoints: a client that asks is to stay with this server.
func (c *call) describeEndpoints() error {
	type endpoint struct {
		Address              string
		CachePeriodInMinutes int
	}
	address := "localhost"
	if at := c.s.address.Load(); at != nil {
		address = *at
	}
	c.out = appendJSON(c.out, map[string][]endpoint{"Endpoints": {{address, endpointMinutes}}})
	return nil
}
