package workload

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each case replaces one text of the plain scenario and expects exactly these problems, as
// line:column: path: found …, expected ….
func TestParseRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		old, new string
		want     []string
	}{
		"a key misspelt": {`operations: {read`, `operatons: {read`, []string{
			`12:3: workload.operatons: found unknown key "operatons", expected one of keys, hot, operations, read, write, delete, query, scan, arrival, phases, max_lateness, conditional_update, partial_update, increment, append, query_index, batch_read, batch_write, transact_read, transact_write; did you mean "operations"?`,
		}},
		"a top-level key misspelt": {`dataset:`, `datset:`, []string{
			`4:1: datset: found unknown key "datset", expected one of version, name, description, seed, dataset, indexes, workload, objectives, events, sources, targets, cost; did you mean "dataset"?`,
		}},
		"a key of nobody": {`attributes: 4`, "attributes: 4\n  colour: red", []string{
			`9:3: dataset.colour: found unknown key "colour", expected one of items, key, size, attributes, compressibility`,
		}},
		"a key twice": {`attributes: 4`, "attributes: 4\n  items: 5", []string{
			`9:3: dataset.items: found "items" a second time, expected each key once`,
		}},
		"a section twice": {`cost: {demand: {mean: 100/s}}`, "cost: {}\ncost: {}", []string{
			`21:1: cost: found "cost" a second time, expected each key once`,
		}},
		"a mapping key twice": {`{read: 70%, update: 20%, insert: 10%}`, `{read: 70%, read: 20%, insert: 10%}`, []string{
			`12:27: workload.operations.read: found "read" a second time, expected each key once`,
		}},
		"text for a number": {`items: 1000`, `items: many`, []string{
			`5:10: dataset.items: found "many", expected a whole number`,
		}},
		"a fraction for a whole number": {`items: 1000`, `items: 10.5`, []string{
			`5:10: dataset.items: found "10.5", expected a whole number`,
		}},
		"a number out of range": {`items: 1000`, `items: 0`, []string{
			`5:10: dataset.items: found "0", expected 1 to 1_000_000_000_000`,
		}},
		"too many items": {`items: 1000`, `items: 2_000_000_000_000`, []string{
			`5:10: dataset.items: found "2_000_000_000_000", expected 1 to 1_000_000_000_000`,
		}},
		"nothing for a number": {`items: 1000`, `items:`, []string{
			`5:9: dataset.items: found nothing, expected a whole number`,
		}},
		"a list for a mapping": {`key: {partition: "user#{id}"}`, `key: [a, b]`, []string{
			`6:8: dataset.key: found a list, expected a mapping with partition, sort`,
		}},
		"a mapping for a scalar": {`items: 1000`, `items: {a: 1}`, []string{
			`5:10: dataset.items: found a mapping, expected a whole number`,
		}},
		"a scalar for a list": {`hot: [{key: 7, share: 10%, from: 1s, to: 2s}]`, `hot: yes`, []string{
			`11:8: workload.hot: found "yes", expected a list`,
		}},
		"a scalar for a mapping": {`arrival: {open: {process: poisson}}`, `arrival: open`, []string{
			`13:12: workload.arrival: found "open", expected a mapping with open, closed`,
		}},
		"settings where there are none": {`keys: {zipfian: {theta: 0.9}}`, `keys: {uniform: 5}`, []string{
			`10:19: workload.keys.uniform: found "5", expected nothing: there are no settings`,
		}},
		"keys where there are none": {`keys: {zipfian: {theta: 0.9}}`, `keys: {uniform: {theta: 5}}`, []string{
			`10:20: workload.keys.uniform.theta: found unknown key "theta", expected no keys here`,
		}},
		"an ambiguous unit": {`size: 1KiB`, `size: 4KB`, []string{
			`7:9: dataset.size: found "4KB", expected fixed, uniform, lognormal or histogram, or a size such as 512B, 1KiB or 4MiB; did you mean "4KiB"?`,
		}},
		"no unit": {`size: 1KiB`, `size: 1000`, []string{
			`7:9: dataset.size: found "1000", expected fixed, uniform, lognormal or histogram, or a size such as 512B, 1KiB or 4MiB; did you mean "1000B"?`,
		}},
		"no size": {`size: 1KiB`, `size: {fixed: 0B}`, []string{
			`7:9: dataset.size: found sizes of 0 bytes, expected at least 45: keys, attribute names and one byte for each of 4 attributes`,
		}},
		"two sizes": {`size: 1KiB`, `size: {fixed: 1KiB, uniform: {min: 1KiB, max: 2KiB}}`, []string{
			`7:9: dataset.size: found 2 alternatives, expected exactly one`,
		}},
		"a size upside down": {`size: 1KiB`, `size: {uniform: {min: 2KiB, max: 1KiB}}`, []string{
			`7:19: dataset.size.uniform: found min 2048 above max 1024, expected min at most max`,
		}},
		"a lognormal upside down": {`size: 1KiB`, `size: {lognormal: {median: 2KiB, p99: 1KiB}}`, []string{
			`7:21: dataset.size.lognormal: found median 2048, p99 1024, max 409600, expected 0 < median <= p99 and median <= max`,
		}},
		"too large": {`size: 1KiB`, `size: 401KiB`, []string{
			`7:9: dataset.size: found sizes up to 410624 bytes, expected at most 409600 (400 KiB), DynamoDB's limit for an item`,
		}},
		"too large to come": {`size: 1KiB`, `size: {lognormal: {median: 1KiB, p99: 2KiB, max: 1MiB}}`, []string{
			`7:9: dataset.size: found sizes up to 1048576 bytes, expected at most 409600 (400 KiB), DynamoDB's limit for an item`,
		}},
		"too small": {`size: 1KiB`, `size: 40B`, []string{
			`7:9: dataset.size: found sizes of 40 bytes, expected at least 45: keys, attribute names and one byte for each of 4 attributes`,
		}},
		"too small to come": {`size: 1KiB`, `size: {lognormal: {median: 10B, p99: 20B, max: 40B}}`, []string{
			`7:9: dataset.size: found sizes of 40 bytes, expected at least 45: keys, attribute names and one byte for each of 4 attributes`,
		}},
		"too many attributes": {`attributes: 4`, `attributes: 201`, []string{
			`8:15: dataset.attributes: found "201", expected 1 to 200`,
		}},
		"a share without its sign": {`attributes: 4`, `compressibility: 0.5`, []string{
			`8:20: dataset.compressibility: found "0.5", expected a share such as 70% or 0.1%`,
		}},
		"more than all": {`attributes: 4`, `compressibility: 101%`, []string{
			`8:20: dataset.compressibility: found "101%", expected 100% or less`,
		}},
		"no place for the number": {`"user#{id}"`, `"user"`, []string{
			`6:20: dataset.key.partition: found "user", expected a template with {id} in it once`,
		}},
		"two places for the number": {`"user#{id}"`, `"{id}{id}"`, []string{
			`6:20: dataset.key.partition: found "{id}{id}", expected a template with {id} in it once`,
		}},
		"no sort key": {`key: {partition: "user#{id}"}`, `key: {sort: nil}`, []string{
			`6:15: dataset.key.sort: found "nil", expected none, or {prefix: …, per_partition: …}`,
		}},
		"an empty sort key": {`key: {partition: "user#{id}"}`, `key: {sort: {per_partition: 0}}`, []string{
			`6:31: dataset.key.sort.per_partition: found "0", expected 1 to 1_000_000_000`,
		}},
		"an unknown distribution": {`{zipfian: {theta: 0.9}}`, `{zipfain: {theta: 0.9}}`, []string{
			`10:10: workload.keys.zipfain: found unknown key "zipfain", expected one of uniform, zipfian, hotspot, sequential, latest, exponential, self_similar, moving_hotspot, histogram, trace; did you mean "zipfian"?`,
		}},
		"an unknown distribution by name": {`{zipfian: {theta: 0.9}}`, `exponential`, []string{
			`10:9: workload.keys: found "exponential", expected its settings: {exponential: {items: 10%, share: 95%}}`,
		}},
		"two distributions": {`{zipfian: {theta: 0.9}}`, `{uniform: , latest: }`, []string{
			`10:9: workload.keys: found 2 alternatives, expected exactly one`,
		}},
		"no distribution": {`{zipfian: {theta: 0.9}}`, `{}`, []string{
			`10:9: workload.keys: found 0 alternatives, expected exactly one`,
		}},
		"a negative theta": {`theta: 0.9`, `theta: -0.9`, []string{
			`10:27: workload.keys.zipfian.theta: found "-0.9", expected 0 to 50`,
		}},
		"theta that is no number": {`theta: 0.9`, `theta: high`, []string{
			`10:27: workload.keys.zipfian.theta: found "high", expected a number`,
		}},
		"hotspot without settings": {`{zipfian: {theta: 0.9}}`, `hotspot`, []string{
			`10:9: workload.keys: found "hotspot", expected its settings: {hotspot: {items: 10%, share: 90%}}`,
		}},
		"a hotspot of everything": {`{zipfian: {theta: 0.9}}`, `{hotspot: {items: 100%, share: 50%}}`, []string{
			`10:9: workload.keys.hotspot: found a mapping, expected two shares above 0% and below 100%`,
		}},
		"half a hotspot": {`{zipfian: {theta: 0.9}}`, `{hotspot: {share: 50%}}`, []string{
			`10:19: workload.keys.hotspot: found no "items", expected "items" to be given`,
		}},
		"a hot key beyond the items": {`key: 7,`, `key: 1000,`, []string{
			`11:15: workload.hot[0].key: found item 1000, expected an item below dataset.items, 1000`,
		}},
		"a hot key of everything": {`share: 10%`, `share: 100%`, []string{
			`11:25: workload.hot[0].share: found 100%, expected above 0% and below 100%`,
		}},
		"hot keys of more than everything": {`[{key: 7, share: 10%, from: 1s, to: 2s}]`, `[{key: 7, share: 60%}, {key: 8, share: 40%, from: 5s}]`, []string{
			`11:47: workload.hot[1].share: found hot keys that take 100% at 5s, expected below 100% at any time`,
		}},
		"a hot key that ends before it begins": {`to: 2s`, `to: 1s`, []string{
			`11:44: workload.hot[0].to: found 1s, expected a time after from, 1s`,
		}},
		"a hot key after the end": {`from: 1s, to: 2s`, `from: 11s`, []string{
			`11:36: workload.hot[0].from: found 11s, expected a time before the run's planned end, 11s`,
		}},
		"shares of less than all": {`insert: 10%`, `insert: 5%`, []string{
			`12:15: workload.operations: found shares that sum to 95%, expected 100% in all`,
		}},
		"shares of more than all": {`insert: 10%`, `insert: 15%`, []string{
			`12:15: workload.operations: found shares that sum to 105%, expected 100% in all`,
		}},
		"an unknown operation": {`insert: 10%`, `inserts: 10%`, []string{
			`12:40: workload.operations.inserts: found unknown operation "inserts", expected one of read, update, insert, delete, read_modify_write, query, scan_page, conditional_update, partial_update, increment, append, touch, query_index, batch_read, batch_write, transact_read, transact_write; did you mean "insert"?`,
		}},
		"shares too fine": {`read: 70%, update: 20%`, `read: 70.001%, update: 19.999%`, []string{
			`12:15: workload.operations: found shares finer than a hundredth of a percent, expected shares in whole hundredths of a percent`,
		}},
		"deletes and the latest": {"keys: {zipfian: {theta: 0.9}}\n  hot: [{key: 7, share: 10%, from: 1s, to: 2s}]\n  operations: {read: 70%, update: 20%, insert: 10%}", "keys: latest\n  operations: {read: 70%, delete: 30%}", []string{
			`10:9: workload.keys.latest: found deletes without inserts, expected inserts too, or else nothing is ever new`,
		}},
		"no process of that name": {`process: poisson`, `process: poison`, []string{
			`13:29: workload.arrival.open.process: found "poison", expected one of poisson, constant, bursty, self_similar, trace; did you mean "poisson"?`,
		}},
		"both arrivals": {`{open: {process: poisson}}`, `{open: {}, closed: {}}`, []string{
			`13:12: workload.arrival: found open and closed both given or neither, expected exactly one of open and closed`,
		}},
		"no arrival": {`{open: {process: poisson}}`, `{}`, []string{
			`13:12: workload.arrival: found open and closed both given or neither, expected exactly one of open and closed`,
		}},
		"no sessions": {`{process: poisson}`, `{sessions: 0}`, []string{
			`13:30: workload.arrival.open.sessions: found "0", expected 1 to 65536`,
		}},
		"a rate in a closed loop": {`{open: {process: poisson}}`, `{closed: {}}`, []string{
			`11:9: workload.hot[0]: found times in a closed loop, expected no from and to: a closed loop has no planned times`,
			`15:38: workload.phases[0].rate: found a rate, expected none: in a closed loop the workers set the pace`,
			`16:38: workload.phases[1].rate: found a rate, expected none: in a closed loop the workers set the pace`,
		}},
		"no length": {`for: 10s, rate`, `rate`, []string{
			`16:7: workload.phases[1]: found no length, expected for: a duration`,
		}},
		"a length without a unit": {`for: 10s`, `for: 10`, []string{
			`16:27: workload.phases[1].for: found "10", expected a duration such as 500ms, 30s or 5m`,
		}},
		"a negative length": {`for: 10s`, `for: -10s`, []string{
			`16:27: workload.phases[1].for: found "-10s", expected a duration such as 500ms, 30s or 5m`,
		}},
		"no rate": {`for: 1s, rate: 100/s,`, `for: 1s,`, []string{
			`15:7: workload.phases[0]: found no rate, expected a rate: the loop is open`,
		}},
		"a rate without its unit": {`rate: 100/s, record`, `rate: 100, record`, []string{
			`15:38: workload.phases[0].rate: found "100", expected a rate such as 5000/s, or {from: 100/s, to: 5000/s}; did you mean "100/s"?`,
		}},
		"half a ramp": {`{from: 100/s, to: 200/s}`, `{from: 100/s}`, []string{
			`16:38: workload.phases[1].rate: found no "to", expected "to" to be given`,
		}},
		"too high a rate": {`to: 200/s`, `to: 2e9/s`, []string{
			`16:38: workload.phases[1].rate: found 2e+09/s, expected at most 1e+09/s`,
		}},
		"operations in an open loop": {`for: 10s,`, `for: 10s, operations: 5,`, []string{
			`16:44: workload.phases[1].operations: found a number of operations, expected none: an open loop has a rate and a length`,
		}},
		"too long a run": {`for: 10s`, `for: 9000h`, []string{
			`16:27: workload.phases[1].for: found a run longer than 366 days, expected phases of 366 days in all at most`,
		}},
		"no operation at all": {"[{key: 7, share: 10%, from: 1s, to: 2s}]\n  operations: {read: 70%, update: 20%, insert: 10%}\n  arrival: {open: {process: poisson}}\n  phases:\n    - {name: warm-up, for: 1s, rate: 100/s, record: false}\n    - {name: steady, for: 10s, rate: {from: 100/s, to: 200/s}}", "[]\n  operations: {read: 70%, update: 20%, insert: 10%}\n  arrival: {open: {process: poisson}}\n  phases: [{name: a, for: 1s, rate: 0.1/s}]", []string{
			`14:11: workload.phases: found rates and lengths that offer no operation, expected at least one operation in all`,
		}},
		"nothing recorded": {`rate: {from: 100/s, to: 200/s}}`, `rate: 5/s, record: false}`, []string{
			`15:5: workload.phases: found no phase with record: true, expected at least one that is recorded`,
		}},
		"yes for true": {`record: false`, `record: no`, []string{
			`15:53: workload.phases[0].record: found "no", expected true or false`,
		}},
		"no phases": {"phases:\n    - {name: warm-up, for: 1s, rate: 100/s, record: false}\n    - {name: steady, for: 10s, rate: {from: 100/s, to: 200/s}}", `phases: []`, []string{
			`11:36: workload.hot[0].from: found 1s, expected a time before the run's planned end, 0s`,
			`14:11: workload.phases: found no phases, expected at least one`,
		}},
		"version without read-modify-write": {`arrival: {open`, "write: {condition: version}\n  arrival: {open", []string{
			`13:22: workload.write.condition: found "version" without a share of read_modify_write, expected none or existence, or a read_modify_write to compare versions in`,
		}},
		"another version": {`version: 1`, `version: 2`, []string{
			`1:10: version: found version 2, expected 1`,
		}},
		"a name with a space": {`name: plain`, `name: no spaces`, []string{
			`2:7: name: found "no spaces", expected letters, digits, dashes, dots and underscores, 53 at most`,
		}},
		"too long a name": {`name: plain`, `name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`, []string{
			`2:7: name: found "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", expected letters, digits, dashes, dots and underscores, 53 at most`,
		}},
		"an objective for nothing": {`objectives: {read:`, `objectives: {delete:`, []string{
			`17:22: objectives.delete: found an objective for an operation with no share, expected only operations that the workload has`,
		}},
		"an unknown percentile": {`p99: 5ms`, `p999: 5ms`, []string{
			`17:21: objectives.read.p999: found unknown percentile "p999", expected p50, p90, p99, p99.9, p99.99 or max; did you mean "p99.9"?`,
		}},
		"an objective of nothing": {`p99: 5ms`, `p99: 0s`, []string{
			`17:26: objectives.read.p99: found 0s, expected a limit above 0`,
		}},
		"errors that are no share": {`errors: 0.1%`, `errors: 0.001`, []string{
			`17:40: objectives.errors: found "0.001", expected a share such as 70% or 0.1%`,
		}},
		"objectives that are none": {`objectives: {read: {p99: 5ms}, errors: 0.1%}`, `objectives: fast`, []string{
			`17:13: objectives: found "fast", expected a mapping from operations to percentiles`,
		}},
		"targets that are no list": {"targets:\n  - {name: dynamodb, driver: dynamodb, at: embedded}", `targets: {name: a}`, []string{
			`18:10: targets: found a mapping, expected a list of targets`,
		}},
		"a target without a driver": {`{name: dynamodb, driver: dynamodb, at: embedded}`, `{name: a}`, []string{
			`19:5: targets[0]: found no "driver", expected "driver" to be given`,
		}},
		"two targets of one name": {`{name: dynamodb, driver: dynamodb, at: embedded}`, "{name: a, driver: null}\n  - {name: a, driver: null}", []string{
			`20:12: targets[1].name: found "a", expected a name that no other target has`,
		}},
		"a target's name with a slash": {`name: dynamodb, driver`, `name: a/b, driver`, []string{
			`19:12: targets[0].name: found "a/b", expected letters, digits, dashes, dots and underscores, 63 at most`,
		}},
		"a source of no basis": {`seed: 7`, `sources: {seed: {basis: guessed}}`, []string{
			`3:25: sources.seed.basis: found "guessed", expected one of measured, modelled, assumed`,
		}},
		"two documents": {`cost: {demand: {mean: 100/s}}`, "---\ncost: {}", []string{
			`21:1: found a second YAML document, expected one scenario a file`,
		}},
		"a merge key": {`seed: 7`, `<<: {seed: 7}`, []string{
			`3:1: <<: found unknown key "<<", expected one of version, name, description, seed, dataset, indexes, workload, objectives, events, sources, targets, cost`,
		}},
	} {
		t.Run(name, func(t *testing.T) { refuses(t, c.old, c.new, c.want...) })
	}
}

// refuses breaks the plain scenario in one place.
func refuses(t *testing.T, before, after string, want ...string) {
	t.Helper()
	if strings.Count(plain, before) != 1 {
		t.Fatalf("%q occurs %d times in the plain scenario", before, strings.Count(plain, before))
	}
	_, err := Parse("f.yaml", []byte(strings.Replace(plain, before, after, 1)))
	var got []string
	for _, e := range Errors(err) {
		got = append(got, strings.TrimPrefix(e.Error(), "f.yaml:"))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
