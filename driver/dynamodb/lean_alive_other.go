//go:build !unix

package dynamodb

import "net"

// alive cannot look at a connection on this system without reading from it.
func alive(net.Conn) bool { return true }
