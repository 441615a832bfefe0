package runner

import (
	"bytes"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// readUsage reads this process's CPU time, and its threads' waits for a core from
// /proc/self/task/*/schedstat (Documentation/scheduler/sched-stats.rst: time on the CPU,
// time waiting on a run queue, both in ns). A thread that ended takes its waits with it.
func readUsage() usage {
	var u usage
	var r unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &r) == nil {
		u.cpu = time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return u
	}
	for _, task := range tasks {
		text, err := os.ReadFile("/proc/self/task/" + task.Name() + "/schedstat")
		if err != nil {
			continue // the thread has ended
		}
		if fields := bytes.Fields(text); len(fields) >= 2 {
			if wait, err := strconv.ParseInt(string(fields[1]), 10, 64); err == nil {
				u.wait += time.Duration(wait)
			}
		}
	}
	return u
}

// TCPSegments returns how many TCP segments this host's network namespace has sent so far, and
// how many of them again; false where the system does not say.
func TCPSegments() (sent, again uint64, ok bool) {
	text, err := os.ReadFile("/proc/self/net/snmp")
	if err != nil {
		return 0, 0, false
	}
	return segments(string(text))
}

// kernel returns the kernel's name and release.
func kernel() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return "linux"
	}
	return unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
}
