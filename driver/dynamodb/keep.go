package dynamodb

import "crossover/driver"

var _ driver.Keeper = (*Driver)(nil)

// Keep lets Load add to the table as an earlier run left it, rather than make it anew.
func (d *Driver) Keep() {
	d.table.mu.Lock()
	defer d.table.mu.Unlock()
	d.table.leftover = ""
}
