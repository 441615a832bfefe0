package dynamodb

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// stream sends an operation of the streams' API that has to succeed.
func (h *host) stream(operation, body string, out any) {
	h.t.Helper()
	w := h.send(streamPrefix+operation, body)
	if w.Code != http.StatusOK {
		h.t.Fatalf("%s %s: %d %s", operation, body, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), out); err != nil {
		h.t.Fatal(err)
	}
}

// streamFails sends one that has to fail, and returns its answer.
func (h *host) streamFails(operation, body string) string {
	h.t.Helper()
	w := h.send(streamPrefix+operation, body)
	if w.Code != http.StatusBadRequest {
		h.t.Fatalf("%s %s: %d %s, want a failure", operation, body, w.Code, w.Body)
	}
	return w.Body.String()
}

type streamShard struct {
	ShardID             string `json:"ShardId"`
	ParentShardID       string `json:"ParentShardId"`
	SequenceNumberRange struct{ StartingSequenceNumber, EndingSequenceNumber string }
}

func (h *host) shards(arn string) []streamShard {
	h.t.Helper()
	var d struct {
		StreamDescription struct{ Shards []streamShard }
	}
	h.stream("DescribeStream", fmt.Sprintf(`{"StreamArn":"%s"}`, arn), &d)
	return d.StreamDescription.Shards
}

// iterator returns a shard iterator; more are further members.
func (h *host) iterator(arn, shard, kind, more string) string {
	h.t.Helper()
	var i struct{ ShardIterator string }
	h.stream("GetShardIterator", fmt.Sprintf(`{"StreamArn":"%s","ShardId":"%s","ShardIteratorType":"%s"%s}`, arn, shard, kind, more), &i)
	return i.ShardIterator
}

type streamRecord struct {
	EventName string `json:"eventName"`
	DynamoDB  struct {
		Keys, NewImage, OldImage       json.RawMessage
		SequenceNumber, StreamViewType string
		SizeBytes                      int
	} `json:"dynamodb"`
	UserIdentity *struct{ Type, PrincipalID string } `json:"userIdentity"`
}

func (h *host) records(iterator string, limit int) (out []streamRecord, next string) {
	h.t.Helper()
	var r struct {
		Records           []streamRecord
		NextShardIterator string
	}
	h.stream("GetRecords", fmt.Sprintf(`{"ShardIterator":"%s","Limit":%d}`, iterator, limit), &r)
	return r.Records, r.NextShardIterator
}

// all reads a stream from its beginning to its end, parents before their children.
func (h *host) all(arn string) (out []streamRecord) {
	h.t.Helper()
	for _, s := range h.shards(arn) {
		for next := h.iterator(arn, s.ShardID, "TRIM_HORIZON", ""); next != ""; {
			var records []streamRecord
			if records, next = h.records(next, 1000); len(records) == 0 {
				break
			}
			out = append(out, records...)
		}
	}
	return out
}

func (h *host) streamed(view string) (arn string) {
	h.t.Helper()
	var d struct {
		TableDescription struct{ LatestStreamArn string }
	}
	h.must("CreateTable", strings.Replace(createTable, `{"TableName"`, `{"StreamSpecification":{"StreamEnabled":true,"StreamViewType":"`+view+`"},"TableName"`, 1), &d)
	if d.TableDescription.LatestStreamArn == "" {
		h.t.Fatal("the table has no stream")
	}
	return d.TableDescription.LatestStreamArn
}

