package aerospike

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"crossover/driver/embedded/aerospike/wire"
)

// keptJobs is how many queries that are done a node remembers (query-max-done's default).
const keptJobs = 100

// What info commands call the kinds of queries.
const (
	jobBasic      = "basic"
	jobBackground = "background-ops"
)

// A job is a query as info commands see it.
type job struct {
	task         uint64
	kind         string
	set, from    string
	pids, digest int // how many partitions the client asked for, from their beginnings and after a record
	rps          uint32
	began        time.Duration
	aborted      atomic.Bool // somebody asked for it to end
	partitions   atomic.Int32
	sent         atomic.Int64 // bytes
	succeeded    atomic.Uint64
	failed       atomic.Uint64
	filtered     atomic.Uint64

	// Set once, under the list's lock, by the end.
	status string
	ended  time.Duration
}

// jobs are a node's queries: those under way, and the last that are done.
type jobs struct {
	mu   sync.Mutex
	list []*job
}

// begin adds a job. A client that tries a query again gives it the same number; one in the
// background cannot be begun again while it is under way.
func (l *jobs) begin(j *job) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	done := 0
	for _, other := range l.list {
		if other.status == "" && other.task == j.task && j.kind == jobBackground {
			return false
		}
		if other.status != "" {
			done++
		}
	}
	if done > keptJobs {
		i := slices.IndexFunc(l.list, func(j *job) bool { return j.status != "" })
		l.list = slices.Delete(l.list, i, i+1)
	}
	l.list = append(l.list, j)
	return true
}

// end notes that a job is over, and how.
func (l *jobs) end(j *job, status string, now time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	j.status, j.ended = status, now
}

// show describes the jobs, or one.
func (l *jobs) show(namespace string, task *uint64, now time.Duration) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for i := len(l.list) - 1; i >= 0; i-- {
		if task == nil || *task == l.list[i].task {
			out = append(out, l.list[i].show(namespace, now))
		}
	}
	if task != nil && len(out) == 0 {
		return "ERROR:2:job not found"
	}
	if task != nil {
		return out[0]
	}
	return strings.Join(out, ";")
}

func (j *job) show(namespace string, now time.Duration) string {
	status, threads, until, since := j.status, 0, j.ended, time.Duration(0)
	if status == "" {
		status, threads, until = "active(ok)", 1, now
	} else {
		since = now - j.ended
	}
	progress := 100.0
	if all := j.pids + j.digest; all > 0 && j.status == "" {
		progress = float64(j.partitions.Load()) * 100 / float64(all)
	}
	return fmt.Sprintf("trid=%d:ns=%s:set=%s:n-pids-requested=%d:n-keyds-requested=%d:rps=%d:active-threads=%d:"+
		"status=%s:job-progress=%.2f:run-time=%d:time-since-done=%d:recs-throttled=%d:recs-filtered-meta=0:"+
		"recs-filtered-bins=%d:recs-succeeded=%d:recs-failed=%d:from=%s:job-type=%s:net-io-bytes=%d:net-io-time=0:"+
		"socket-timeout=30000", j.task, namespace, j.set, j.pids, j.digest, j.rps, threads,
		status, progress, (until - j.began).Milliseconds(), since.Milliseconds(),
		j.succeeded.Load()+j.failed.Load()+j.filtered.Load(), j.filtered.Load(), j.succeeded.Load(), j.failed.Load(),
		strings.Replace(j.from, ":", "+", 1), j.kind, j.sent.Load())
}

// abort ends the jobs under way, or one, and returns how many.
func (l *jobs) abort(task *uint64) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, j := range l.list {
		if j.status == "" && (task == nil || *task == j.task) {
			j.aborted.Store(true)
			n++
		}
	}
	return n
}

// jobCommands show and end queries.
var jobCommands = map[string]infoCommand{
	"query-show": func(n *Node, parameters string, now time.Duration) string {
		task, ok := taskOf(parameters)
		if !ok {
			return "ERROR:4:bad 'trid'"
		}
		return n.jobs.show(n.cluster.options.Namespace, task, now)
	},
	"query-abort": func(n *Node, parameters string, _ time.Duration) string {
		task, ok := taskOf(parameters)
		if !ok || task == nil {
			return "ERROR:4:bad 'trid'"
		}
		if n.jobs.abort(task) == 0 {
			return "ERROR:2:job not found"
		}
		return "OK"
	},
	"query-abort-all": func(n *Node, _ string, _ time.Duration) string {
		return "OK - number of queries killed: " + strconv.Itoa(n.jobs.abort(nil))
	},
}

// taskOf reads a job's number, decimal or, after 0x, hexadecimal; nil when there is none.
func taskOf(parameters string) (task *uint64, ok bool) {
	for _, name := range []string{"trid", "id"} {
		text := parameter(parameters, name)
		if text == "" {
			continue
		}
		v, err := strconv.ParseUint(text, 0, 64)
		return &v, err == nil
	}
	return nil, true
}

// newJob describes a query.
func (s *session) newJob(q *wire.Query, kind string, now time.Duration) *job {
	set, _ := s.message.Field(wire.FieldSet)
	j := &job{
		task: q.Task, kind: kind, set: string(set), from: s.conn.RemoteAddr().String(),
		rps: q.RecordsPerSecond, began: now,
	}
	for i := range q.Partitions {
		if q.Partitions[i].Resume {
			j.digest++
		} else {
			j.pids++
		}
	}
	return j
}
