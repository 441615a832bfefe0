package dynamodb

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// streamPrefix is the version of the streams' own API in the header X-Amz-Target.
const streamPrefix = "DynamoDBStreams_20120810."

// The limits of reading streams (API Reference, GetRecords and GetShardIterator).
const (
	maxRecords     = 1000
	maxRecordBytes = 1024 * 1024
	maxShards      = 100
	iteratorFor    = 15 * time.Minute
)

// sequenceText returns a sequence number as the API shows it, whose order as text is its own.
func sequenceText(n uint64) string { return fmt.Sprintf("1%020d", n) }

func sequenceNumber(text string) (uint64, bool) {
	rest, ok := strings.CutPrefix(text, "1")
	n, err := strconv.ParseUint(rest, 10, 64)
	return n, ok && err == nil && len(rest) == 20
}

// listStreams answers ListStreams.
func (c *call) listStreams() error {
	r := &c.req
	name, from := r.text("TableName"), r.text("ExclusiveStartStreamArn")
	limit, err := r.bounded("Limit", 100, 100)
	if err != nil {
		return err
	}
	type entry struct{ StreamArn, TableName, StreamLabel string }
	answer := struct {
		Streams                []entry
		LastEvaluatedStreamArn string `json:",omitempty"`
	}{Streams: []entry{}}
	passed := from == ""
	for _, x := range c.s.streams.list(c.now) {
		if !passed || name != "" && x.table.name != c.s.tableName(name) {
			passed = passed || x.arn == from
			continue
		}
		if len(answer.Streams) == limit {
			answer.LastEvaluatedStreamArn = answer.Streams[limit-1].StreamArn
			break
		}
		answer.Streams = append(answer.Streams, entry{x.arn, x.table.name, x.label})
	}
	c.out = appendJSON(c.out, answer)
	return nil
}

// bounded reads a whole number from 1 to a limit.
func (r *request) bounded(name string, otherwise, most int) (int, error) {
	if !r.has(name) {
		return otherwise, r.err
	}
	n := r.integer(name)
	switch {
	case r.err != nil:
		return 0, r.err
	case n < 1:
		return 0, unfit(fmt.Sprint(n), small(name), "Member must have value greater than or equal to 1")
	case n > int64(most):
		return 0, unfit(fmt.Sprint(n), small(name), fmt.Sprintf("Member must have value less than or equal to %d", most))
	}
	return int(n), nil
}

// namedStream returns the stream that StreamArn names.
func (c *call) namedStream() (*stream, error) {
	c.req.require("StreamArn")
	arn := c.req.text("StreamArn")
	if c.req.err != nil {
		return nil, c.req.err
	}
	for _, x := range c.s.streams.list(c.now) {
		if x.arn == arn {
			return x, nil
		}
	}
	return nil, failure("ResourceNotFoundException", "Requested resource not found: Stream: %s not found", arn)
}

type sequenceRange struct {
	StartingSequenceNumber string
	EndingSequenceNumber   string `json:",omitempty"`
}

type shardDescription struct {
	ShardID             string `json:"ShardId"`
	SequenceNumberRange sequenceRange
	ParentShardID       string `json:"ParentShardId,omitempty"`
}

