package aerospike

import "crossover/driver"

var _ driver.Keeper = (*cluster)(nil)

// Keep lets Load add to the set as an earlier run left it, rather than empty it.
func (c *cluster) Keep() {
	c.provision.Lock()
	defer c.provision.Unlock()
	c.leftover = false
}
