package aerospike

import (
	"encoding/binary"
	"slices"

	"crossover/driver/embedded/aerospike/wire"
)

// Commands of the security protocol.
const (
	adminAuthenticate     = 0
	adminCreateUser       = 1
	adminDropUser         = 2
	adminSetPassword      = 3
	adminChangePassword   = 4
	adminGrantRoles       = 5
	adminRevokeRoles      = 6
	adminQueryUsers       = 9
	adminCreateRole       = 10
	adminDropRole         = 11
	adminGrantPrivileges  = 12
	adminRevokePrivileges = 13
	adminSetWhitelist     = 14
	adminSetQuotas        = 15
	adminQueryRoles       = 16
	adminLogin            = 20
)

// Fields of the security protocol.
const (
	adminUser        = 0
	adminPassword    = 1
	adminOldPassword = 2
	adminCredential  = 3
	adminToken       = 5
	adminTokenTTL    = 6
	adminRoles       = 10
	adminRole        = 11
	adminPrivileges  = 12
	adminWhitelist   = 13
	adminReadQuota   = 14
	adminWriteQuota  = 15
	adminFields      = 19 // one more than the greatest
)

// adminHeader is the size of a security message's own header: its second byte is a result, its
// third a command, its fourth how many fields follow.
const adminHeader = 16

// sessionTTL is how long a session is good for, in seconds, as clients are told
// (session-ttl's default).
const sessionTTL = 86400

// An adminMessage is a request of the security protocol.
type adminMessage struct {
	command uint8
	fields  [adminFields][]byte
	present [adminFields]bool
}

func (a *adminMessage) parse(b []byte) bool {
	if len(b) < adminHeader {
		return false
	}
	a.command = b[2]
	// The number of fields is not relied on: the Go client (7.10.2, createRole) leaves out a list of
	// one.
	for b = b[adminHeader:]; len(b) > 0; {
		if len(b) < 5 {
			return false
		}
		size := binary.BigEndian.Uint32(b)
		if size < 1 || uint64(size) > uint64(len(b)-4) {
			return false
		}
		if kind := b[4]; kind < adminFields {
			a.fields[kind], a.present[kind] = b[5:4+size], true
		}
		b = b[4+size:]
	}
	return true
}

func (a *adminMessage) text(field int) string { return string(a.fields[field]) }

// names reads a list of names, each with its length before it.
func (a *adminMessage) names(field int) ([]string, bool) {
	b := a.fields[field]
	if !a.present[field] || len(b) == 0 {
		return nil, !a.present[field]
	}
	n, b := int(b[0]), b[1:]
	var out []string
	for range n {
		if len(b) < 1 || int(b[0]) > len(b)-1 {
			return nil, false
		}
		out = append(out, string(b[1:1+b[0]]))
		b = b[1+b[0]:]
	}
	return out, len(b) == 0
}

// privileges reads a list of privileges.
func (a *adminMessage) privileges() ([]privilege, bool) {
	b := a.fields[adminPrivileges]
	if !a.present[adminPrivileges] || len(b) == 0 {
		return nil, !a.present[adminPrivileges]
	}
	n, b := int(b[0]), b[1:]
	take := func() (string, bool) {
		if len(b) < 1 || int(b[0]) > len(b)-1 {
			return "", false
		}
		s := string(b[1 : 1+b[0]])
		b = b[1+b[0]:]
		return s, true
	}
	var out []privilege
	for range n {
		if len(b) < 1 {
			return nil, false
		}
		p := privilege{code: b[0]}
		b = b[1:]
		if p.scoped() {
			var ok, whole bool
			p.namespace, ok = take()
			p.set, whole = take()
			if !ok || !whole {
				return nil, false
			}
		}
		out = append(out, p)
	}
	return out, len(b) == 0
}

// admin answers a request of the security protocol.
func (s *session) admin(body []byte) error {
	var a adminMessage
	var start int
	s.out, start = wire.Begin(s.out[:0])
	safe := s.node.cluster.security
	switch {
	case safe == nil:
		s.out = appendAdmin(s.out, wire.SecurityUnsupported)
	case !a.parse(body):
		s.out = appendAdmin(s.out, wire.InvalidField)
	case a.command == adminLogin || a.command == adminAuthenticate:
		s.enter(safe, &a)
	case a.command == adminQueryUsers && s.mayQuery(safe, &a):
		s.out = safe.appendUsers(s.out, &a)
		s.endQuery(start)
		return s.send()
	case a.command == adminQueryRoles && s.mayQuery(safe, &a):
		s.out = safe.appendRoles(s.out, &a)
		s.endQuery(start)
		return s.send()
	default:
		s.out = appendAdmin(s.out, s.administer(safe, &a))
	}
	wire.End(s.out, start, wire.TypeSecurity)
	return s.send()
}

// endQuery ends a list, and says in a message of its own that it is whole.
func (s *session) endQuery(start int) {
	wire.End(s.out, start, wire.TypeSecurity)
	if s.out[start+wire.ProtoSize+1] != uint8(wire.OK) {
		return // what was asked for is not there
	}
	s.out, start = wire.Begin(s.out)
	s.out = appendAdmin(s.out, wire.QueryEnd)
	wire.End(s.out, start, wire.TypeSecurity)
}

