//go:build unix

package dynamodb

import (
	"crypto/tls"
	"net"
	"syscall"
)

// alive reports whether an idle connection can be expected to take a request: the other side has
// neither closed it nor sent anything.
func alive(conn net.Conn) bool {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	c, ok := conn.(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	quiet := false
	err = raw.Read(func(fd uintptr) bool {
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
		quiet = err == syscall.EAGAIN || err == syscall.EWOULDBLOCK
		return true // Go's sockets do not block: there is nothing to wait for
	})
	return err == nil && quiet
}
