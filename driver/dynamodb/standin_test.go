package dynamodb

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A standin is the little of DynamoDB that the driver asks for, with answers that a test can
// replace one by one. What it cannot do it refuses.
type standin struct {
	mu     sync.Mutex
	tables map[string]*standinTable
	// hook may answer a request itself, by returning true. n counts this operation's requests
	// from 1.
	hook   func(w http.ResponseWriter, r *http.Request, name string, n int) bool
	counts map[string]int
	server *httptest.Server
}

type standinTable struct {
	description map[string]any
	tags        []map[string]string
	items       map[string]standinItem
}

type standinItem = map[string]map[string]string // attribute -> {"S": value}

func startStandin(t testing.TB) *standin {
	t.Helper()
	s := &standin{tables: map[string]*standinTable{}, counts: map[string]int{}}
	s.server = httptest.NewServer(s)
	t.Cleanup(s.server.Close)
	return s
}

// called returns how often an operation was asked for.
func (s *standin) called(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[name]
}

func (s *standin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, name, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body)) // for the hook
	s.mu.Lock()
	s.counts[name]++
	n, hook := s.counts[name], s.hook
	s.mu.Unlock()
	if hook != nil && hook(w, r, name, n) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var in standinRequest
	if err := json.Unmarshal(body, &in); err != nil {
		refuse(w, http.StatusBadRequest, "SerializationException", "")
		return
	}
	switch name {
	case "CreateTable":
		s.createTable(w, &in, body)
		return
	case "BatchWriteItem":
		s.batch(w, &in)
		return
	case "ListTagsOfResource":
		in.TableName = in.ResourceArn[strings.LastIndexByte(in.ResourceArn, '/')+1:]
	}
	table := s.tables[in.TableName]
	if table == nil {
		refuse(w, http.StatusBadRequest, "ResourceNotFoundException", "")
		return
	}
	s.onTable(w, name, table, &in)
}

// A standinRequest holds the members of all requests that the driver sends.
type standinRequest struct {
	TableName, ResourceArn, ConditionExpression string
	ReturnConsumedCapacity                      string
	Key, Item                                   standinItem
	ExpressionAttributeValues                   standinItem
	ExclusiveStartKey                           standinItem
	ConsistentRead                              bool
	Limit                                       int
	Tags                                        []map[string]string
	RequestItems                                map[string][]struct{ PutRequest struct{ Item standinItem } }
}

func (s *standin) onTable(w http.ResponseWriter, name string, table *standinTable, in *standinRequest) {
	switch name {
	case "DescribeTable":
		answer(w, map[string]any{"Table": table.description})
	case "DeleteTable":
		delete(s.tables, in.TableName)
		answer(w, map[string]any{"TableDescription": table.description})
	case "ListTagsOfResource":
		answer(w, map[string]any{"Tags": table.tags})
	case "GetItem":
		it := table.items[storeKey(in.Key)]
		out := consumed(in, readUnits(itemSize(it), in.ConsistentRead))
		if it != nil {
			out["Item"] = it
		}
		answer(w, out)
	case "PutItem", "DeleteItem":
		table.write(w, name, in)
	case "Query", "Scan":
		table.page(w, name, in)
	default:
		refuse(w, http.StatusBadRequest, "UnknownOperationException", name)
	}
}

func (s *standin) createTable(w http.ResponseWriter, in *standinRequest, body []byte) {
	if s.tables[in.TableName] != nil {
		refuse(w, http.StatusBadRequest, "ResourceInUseException", in.TableName)
		return
	}
	var d map[string]any
	if err := json.Unmarshal(body, &d); err != nil {
		refuse(w, http.StatusBadRequest, "SerializationException", "")
		return
	}
	delete(d, "Tags")
	d["TableArn"] = "arn:aws:dynamodb:us-east-1:123456789012:table/" + in.TableName
	d["TableId"] = fmt.Sprintf("id-%d", s.counts["CreateTable"])
	d["TableStatus"] = "ACTIVE"
	if d["BillingMode"] == "PAY_PER_REQUEST" {
		d["BillingModeSummary"] = map[string]any{"BillingMode": d["BillingMode"]}
	}
	delete(d, "BillingMode")
	s.tables[in.TableName] = &standinTable{description: d, tags: in.Tags, items: map[string]standinItem{}}
	answer(w, map[string]any{"TableDescription": d})
}

