package dynamodb

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"crossover/costmodel/partition"
	"crossover/driver/embedded/dynamodb/attribute"
	"crossover/driver/embedded/dynamodb/store"
	"crossover/driver/embedded/dynamodb/wire"
)

// account is the account number in ARNs; it belongs to nobody.
const account = "000000000000"

var tableNamePattern = regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,255}$`)

// tableName returns the name that a TableName gives, which may be an ARN.
func (s *Server) tableName(nameOrARN string) string {
	return strings.TrimPrefix(nameOrARN, s.arnPrefix)
}

// createTable answers CreateTable.
func (c *call) createTable() error {
	r := &c.req
	name := r.text("TableName")
	if r.err == nil && !r.has("TableName") {
		return invalid("The parameter 'TableName' is required but was not present in the request")
	}
	if r.err == nil && !tableNamePattern.MatchString(c.s.tableName(name)) {
		return invalid("Invalid table/index name.  Table/index names must be between 3 and 255 characters long, " +
			"and may contain only the characters a-z, A-Z, 0-9, '_', '-', and '.'")
	}
	refuseFeatures(r)
	keys, defined := keySchema(r)
	through := billing(r, throughput{}, true)
	warm := warmThroughput(r, through)
	view, _ := r.streamSpecification()
	t := &table{
		name: c.s.tableName(name), class: r.choice("TableClass", "STANDARD", "STANDARD_INFREQUENT_ACCESS"),
		protected: r.flag("DeletionProtectionEnabled"), tags: tags(r), schema: keys, definitions: defined,
		throughput: through, store: store.New(),
	}
	t.arn = c.s.arnPrefix + t.name
	indexes := newIndexes(r, t)
	if r.err == nil {
		r.fail(unusedDefinitions(defined, keys, indexes))
	}
	if r.err != nil {
		return r.err
	}
	t.aside.Store((*aside)(nil).with(indexes))
	t.id, t.created = uuid(c), c.s.options.Clock.Wall(c.now)
	if !through.provisioned {
		t.lastOnDem = t.created
	}
	read, write := c.s.provisionedInAll()
	if err := c.s.withinQuotas(throughput{}, through, read, write); err != nil {
		return err
	}
	t.capacity = c.s.partitioned(t, nil, through, warm, c.now)
	t.warm = warm
	partitions := t.learn()
	t.due.Store(never)
	for _, ix := range indexes {
		ix.begin(c)
	}
	c.s.adopt(t)
	if err := c.s.add(t, c.now); err != nil {
		return err
	}
	if view != "" {
		t.mu.Lock()
		err := c.setStream(t, view)
		t.mu.Unlock()
		if err != nil {
			return err
		}
	}
	for _, ix := range indexes {
		ix.announce(c.s)
	}
	c.s.event(t.name, "table created", fmt.Sprintf("table %s: %s, %d partitions", t.name, through, partitions))
	return c.answerDescription("TableDescription", t)
}

// add makes a table known, in its first state.
func (s *Server) add(t *table, now time.Duration) error {
	t.deny = s.options.denies(t.name)
	t.mu.Lock()
	t.begin(creating, s.later(now, createFor), func(time.Duration) { t.status = active })
	t.mu.Unlock()
	s.lookup(t.name, now) // an old table of that name may just have gone
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.tables[t.name]; old != nil && !old.gone() {
		return inUse("Table already exists: %s", t.name)
	}
	s.tables[t.name] = t
	return nil
}

// later is when something that takes a while on AWS is done; without modelled latency, at once.
func (s *Server) later(now, takes time.Duration) time.Duration {
	if !s.options.Latency {
		return now
	}
	return now + takes
}

// String says what a table may serve.
func (t throughput) String() string {
	if t.provisioned {
		return fmt.Sprintf("provisioned, %d read and %d write units/s", t.read, t.write)
	}
	limit := func(n int64) string {
		if n == 0 {
			return "no maximum"
		}
		return fmt.Sprintf("at most %d units/s", n)
	}
	return fmt.Sprintf("on demand, reads with %s, writes with %s", limit(t.maxRead), limit(t.maxWrite))
}

// refuseFeatures refuses what changes a table's behaviour or bill, and is not modelled. What a
// request switches off explicitly is fine.
func refuseFeatures(r *request) {
	r.refuse("ResourcePolicy", "ReplicaUpdates", "MultiRegionConsistency",
		"GlobalTableWitnessUpdates",
		"GlobalTableSourceArn", "GlobalTableSettingsReplicationMode")
	if x := r.structure("SSESpecification"); x != nil && x.flag("Enabled") {
		r.fail(notModelled("encryption with a key of KMS"))
	}
}

// keySchema reads KeySchema and AttributeDefinitions.
func keySchema(r *request) (schema, definitions) {
	r.require("KeySchema")
	r.require("AttributeDefinitions")
	defined := readDefinitions(r)
	out := readKeys(r, defined.kinds())
	if r.err == nil {
		r.err = checkSchema(out, defined.kinds())
	}
	return out, defined
}

// readDefinitions reads AttributeDefinitions.
func readDefinitions(r *request) (out definitions) {
	for _, x := range r.structures("AttributeDefinitions") {
		name := x.text("AttributeName")
		if kind := x.choice("AttributeType", "B", "N", "S"); name != "" && kind != "" {
			out = out.merge(definitions{{name, kind}})
		} else {
			x.require("AttributeName")
			x.require("AttributeType")
		}
		r.failIn(x)
	}
	return out
}

// readKeys reads KeySchema.
func readKeys(r *request, kinds map[string]attribute.Type) (out schema) {
	for _, x := range r.structures("KeySchema") {
		k := keyAttribute{name: x.text("AttributeName"), role: x.choice("KeyType", "HASH", "RANGE")}
		x.require("AttributeName")
		x.require("KeyType")
		r.failIn(x)
		k.kind = kinds[k.name]
		out = append(out, k)
	}
	return out
}

// failIn takes the error of a structure within the request over.
func (r *request) failIn(inner *request) {
	if inner.err != nil {
		r.fail(inner.err)
	}
}

func checkSchema(keys schema, kinds map[string]attribute.Type) error {
	var names []string
	for _, k := range keys {
		names = append(names, k.name)
	}
	switch {
	case len(keys) == 0 || len(keys) > 2:
		return unfit("["+strings.Join(names, ", ")+"]", "keySchema", "Member must have length less than or "+
			"equal to 2")
	case keys[0].role != "HASH":
		return invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
	case len(keys) == 2 && keys[1].role != "RANGE":
		return invalid("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
	case len(keys) == 2 && keys[0].name == keys[1].name:
		return invalid("Both the Hash Key and the Range Key element in the KeySchema have the same name")
	case slices.ContainsFunc(keys, func(k keyAttribute) bool { return k.kind == "" }):
		return invalid("One or more parameter values were invalid: Some index key attributes are not "+
			"defined in AttributeDefinitions. "+
			"Keys: [%s], AttributeDefinitions: [%s]", strings.Join(names, ", "), strings.Join(keysOf(kinds), ", "))
	}
	return nil
}

// maxProvisioned bounds a throughput to what a request may name.
const maxProvisioned = 1_000_000_000_000

// billing reads BillingMode, ProvisionedThroughput and OnDemandThroughput; what is not sent
// stays as it is now. A new table is provisioned unless it says otherwise.
func billing(r *request, now throughput, fresh bool) throughput {
	out := now
	switch r.choice("BillingMode", "PROVISIONED", "PAY_PER_REQUEST") {
	case "PROVISIONED":
		out.provisioned = true
	case "PAY_PER_REQUEST":
		out.provisioned = false
	default:
		out.provisioned = out.provisioned || fresh
	}
	p := r.structure("ProvisionedThroughput")
	switch {
	case r.err != nil:
		return out
	case p != nil && !out.provisioned:
		r.fail(invalid("One or more parameter values were invalid: Neither ReadCapacityUnits nor " +
			"WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"))
	case p == nil && out.provisioned && (fresh || !now.provisioned):
		r.fail(invalid("One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits " +
			"must both be specified when BillingMode is PROVISIONED"))
	case p != nil:
		out.read, out.write = capacityUnits(p, "ReadCapacityUnits"), capacityUnits(p, "WriteCapacityUnits")
		r.failIn(p)
	}
	if out.provisioned {
		out.maxRead, out.maxWrite = 0, 0
	} else {
		out.read, out.write = 0, 0
	}
	if d := r.structure("OnDemandThroughput"); d != nil {
		if out.provisioned {
			r.fail(invalid("One or more parameter values were invalid: OnDemandThroughput can only be " +
				"specified when BillingMode is PAY_PER_REQUEST"))
		}
		maximum(d, "MaxReadRequestUnits", &out.maxRead)
		maximum(d, "MaxWriteRequestUnits", &out.maxWrite)
		r.failIn(d)
	}
	return out
}

func capacityUnits(p *request, name string) int64 {
	p.require(name)
	n := p.integer(name)
	switch {
	case p.err != nil:
	case n < 1:
		p.fail(unfit(fmt.Sprint(n), "provisionedThroughput."+small(name), "Member must have value greater "+
			"than or equal to 1"))
	case n > maxProvisioned:
		p.fail(invalid("Given value %d for %s is out of bounds", n, name))
	}
	return n
}

// maximum reads an on-demand maximum; -1 takes it away.
func maximum(d *request, name string, to *int64) {
	if !d.has(name) {
		return
	}
	n := d.integer(name)
	switch {
	case d.err != nil:
	case n == -1:
		*to = 0
	case n < 1:
		d.fail(unfit(fmt.Sprint(n), "onDemandThroughput."+small(name), "Member must have value greater than "+
			"or equal to 1"))
	default:
		*to = min(n, math.MaxInt32)
	}
}

// warmThroughput reads what a new table is to serve at once; 0 takes the mode's default.
func warmThroughput(r *request, t throughput) (out [2]float64) {
	x := r.structure("WarmThroughput")
	if x == nil {
		return out
	}
	if t.provisioned {
		r.fail(notModelled("WarmThroughput of a provisioned table"))
	}
	for i, name := range []string{"ReadUnitsPerSecond", "WriteUnitsPerSecond"} {
		least := []int64{partition.OnDemandRead, partition.OnDemandWrite}[i]
		if !x.has(name) {
			continue
		}
		n := x.integer(name)
		if x.err == nil && n < least {
			x.fail(invalid("One or more parameter values were invalid: Requested %s for WarmThroughput for "+
				"table is lower than the minimum of %d", name, least))
		}
		out[i] = float64(n)
	}
	r.failIn(x)
	return out
}

// maxTags is how many tags a resource may have (Developer Guide, "Tagging restrictions").
const maxTags = 50

// tags reads Tags.
func tags(r *request) map[string]string {
	out := map[string]string{}
	r.read("Tags", func(w *wire.Reader) error {
		return elements(w, func() error {
			x, err := structure(w)
			if err != nil {
				return err
			}
			x.require("Key")
			x.require("Value")
			key, value := x.text("Key"), x.text("Value")
			switch {
			case x.err != nil:
				return x.err
			case key == "" || len(key) > 128 || len(value) > 256:
				return invalid("One or more parameter values were invalid: a tag's key has 1 to 128 " +
					"characters, its value up to 256")
			case strings.HasPrefix(strings.ToLower(key), "aws:"):
				return invalid("One or more parameter values were invalid: Tag keys can't begin with aws:")
			}
			out[key] = value
			return nil
		})
	})
	if len(out) > maxTags {
		r.fail(invalid("One or more parameter values were invalid: Too many tags: a resource has at most "+
			"%d", maxTags))
	}
	return out
}

// uuid returns an identifier in the form of version 4.
func uuid(c *call) string {
	a, b := c.rng.Uint64(), c.rng.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0x3fff|0x8000, b&(1<<48-1))
}