// enter begins a session on this connection.
func (s *session) enter(safe *security, a *adminMessage) {
	name := a.text(adminUser)
	if a.command == adminAuthenticate {
		if !safe.resume(name, a.fields[adminToken]) {
			s.out = appendAdmin(s.out, wire.ExpiredSession)
			return
		}
		s.user = name
		s.out = appendAdmin(s.out, wire.OK)
		return
	}
	token, r := safe.login(name, a.fields[adminCredential])
	s.out = appendAdmin(s.out, r)
	if r != wire.OK {
		return
	}
	s.user = name
	s.out[len(s.out)-adminHeader+3] = 2
	s.out = wire.AppendField(s.out, adminToken, token)
	s.out = wire.AppendField(s.out, adminTokenTTL, binary.BigEndian.AppendUint32(nil, sessionTTL))
}

// mayQuery reports whether the session may see users and roles: each user may see itself.
func (s *session) mayQuery(safe *security, a *adminMessage) bool {
	return a.command == adminQueryUsers && s.user != "" && a.text(adminUser) == s.user ||
		safe.allows(s.user, "", "", mayAdminUsers) == wire.OK
}

// administer carries out what changes users and roles.
func (s *session) administer(safe *security, a *adminMessage) wire.Result {
	name := a.text(adminUser)
	if a.command == adminChangePassword { // each user's own
		if s.user == "" || s.user != name {
			return wire.NotAuthenticated
		}
		return safe.setPassword(name, a.fields[adminOldPassword], a.fields[adminPassword])
	}
	if r := safe.allows(s.user, "", "", mayAdminUsers); r != wire.OK {
		return r
	}
	roles, ok := a.names(adminRoles)
	privileges, whole := a.privileges()
	if !ok || !whole {
		return wire.InvalidField
	}
	of := a.text(adminRole)
	switch a.command {
	case adminCreateUser:
		return safe.createUser(name, a.fields[adminPassword], roles)
	case adminDropUser:
		return safe.dropUser(name)
	case adminSetPassword:
		return safe.setPassword(name, nil, a.fields[adminPassword])
	case adminGrantRoles, adminRevokeRoles:
		return safe.grant(name, roles, a.command == adminRevokeRoles)
	case adminCreateRole:
		return safe.createRole(of, &role{
			privileges: privileges, whitelist: a.text(adminWhitelist),
			readQuota: a.number(adminReadQuota), writeQuota: a.number(adminWriteQuota),
		})
	case adminDropRole:
		return safe.dropRole(of)
	case adminGrantPrivileges, adminRevokePrivileges:
		return safe.changeRole(of, func(r *role) {
			named := func(p privilege) bool { return slices.Contains(privileges, p) }
			r.privileges = slices.DeleteFunc(r.privileges, named)
			if a.command == adminGrantPrivileges {
				r.privileges = append(r.privileges, privileges...)
			}
		})
	case adminSetWhitelist:
		return safe.changeRole(of, func(r *role) { r.whitelist = a.text(adminWhitelist) })
	case adminSetQuotas:
		return safe.changeRole(of, func(r *role) {
			r.readQuota, r.writeQuota = a.number(adminReadQuota), a.number(adminWriteQuota)
		})
	}
	return wire.InvalidCommand
}

func (a *adminMessage) number(field int) uint32 {
	if len(a.fields[field]) != 4 {
		return 0
	}
	return binary.BigEndian.Uint32(a.fields[field])
}

// appendAdmin appends the header of an answer.
func appendAdmin(out []byte, r wire.Result) []byte {
	head := [adminHeader]byte{1: uint8(r)}
	return append(out, head[:]...)
}

// appendUsers appends the users, or one.
func (s *security) appendUsers(out []byte, a *adminMessage) []byte {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if one := a.text(adminUser); one != "" && s.users[one] == nil {
		return appendAdmin(out, wire.InvalidUser)
	}
	for _, name := range sortedNames(s.users) {
		if one := a.text(adminUser); one != "" && one != name {
			continue
		}
		roles := []byte{uint8(len(s.users[name].roles))}
		for _, r := range s.users[name].roles {
			roles = append(append(roles, uint8(len(r))), r...)
		}
		out = appendAdmin(out, wire.OK)
		out[len(out)-adminHeader+3] = 2
		out = wire.AppendField(out, adminUser, []byte(name))
		out = wire.AppendField(out, adminRoles, roles)
	}
	return out
}

// appendRoles appends the roles, or one.
func (s *security) appendRoles(out []byte, a *adminMessage) []byte {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if one := a.text(adminRole); one != "" && s.roles[one] == nil {
		return appendAdmin(out, wire.InvalidRole)
	}
	for _, name := range sortedNames(s.roles) {
		if one := a.text(adminRole); one != "" && one != name {
			continue
		}
		r := s.roles[name]
		list := []byte{uint8(len(r.privileges))}
		for _, p := range r.privileges {
			if list = append(list, p.code); p.scoped() {
				list = append(append(list, uint8(len(p.namespace))), p.namespace...)
				list = append(append(list, uint8(len(p.set))), p.set...)
			}
		}
		out = appendAdmin(out, wire.OK)
		at := len(out) - adminHeader + 3
		fields := uint8(2)
		out = wire.AppendField(out, adminRole, []byte(name))
		out = wire.AppendField(out, adminPrivileges, list)
		if r.whitelist != "" {
			fields++
			out = wire.AppendField(out, adminWhitelist, []byte(r.whitelist))
		}
		if r.readQuota != 0 || r.writeQuota != 0 {
			fields += 2
			out = wire.AppendField(out, adminReadQuota, binary.BigEndian.AppendUint32(nil, r.readQuota))
			out = wire.AppendField(out, adminWriteQuota, binary.BigEndian.AppendUint32(nil, r.writeQuota))
		}
		out[at] = fields
	}
	return out
}

func sortedNames[T any](of map[string]T) []string {
	var names []string
	for name := range of {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