func (s *standin) batch(w http.ResponseWriter, in *standinRequest) {
	var capacity []any
	for name, writes := range in.RequestItems {
		table := s.tables[name]
		if table == nil || len(writes) > batchSize {
			refuse(w, http.StatusBadRequest, "ValidationException", fmt.Sprintf("%d writes to %s", len(writes), name))
			return
		}
		units := 0.0
		for _, write := range writes {
			table.items[storeKey(write.PutRequest.Item)] = write.PutRequest.Item
			units += writeUnits(itemSize(write.PutRequest.Item))
		}
		capacity = append(capacity, map[string]any{"TableName": name, "CapacityUnits": units})
	}
	answer(w, map[string]any{"ConsumedCapacity": capacity, "UnprocessedItems": map[string]any{}})
}

func (table *standinTable) write(w http.ResponseWriter, name string, in *standinRequest) {
	key := storeKey(in.Item)
	if name == "DeleteItem" {
		key = storeKey(in.Key)
	}
	old := table.items[key]
	holds := map[string]bool{
		"": true, "attribute_exists(pk)": old != nil, "attribute_not_exists(pk)": old == nil,
		"ver = :ver": old != nil && old["ver"]["S"] == in.ExpressionAttributeValues[":ver"]["S"],
	}
	applies, known := holds[in.ConditionExpression]
	if !known {
		refuse(w, http.StatusBadRequest, "ValidationException", in.ConditionExpression)
		return
	}
	if !applies {
		refuse(w, http.StatusBadRequest, "ConditionalCheckFailedException", "The conditional request failed")
		return
	}
	size := max(itemSize(old), itemSize(in.Item))
	if name == "DeleteItem" {
		delete(table.items, key)
	} else {
		table.items[key] = in.Item
	}
	answer(w, consumed(in, writeUnits(size)))
}

// page answers a Query or Scan; a page ends at its limit or past 1 MB.
func (table *standinTable) page(w http.ResponseWriter, name string, in *standinRequest) {
	keys := slices.Sorted(maps.Keys(table.items))
	if name == "Query" {
		prefix := in.ExpressionAttributeValues[":pk"]["S"] + "\x00"
		keys = slices.DeleteFunc(keys, func(k string) bool { return !strings.HasPrefix(k, prefix) })
	}
	if in.ExclusiveStartKey != nil {
		from, found := slices.BinarySearchFunc(keys, storeKey(in.ExclusiveStartKey), cmp.Compare[string])
		if found {
			from++
		}
		keys = keys[from:]
	}
	var items []standinItem
	size := 0
	for _, k := range keys {
		if len(items) == in.Limit || size >= 1<<20 {
			break
		}
		items = append(items, table.items[k])
		size += itemSize(table.items[k])
	}
	out := consumed(in, readUnits(size, in.ConsistentRead))
	out["Items"], out["Count"] = items, len(items)
	if len(items) > 0 && (len(items) < len(keys) || len(items) == in.Limit) {
		last := items[len(items)-1]
		key := standinItem{"pk": last["pk"]}
		if last["sk"] != nil {
			key["sk"] = last["sk"]
		}
		out["LastEvaluatedKey"] = key
	}
	answer(w, out)
}

func storeKey(it standinItem) string { return it["pk"]["S"] + "\x00" + it["sk"]["S"] }

func itemSize(it standinItem) (n int) {
	for name, v := range it {
		n += len(name) + len(v["S"])
	}
	return n
}

func readUnits(size int, strong bool) float64 {
	units := float64(max(1, (size+4095)/4096))
	if strong {
		return units
	}
	return units / 2
}

func writeUnits(size int) float64 { return float64(max(1, (size+1023)/1024)) }

func consumed(in *standinRequest, units float64) map[string]any {
	if in.ReturnConsumedCapacity != "TOTAL" {
		return map[string]any{}
	}
	return map[string]any{"ConsumedCapacity": map[string]any{"TableName": in.TableName, "CapacityUnits": units}}
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		panic(err)
	}
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	refuseWith(w, status, code, message, "")
}

// refuseWith adds members to an error's body.
func refuseWith(w http.ResponseWriter, status int, code, message, more string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":%q%s}`, code, message, more)
}

// throttle answers as a hot partition does.
func throttle(w http.ResponseWriter, reason string) {
	refuseWith(w, http.StatusBadRequest, "ProvisionedThroughputExceededException", "The level of configured provisioned throughput for the table was exceeded.",
		`,"ThrottlingReasons":[{"reason":"`+reason+`","resource":"arn:aws:dynamodb:us-east-1:123456789012:table/t"}]`)
}