// describeStream answers DescribeStream.
func (c *call) describeStream() error {
	x, err := c.namedStream()
	if err != nil {
		return err
	}
	r := &c.req
	from := r.text("ExclusiveStartShardId")
	limit, err := r.bounded("Limit", maxShards, maxShards)
	if err != nil {
		return err
	}
	childrenOf := ""
	if f := r.structure("ShardFilter"); f != nil {
		f.choice("Type", "CHILD_SHARDS")
		childrenOf = f.text("ShardId")
		r.failIn(f)
	}
	if r.err != nil {
		return r.err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.ended == never {
		x.reshard(c.now)
	}
	x.forget(c.now)
	shards, last := []shardDescription{}, ""
	passed := from == ""
	for _, h := range x.shards {
		if !passed || childrenOf != "" && h.parent != childrenOf {
			passed = passed || h.id == from
			continue
		}
		if len(shards) == limit {
			last = shards[limit-1].ShardID
			break
		}
		d := shardDescription{h.id, sequenceRange{StartingSequenceNumber: sequenceText(h.begin)}, h.parent}
		if h.end != 0 {
			d.SequenceNumberRange.EndingSequenceNumber = sequenceText(max(h.begin, h.end-1))
		}
		shards = append(shards, d)
	}
	c.answerStream(x, shards, last)
	return nil
}

func (c *call) answerStream(x *stream, shards []shardDescription, last string) {
	status := "ENABLED"
	if x.ended != never {
		status = "DISABLED"
	}
	var keys []keyElement
	for _, k := range x.table.schema {
		keys = append(keys, keyElement{k.name, k.role})
	}
	c.out = appendJSON(c.out, map[string]any{"StreamDescription": struct {
		StreamArn, StreamLabel, StreamStatus, StreamViewType string
		CreationRequestDateTime                              float64
		TableName                                            string
		KeySchema                                            []keyElement
		Shards                                               []shardDescription
		LastEvaluatedShardID                                 string `json:"LastEvaluatedShardId,omitempty"`
	}{x.arn, x.label, status, x.view, seconds(x.created), x.table.name, keys, shards, last}})
}

// An iterator is a place in a shard: the next sequence number to be read.
type iterator struct {
	arn, shard string
	seq        uint64
	made       time.Duration
}

func (i iterator) text() string {
	return i.arn + "|1|" + base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%s %d %d", i.shard, i.seq, i.made))
}

func readIterator(text string) (i iterator, ok bool) {
	arn, code, ok := strings.Cut(text, "|1|")
	raw, err := base64.StdEncoding.DecodeString(code)
	if !ok || err != nil {
		return i, false
	}
	i.arn = arn
	_, err = fmt.Sscanf(string(raw), "%s %d %d", &i.shard, &i.seq, &i.made)
	return i, err == nil
}

func (x *stream) find(id string) *shard {
	for _, h := range x.shards {
		if h.id == id {
			return h
		}
	}
	return nil
}

// getShardIterator answers GetShardIterator.
func (c *call) getShardIterator() error {
	x, err := c.namedStream()
	if err != nil {
		return err
	}
	r := &c.req
	r.require("ShardId")
	r.require("ShardIteratorType")
	id := r.text("ShardId")
	kind := r.choice("ShardIteratorType", "AFTER_SEQUENCE_NUMBER", "LATEST", "AT_SEQUENCE_NUMBER", "TRIM_HORIZON")
	text := r.text("SequenceNumber")
	if r.err != nil {
		return r.err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.forget(c.now)
	h := x.find(id)
	if h == nil {
		return failure("ResourceNotFoundException", "Requested resource not found: Shard: %s in Stream: %s not found",
			id, x.arn)
	}
	at := iterator{arn: x.arn, shard: id, made: c.now}
	switch kind {
	case "TRIM_HORIZON":
		at.seq = h.horizon()
	case "LATEST":
		at.seq = x.next
	default:
		n, ok := sequenceNumber(text)
		switch {
		case !r.has("SequenceNumber"):
			return invalid("SequenceNumber must be specified for shard iterator type %s", kind)
		case !ok || n < h.begin || h.end != 0 && n >= h.end:
			return invalid("Invalid SequenceNumber: %s is not in the range of shard %s", text, id)
		case n < h.horizon():
			return trimmed()
		}
		if at.seq = n; kind == "AFTER_SEQUENCE_NUMBER" {
			at.seq++
		}
	}
	c.out = appendJSON(c.out, map[string]string{"ShardIterator": at.text()})
	return nil
}

// horizon is the first sequence number that can still be read.
func (h *shard) horizon() uint64 {
	if len(h.records) > 0 {
		return h.records[0].seq
	}
	return h.begin
}

func trimmed() error {
	return failure("TrimmedDataAccessException", "The operation attempted to read past the oldest stream record in a "+
		"shard.")
}

// getRecords answers GetRecords.
func (c *call) getRecords() error {
	r := &c.req
	r.require("ShardIterator")
	text := r.text("ShardIterator")
	limit, err := r.bounded("Limit", maxRecords, maxRecords)
	if err != nil {
		return err
	}
	at, ok := readIterator(text)
	if !ok {
		return invalid("Invalid ShardIterator")
	}
	if c.now-at.made > iteratorFor {
		return failure("ExpiredIteratorException", "Iterator expired. The iterator was created at time %s while right "+
			"now it is %s which is further in the future than the tolerated delay of 900000 milliseconds.",
			c.s.options.Clock.Wall(at.made).UTC().Format(time.RFC3339), c.s.options.Clock.Wall(c.now).UTC().Format(time.RFC3339))
	}
	for _, x := range c.s.streams.list(c.now) {
		if x.arn == at.arn {
			return c.records(x, at, limit)
		}
	}
	return failure("ResourceNotFoundException", "Requested resource not found: Stream: %s not found", at.arn)
}

// records answers with what a shard has from an iterator on.
func (c *call) records(x *stream, at iterator, limit int) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.forget(c.now)
	h := x.find(at.shard)
	switch {
	case h == nil:
		return failure("ResourceNotFoundException", "Requested resource not found: Shard: %s in Stream: %s not found",
			at.shard, x.arn)
	case at.seq < h.horizon() && at.seq > h.begin:
		return trimmed()
	}
	n, bytes := 0, 0
	c.out = append(c.out, `{"Records":[`...)
	for _, rec := range h.records {
		if rec.seq < at.seq {
			continue
		}
		if bytes += rec.size(); n == limit || n > 0 && bytes > maxRecordBytes {
			break
		}
		if n > 0 {
			c.out = append(c.out, ',')
		}
		c.record(x, &rec)
		at.seq = rec.seq + 1
		n++
	}
	c.out = append(c.out, ']')
	done := h.end != 0 && (len(h.records) == 0 || at.seq > h.records[len(h.records)-1].seq)
	if !done {
		at.made = c.now
		c.out = appendJSON(append(c.out, `,"NextShardIterator":`...), at.text())
	}
	c.out = append(c.out, '}')
	c.touched(n, bytes)
	return nil
}

// record appends one record (API Reference, Record).
func (c *call) record(x *stream, r *record) {
	c.out = fmt.Appendf(c.out, `{"eventID":"%016x%016x","eventName":"%s","eventVersion":"1.1","eventSource":"aws:dynamodb",`+
		`"awsRegion":"%s","dynamodb":{"ApproximateCreationDateTime":%d,"Keys":`, x.created.UnixNano(), r.seq, r.event,
		c.s.options.Region, c.s.options.Clock.Wall(r.at).Unix())
	c.out = r.keys.AppendJSON(c.out)
	if r.new != nil {
		c.out = r.new.AppendJSON(append(c.out, `,"NewImage":`...))
	}
	if r.old != nil {
		c.out = r.old.AppendJSON(append(c.out, `,"OldImage":`...))
	}
	c.out = fmt.Appendf(c.out, `,"SequenceNumber":"%s","SizeBytes":%d,"StreamViewType":"%s"}`, sequenceText(r.seq), r.size(), x.view)
	if r.expired {
		c.out = append(c.out, `,"userIdentity":{"Type":"Service","PrincipalId":"dynamodb.amazonaws.com"}`...)
	}
	c.out = append(c.out, '}')
}