// TestStreamViews: what each view has of an item made, changed, left as it is, and deleted.
func TestStreamViews(t *testing.T) {
	for view, want := range map[string][]string{
		"KEYS_ONLY":          {`INSERT {"id":{"S":"a"}}   3`, `MODIFY {"id":{"S":"a"}}   3`, `REMOVE {"id":{"S":"a"}}   3`},
		"NEW_IMAGE":          {`INSERT {"id":{"S":"a"}} {"id":{"S":"a"},"v":{"N":"1"}}  9`, `MODIFY {"id":{"S":"a"}} {"id":{"S":"a"},"v":{"N":"2"}}  9`, `REMOVE {"id":{"S":"a"}}   3`},
		"OLD_IMAGE":          {`INSERT {"id":{"S":"a"}}   3`, `MODIFY {"id":{"S":"a"}}  {"id":{"S":"a"},"v":{"N":"1"}} 9`, `REMOVE {"id":{"S":"a"}}  {"id":{"S":"a"},"v":{"N":"2"}} 9`},
		"NEW_AND_OLD_IMAGES": {`INSERT {"id":{"S":"a"}} {"id":{"S":"a"},"v":{"N":"1"}}  9`, `MODIFY {"id":{"S":"a"}} {"id":{"S":"a"},"v":{"N":"2"}} {"id":{"S":"a"},"v":{"N":"1"}} 15`, `REMOVE {"id":{"S":"a"}}  {"id":{"S":"a"},"v":{"N":"2"}} 9`},
	} {
		h := newHost(t, Options{})
		arn := h.streamed(view)
		for _, v := range []int{1, 1, 2} {
			h.must("PutItem", fmt.Sprintf(`{"TableName":"Table","Item":{"id":{"S":"a"},"v":{"N":"%d"}}}`, v), nil)
		}
		h.must("DeleteItem", `{"TableName":"Table","Key":{"id":{"S":"a"}}}`, nil)
		h.must("DeleteItem", `{"TableName":"Table","Key":{"id":{"S":"a"}}}`, nil)
		var got []string
		for _, r := range h.all(arn) {
			if r.DynamoDB.StreamViewType != view || r.UserIdentity != nil {
				t.Errorf("%s: %+v", view, r)
			}
			got = append(got, fmt.Sprintf("%s %s %s %s %d", r.EventName, r.DynamoDB.Keys, r.DynamoDB.NewImage, r.DynamoDB.OldImage, r.DynamoDB.SizeBytes))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: -want +got:\n%s", view, d)
		}
	}
}

