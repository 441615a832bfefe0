// Package units holds DynamoDB's capacity-unit rules and item sizes: how many RCU and WCU a
// request consumes, to the half unit, and how many bytes an item counts.
package units
