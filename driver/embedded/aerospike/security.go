package aerospike

import (
	"crypto/rand"
	"crypto/subtle"
	"maps"
	"slices"
	"sync"

	"crossover/driver/embedded/aerospike/wire"
)

// What a privilege allows, in the numbers that the protocol has.
const (
	mayAdminUsers   = 0
	mayAdminSystem  = 1
	mayAdminData    = 2
	mayAdminUDFs    = 3
	mayAdminIndexes = 4
	mayRead         = 10
	mayReadWrite    = 11
	mayReadWriteUDF = 12
	mayWrite        = 13
	mayTruncate     = 14
)

// A privilege is one permission; those on data may be held to a namespace, and to a set of it.
type privilege struct {
	code           uint8
	namespace, set string
}

func (p *privilege) scoped() bool { return p.code >= mayRead }

// A role is a name for privileges.
type role struct {
	privileges []privilege
	whitelist  string
	readQuota  uint32
	writeQuota uint32
	given      bool // it is there from the beginning, and stays as it is
}

type user struct {
	credential []byte // the hash of a password, as clients send it
	roles      []string
}

// security is who may do what: a cluster's users and roles. A cluster without it is nil.
type security struct {
	mu     sync.RWMutex
	users  map[string]*user
	roles  map[string]*role
	tokens map[string]string // of sessions, to their users
}

// firstCredential is the hash, by the salt that all clients use, of the password "admin", which a
// server's first user, admin, has.
const firstCredential = "$2a$10$7EqJtq98hPqEX7fNZaFWoO1mVO/4MLpGzsqojz6E9Gef6iXDjXdDa"

func newSecurity() *security {
	s := &security{
		users:  map[string]*user{"admin": {credential: []byte(firstCredential), roles: []string{"user-admin"}}},
		roles:  map[string]*role{},
		tokens: map[string]string{},
	}
	for name, code := range map[string]uint8{
		"user-admin": mayAdminUsers, "sys-admin": mayAdminSystem, "data-admin": mayAdminData,
		"udf-admin": mayAdminUDFs, "sindex-admin": mayAdminIndexes, "truncate": mayTruncate,
		"read": mayRead, "read-write": mayReadWrite, "read-write-udf": mayReadWriteUDF, "write": mayWrite,
	} {
		s.roles[name] = &role{privileges: []privilege{{code: code}}, given: true}
	}
	return s
}

// login returns a token for a session, if the credential is the user's.
func (s *security) login(name string, credential []byte) (token []byte, r wire.Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[name]
	switch {
	case u == nil:
		return nil, wire.InvalidUser
	case subtle.ConstantTimeCompare(u.credential, credential) != 1:
		return nil, wire.InvalidCredential
	}
	token = []byte(rand.Text())
	s.tokens[string(token)] = name
	return token, wire.OK
}

// resume reports whether a token is a session's of the user.
func (s *security) resume(name string, token []byte) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	of, ok := s.tokens[string(token)]
	return ok && of == name && s.users[name] != nil
}

// allows reports whether a user has one of the privileges, on a set.
func (s *security) allows(name, namespace, set string, codes ...uint8) wire.Result {
	if name == "" {
		return wire.NotAuthenticated
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	u := s.users[name]
	if u == nil {
		return wire.NotAuthenticated
	}
	for _, of := range u.roles {
		r := s.roles[of]
		if r == nil {
			continue
		}
		for _, p := range r.privileges {
			if slices.Contains(codes, p.code) && (p.namespace == "" || p.namespace == namespace) &&
				(p.set == "" || p.set == set) {
				return wire.OK
			}
		}
	}
	return wire.RoleViolation
}

// known reports whether all of the roles are there.
func (s *security) known(roles []string) bool {
	for _, name := range roles {
		if s.roles[name] == nil {
			return false
		}
	}
	return true
}

// createUser adds a user; grant and revoke change what roles one has.
func (s *security) createUser(name string, credential []byte, roles []string) wire.Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case name == "" || len(name) > 63:
		return wire.InvalidUser
	case s.users[name] != nil:
		return wire.UserExists
	case len(credential) == 0:
		return wire.InvalidPassword
	case !s.known(roles):
		return wire.InvalidRole
	}
	s.users[name] = &user{credential: slices.Clone(credential), roles: slices.Clone(roles)}
	return wire.OK
}

// change does something to a user that is there.
func (s *security) change(name string, what func(u *user) wire.Result) wire.Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[name]
	if u == nil {
		return wire.InvalidUser
	}
	return what(u)
}

func (s *security) dropUser(name string) wire.Result {
	return s.change(name, func(*user) wire.Result {
		delete(s.users, name)
		maps.DeleteFunc(s.tokens, func(_, of string) bool { return of == name })
		return wire.OK
	})
}

// grant adds roles to a user, or takes them away.
func (s *security) grant(name string, roles []string, away bool) wire.Result {
	return s.change(name, func(u *user) wire.Result {
		if !s.known(roles) || len(roles) == 0 {
			return wire.InvalidRole
		}
		kept := slices.DeleteFunc(slices.Clone(u.roles), func(r string) bool { return slices.Contains(roles, r) })
		if !away {
			kept = append(kept, roles...)
		}
		u.roles = kept
		return wire.OK
	})
}

// setPassword replaces a credential; old, unless nil, must be the one that is there.
func (s *security) setPassword(name string, old, credential []byte) wire.Result {
	return s.change(name, func(u *user) wire.Result {
		switch {
		case old != nil && subtle.ConstantTimeCompare(u.credential, old) != 1:
			return wire.InvalidCredential
		case len(credential) == 0:
			return wire.InvalidPassword
		}
		u.credential = slices.Clone(credential)
		return wire.OK
	})
}

func (s *security) createRole(name string, r *role) wire.Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case name == "" || len(name) > 63:
		return wire.InvalidRole
	case s.roles[name] != nil:
		return wire.RoleExists
	}
	s.roles[name] = r
	return wire.OK
}

// changeRole does something to a role that was created.
func (s *security) changeRole(name string, what func(r *role)) wire.Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.roles[name]
	if r == nil || r.given {
		return wire.InvalidRole
	}
	what(r)
	return wire.OK
}

func (s *security) dropRole(name string) wire.Result {
	return s.changeRole(name, func(*role) {
		delete(s.roles, name)
		for _, u := range s.users {
			u.roles = slices.DeleteFunc(u.roles, func(r string) bool { return r == name })
		}
	})
}