// TestStreamIterators: the four kinds of iterator, limits, and what expires.
func TestStreamIterators(t *testing.T) {
	h := newHost(t, Options{})
	arn := h.streamed("KEYS_ONLY")
	key := func(i int) string { return fmt.Sprintf(`{"id":{"S":"a"},"v":{"N":"%d"}}`, i) }
	for i := range 5 {
		h.must("PutItem", `{"TableName":"Table","Item":`+key(i)+`}`, nil)
	}
	shard := ""
	for _, s := range h.shards(arn) {
		if got, _ := h.records(h.iterator(arn, s.ShardID, "TRIM_HORIZON", ""), 10); len(got) > 0 {
			shard = s.ShardID
		}
	}
	all, next := h.records(h.iterator(arn, shard, "TRIM_HORIZON", ""), 3)
	if len(all) != 3 || next == "" {
		t.Fatalf("%d records, next %q", len(all), next)
	}
	rest, next := h.records(next, 3)
	if len(rest) != 2 || next == "" {
		t.Fatalf("%d more records, next %q", len(rest), next)
	}
	all = append(all, rest...)
	if none, again := h.records(next, 3); len(none) != 0 || again == "" {
		t.Errorf("an open shard's end: %d records, next %q", len(none), again)
	}
	latest := h.iterator(arn, shard, "LATEST", "")
	h.must("PutItem", `{"TableName":"Table","Item":`+key(9)+`}`, nil)
	if got, _ := h.records(latest, 10); len(got) != 1 {
		t.Errorf("LATEST: %d records, want 1", len(got))
	}
	second := fmt.Sprintf(`,"SequenceNumber":"%s"`, all[1].DynamoDB.SequenceNumber)
	at, _ := h.records(h.iterator(arn, shard, "AT_SEQUENCE_NUMBER", second), 1)
	after, _ := h.records(h.iterator(arn, shard, "AFTER_SEQUENCE_NUMBER", second), 1)
	if at[0].DynamoDB.SequenceNumber != all[1].DynamoDB.SequenceNumber || after[0].DynamoDB.SequenceNumber != all[2].DynamoDB.SequenceNumber {
		t.Errorf("at %v, after %v", at, after)
	}
	request := fmt.Sprintf(`{"StreamArn":"%s","ShardId":"%s","ShardIteratorType":`, arn, shard)
	for body, want := range map[string]string{
		request + `"AT_SEQUENCE_NUMBER"}`:                                                          "SequenceNumber must be specified",
		request + `"AT_SEQUENCE_NUMBER","SequenceNumber":"100000000000000000099"}`:                 "",
		request + `"AT_SEQUENCE_NUMBER","SequenceNumber":"7"}`:                                     "Invalid SequenceNumber",
		request + `"SOMEWHERE"}`:                                                                   "failed to satisfy constraint",
		fmt.Sprintf(`{"StreamArn":"%s","ShardId":"no","ShardIteratorType":"LATEST"}`, arn):         "ResourceNotFoundException",
		fmt.Sprintf(`{"StreamArn":"%sx","ShardId":"%s","ShardIteratorType":"LATEST"}`, arn, shard): "ResourceNotFoundException",
	} {
		if want == "" {
			h.stream("GetShardIterator", body, &struct{}{})
		} else if got := h.streamFails("GetShardIterator", body); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
	h.clock.Advance(15*time.Minute + time.Second)
	if got := h.streamFails("GetRecords", fmt.Sprintf(`{"ShardIterator":"%s"}`, latest)); !strings.Contains(got, "ExpiredIteratorException") {
		t.Errorf("an old iterator: %s", got)
	}
	first := fmt.Sprintf(`,"SequenceNumber":"%s"`, all[0].DynamoDB.SequenceNumber)
	h.clock.Advance(23 * time.Hour)
	h.must("PutItem", `{"TableName":"Table","Item":`+key(10)+`}`, nil)
	h.clock.Advance(time.Hour)
	if got := h.all(arn); len(got) != 1 {
		t.Errorf("%d records after a day, want 1", len(got))
	}
	if got := h.streamFails("GetShardIterator", request+`"AT_SEQUENCE_NUMBER"`+first+`}`); !strings.Contains(got, "TrimmedDataAccessException") {
		t.Errorf("a trimmed record: %s", got)
	}
}

// TestStreamShardsFollowPartitions: a table whose partitions split has shards that are closed and
// have children; read parents first, every change comes once, an item's in order.
func TestStreamShardsFollowPartitions(t *testing.T) {
	h := newHost(t, Options{})
	arn := h.streamed("NEW_IMAGE")
	want := map[string][]string{}
	write := func(v int) {
		for i := range 40 {
			id := fmt.Sprint(i)
			h.must("PutItem", fmt.Sprintf(`{"TableName":"Table","Item":{"id":{"S":"%s"},"v":{"N":"%d"}}}`, id, v), nil)
			want[id] = append(want[id], fmt.Sprint(v))
		}
	}
	write(1)
	if n := len(h.shards(arn)); n != 4 {
		t.Fatalf("%d shards, want one for each of 4 partitions", n)
	}
	h.must("UpdateTable", `{"TableName":"Table","BillingMode":"PROVISIONED","ProvisionedThroughput":{"ReadCapacityUnits":10,"WriteCapacityUnits":6000}}`, nil)
	write(2)
	shards := h.shards(arn)
	closed, children := 0, 0
	for _, s := range shards {
		if s.SequenceNumberRange.EndingSequenceNumber != "" {
			closed++
		}
		if s.ParentShardID == "" {
			continue
		}
		children++
		if !slices.ContainsFunc(shards, func(p streamShard) bool {
			return p.ShardID == s.ParentShardID && p.SequenceNumberRange.EndingSequenceNumber != ""
		}) {
			t.Errorf("shard %s: its parent %s is not closed", s.ShardID, s.ParentShardID)
		}
	}
	if closed != 2 || children != 4 {
		t.Errorf("%d closed shards and %d children after two splits, want 2 and 4", closed, children)
	}
	got := map[string][]string{}
	for _, r := range h.all(arn) {
		var image struct {
			ID struct{ S string } `json:"id"`
			V  struct{ N string } `json:"v"`
		}
		if err := json.Unmarshal(r.DynamoDB.NewImage, &image); err != nil {
			t.Fatal(err)
		}
		got[image.ID.S] = append(got[image.ID.S], image.V.N)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// TestStreamOutlivesItsTable: a stream that is switched off, by itself or with its table, is read
// for a day more; its shards end.
func TestStreamOutlivesItsTable(t *testing.T) {
	h := newHost(t, Options{})
	arn := h.streamed("KEYS_ONLY")
	h.must("PutItem", `{"TableName":"Table","Item":{"id":{"S":"a"}}}`, nil)
	h.must("UpdateTable", `{"TableName":"Table","StreamSpecification":{"StreamEnabled":false}}`, nil)
	h.must("PutItem", `{"TableName":"Table","Item":{"id":{"S":"b"}}}`, nil)
	if got := h.all(arn); len(got) != 1 {
		t.Errorf("%d records, want the one from before", len(got))
	}
	h.clock.Advance(time.Second)
	h.must("UpdateTable", `{"TableName":"Table","StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_IMAGE"}}`, nil)
	if code, text := h.do("UpdateTable", `{"TableName":"Table","StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_IMAGE"}}`); code != http.StatusBadRequest {
		t.Errorf("a second stream: %s", text)
	}
	h.must("DeleteTable", `{"TableName":"Table"}`, nil)
	h.must("ListTables", `{}`, nil)
	var list struct{ Streams []struct{ StreamArn string } }
	h.stream("ListStreams", `{"TableName":"Table"}`, &list)
	if len(list.Streams) != 2 {
		t.Fatalf("%d streams, want 2", len(list.Streams))
	}
	var page struct {
		Streams                []struct{ StreamArn string }
		LastEvaluatedStreamArn string
	}
	h.stream("ListStreams", `{"Limit":1}`, &page)
	if len(page.Streams) != 1 || page.LastEvaluatedStreamArn != arn {
		t.Errorf("a page of one: %+v", page)
	}
	h.stream("ListStreams", fmt.Sprintf(`{"ExclusiveStartStreamArn":"%s"}`, arn), &page)
	if len(page.Streams) != 1 || page.Streams[0].StreamArn == arn {
		t.Errorf("the next page: %+v", page)
	}
	for _, s := range h.shards(list.Streams[1].StreamArn) {
		if s.SequenceNumberRange.EndingSequenceNumber == "" {
			t.Errorf("shard %s of a deleted table is open", s.ShardID)
		}
	}
	h.clock.Advance(24*time.Hour + time.Second)
	h.stream("ListStreams", `{}`, &list)
	if len(list.Streams) != 0 {
		t.Errorf("%d streams after a day, want none", len(list.Streams))
	}
}

// TestExpiredInStream: what time to live deletes is the service's own doing, in every index too.
func TestExpiredInStream(t *testing.T) {
	h := newHost(t, Options{TTLWithin: time.Second})
	arn := h.streamed("OLD_IMAGE")
	h.must("UpdateTable", `{"TableName":"Table","AttributeDefinitions":[{"AttributeName":"g","AttributeType":"S"}],"GlobalSecondaryIndexUpdates":[{"Create":{"IndexName":"by-g","KeySchema":[{"AttributeName":"g","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}}]}`, nil)
	h.must("UpdateTimeToLive", `{"TableName":"Table","TimeToLiveSpecification":{"AttributeName":"x","Enabled":true}}`, nil)
	const n = 300
	for i := range n {
		h.must("PutItem", fmt.Sprintf(`{"TableName":"Table","Item":{"id":{"S":"%d"},"g":{"S":"g"},"x":{"N":"%d"}}}`, i, start.Unix()+60), nil)
	}
	h.clock.Advance(time.Minute)
	before := h.server.status("Table", 0).Counters["ConsumedWriteCapacityUnits"]
	gone := func() int { return n - int(h.server.tables["Table"].store.Items()) }
	deleted := []int{}
	for range 5 {
		h.clock.Advance(200 * time.Millisecond)
		h.must("DescribeTable", `{"TableName":"Table"}`, nil)
		deleted = append(deleted, gone())
	}
	if deleted[0] < n/20 || deleted[0] > n/2 || deleted[2] < n/3 || deleted[4] != n || !slices.IsSorted(deleted) {
		t.Errorf("deleted within the delay: %v, want %d spread over it", deleted, n)
	}
	if x := h.server.tables["Table"].aside.Load().find("by-g").store.Items(); x != 0 {
		t.Errorf("the index keeps %d entries", x)
	}
	c := h.server.status("Table", 0).Counters
	if c["TimeToLiveDeletedItemCount"] != n || c["ConsumedWriteCapacityUnits"] != before {
		t.Errorf("%v deleted, %v units consumed, want %d and %v", c["TimeToLiveDeletedItemCount"], c["ConsumedWriteCapacityUnits"], n, before)
	}
	removed := 0
	for _, r := range h.all(arn) {
		if r.EventName == "REMOVE" {
			removed++
			if r.UserIdentity == nil || r.UserIdentity.Type != "Service" || r.UserIdentity.PrincipalID != "dynamodb.amazonaws.com" || r.DynamoDB.OldImage == nil {
				t.Errorf("%+v", r)
			}
		}
	}
	if removed != n {
		t.Errorf("%d removals in the stream, want %d", removed, n)
	}
}
