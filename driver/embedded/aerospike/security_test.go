package aerospike

import (
	"net"
	"slices"
	"strconv"
	"testing"
	"time"

	as "github.com/aerospike/aerospike-client-go/v7"
	"github.com/aerospike/aerospike-client-go/v7/types"
	"github.com/google/go-cmp/cmp"

	"crossover/driver/embedded/aerospike/wire"
)

// enter returns a client that is a user.
func enter(t *testing.T, c *Cluster, user, password string) (*as.Client, as.Error) {
	t.Helper()
	host, text, err := net.SplitHostPort(c.Seed())
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	p := as.NewClientPolicy()
	p.User, p.Password, p.Timeout = user, password, 2*time.Second
	client, aerr := as.NewClientWithPolicy(p, host, port)
	if aerr != nil {
		return nil, aerr
	}
	t.Cleanup(client.Close)
	return client, nil
}

// ownSet is a privilege on one set.
var ownSet = as.Privilege{Code: as.ReadWrite, Namespace: "test", SetName: "own"}

// TestUsersMayWhatTheirRolesAllow makes users and roles, and tries what they may and may not.
func TestUsersMayWhatTheirRolesAllow(t *testing.T) {
	c := start(t, Options{Nodes: 1, Enterprise: true, Security: true}) // a client hashes its password for each node
	if _, err := enter(t, c, "admin", "wrong"); err == nil {
		t.Error("a wrong password is let in")
	}
	if _, err := enter(t, c, "nobody", "admin"); err == nil {
		t.Error("a user that is not there is let in")
	}
	admin, err := enter(t, c, "admin", "admin")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []as.Error{
		admin.CreateRole(nil, "half", []as.Privilege{ownSet}, nil, 0, 0),
		admin.CreateUser(nil, "writer", "w", []string{"read-write", "sindex-admin"}),
		admin.CreateUser(nil, "reader", "r", []string{"read"}),
		admin.CreateUser(nil, "own", "o", []string{"half"}),
	} {
		if r != nil {
			t.Fatal(r)
		}
	}
	as1 := func(user, password string) *as.Client {
		client, err := enter(t, c, user, password)
		if err != nil {
			t.Fatal(err)
		}
		return client
	}
	writer, reader, own := as1("writer", "w"), as1("reader", "r"), as1("own", "o")
	durable := policy(func(p *as.WritePolicy) { p.DurableDelete = true })
	key, inOwn, bin := mustKey(t, "s", 1), mustKey(t, "own", 1), as.NewBin("b", 1)
	for _, e := range []struct {
		name      string
		got, want types.ResultCode
	}{
		{"the first user writes", code(admin.PutBins(nil, key, bin)), types.ROLE_VIOLATION},
		{"a writer writes", code(writer.PutBins(nil, key, bin)), types.OK},
		{"a reader reads", code(second(reader.Get(nil, key))), types.OK},
		{"a reader writes", code(reader.PutBins(nil, key, bin)), types.ROLE_VIOLATION},
		{"a reader deletes", code(second(reader.Delete(nil, key))), types.ROLE_VIOLATION},
		{"a reader's batch", code(second(reader.BatchGet(nil, []*as.Key{key}))), types.OK},
		{"a reader makes a user", code(reader.CreateUser(nil, "x", "x", nil)), types.ROLE_VIOLATION},
		{"within its own set", code(own.PutBins(nil, inOwn, bin)), types.OK},
		{"outside of it", code(own.PutBins(nil, key, bin)), types.ROLE_VIOLATION},
		{"a user that is there", code(admin.CreateUser(nil, "own", "x", nil)), types.USER_ALREADY_EXISTS},
		{"a role that is not", code(admin.GrantRoles(nil, "own", []string{"nothing"})), types.INVALID_ROLE},
		{"a role that stays", code(admin.DropRole(nil, "read")), types.INVALID_ROLE},
		{"dropping nobody", code(admin.DropUser(nil, "nobody")), types.INVALID_USER},
		{"truncation by a writer", code(writer.Truncate(nil, "test", "s", nil)), types.ROLE_VIOLATION},
		{"granted", code(admin.GrantRoles(nil, "reader", []string{"write"})), types.OK},
		{"a reader that may write", code(reader.PutBins(nil, key, bin)), types.OK},
		{"revoked", code(admin.RevokeRoles(nil, "reader", []string{"write"})), types.OK},
		{"a reader that may no longer", code(reader.PutBins(nil, key, bin)), types.ROLE_VIOLATION},
		{"a password changed", code(writer.ChangePassword(nil, "writer", "new")), types.OK},
		{"a durable delete", code(second(writer.Delete(durable, key))), types.OK},
	} {
		if e.got != e.want {
			t.Errorf("%s: %v, want %v", e.name, e.got, e.want)
		}
	}
	if _, err := enter(t, c, "writer", "w"); err == nil {
		t.Error("an old password is let in")
	}
	as1("writer", "new")
	usersAre(t, admin, "admin", "own", "reader", "writer")
	r, err := admin.QueryRole(nil, "half")
	if err != nil || r == nil || len(r.Privileges) != 1 || r.Privileges[0] != ownSet {
		t.Errorf("the role is %+v, %v", r, err)
	}
}

func usersAre(t *testing.T, admin *as.Client, want ...string) {
	t.Helper()
	users, err := admin.QueryUsers(nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, u := range users {
		names = append(names, u.User)
	}
	slices.Sort(names)
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
}

// TestStrangersLearnNothing asks without having said who it is.
func TestStrangersLearnNothing(t *testing.T) {
	c := start(t, Options{Nodes: 1, Enterprise: true, Security: true})
	if got := ask(t, c, 0, "edition\n"); got != "edition\tERROR:80:not authenticated\n" {
		t.Errorf("info: %q", got)
	}
	client, err := as.NewClientWithPolicy(func() *as.ClientPolicy {
		p := as.NewClientPolicy()
		p.Timeout = time.Second
		return p
	}(), "127.0.0.1", portOf(t, c))
	if err == nil {
		client.Close()
		t.Error("a client without a name is let in")
	}
}

func portOf(t *testing.T, c *Cluster) int {
	t.Helper()
	_, text, err := net.SplitHostPort(c.Seed())
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// FuzzAdmin reads what clients may send of the security protocol: whatever it is, it is answered,
// and no list is longer than what it was read from.
func FuzzAdmin(f *testing.F) {
	head := [adminHeader]byte{2: adminCreateUser, 3: 2}
	whole := wire.AppendField(head[:], adminUser, []byte("user"))
	f.Add(wire.AppendField(whole, adminRoles, []byte("\x02\x04read\x05write")))
	f.Add(wire.AppendField(head[:], adminPrivileges, []byte{1, mayRead, 1, 'n', 1, 's'}))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, body []byte) {
		var a adminMessage
		if !a.parse(body) {
			return
		}
		roles, _ := a.names(adminRoles)
		privileges, _ := a.privileges()
		if len(roles)+len(privileges) > len(body) {
			t.Errorf("%d roles and %d privileges of %d bytes", len(roles), len(privileges), len(body))
		}
	})
}
