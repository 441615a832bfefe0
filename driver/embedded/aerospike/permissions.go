package aerospike

import (
	"fmt"
	"strings"
	"time"

	"crossover/driver/embedded/aerospike/wire"
)

// edition returns what the cluster says it is.
func (c *Cluster) edition() string {
	if c.options.Enterprise {
		return enterprise
	}
	return community
}

// permits reports whether the session's user may do what a message asks for.
func (s *session) permits(m *wire.Message, a action) wire.Result {
	safe := s.node.cluster.security
	if safe == nil {
		return wire.OK
	}
	field, _ := m.Field(wire.FieldNamespace)
	namespace := string(field)
	field, _ = m.Field(wire.FieldSet)
	set := string(field)
	if a == readAction || m.Info1&wire.Info1Read != 0 {
		if r := safe.allows(s.user, namespace, set, mayRead, mayReadWrite, mayReadWriteUDF); r != wire.OK {
			return r
		}
	}
	if a == readAction {
		return wire.OK
	}
	return safe.allows(s.user, namespace, set, mayWrite, mayReadWrite, mayReadWriteUDF)
}

// commandPrivileges are what commands need that change something; the others need a user only.
var commandPrivileges = map[string][]uint8{
	"sindex-create":      {mayAdminIndexes, mayAdminData},
	"sindex-delete":      {mayAdminIndexes, mayAdminData},
	"truncate":           {mayTruncate, mayAdminData},
	"truncate-undo":      {mayTruncate, mayAdminData},
	"truncate-namespace": {mayTruncate, mayAdminData},
	"set-config":         {mayAdminSystem, mayAdminData},
	"query-abort":        {mayAdminData},
	"query-abort-all":    {mayAdminData},
	"recluster":          {mayAdminSystem},
}

// allowed answers an info command, if the session's user may ask it.
func (s *session) allowed(command string, now time.Duration) string {
	safe := s.node.cluster.security
	if safe == nil {
		return s.node.command(command, now)
	}
	if s.user == "" {
		return fmt.Sprintf("ERROR:%d:not authenticated", wire.NotAuthenticated)
	}
	name, parameters, _ := strings.Cut(command, ":")
	if needed, ok := commandPrivileges[name]; ok {
		namespace, set := parameter(parameters, "namespace"), parameter(parameters, "set")
		if r := safe.allows(s.user, namespace, set, needed...); r != wire.OK {
			return fmt.Sprintf("ERROR:%d:role violation", r)
		}
	}
	return s.node.command(command, now)
}
