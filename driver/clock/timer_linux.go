package clock

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// A kernelTimer is a timerfd that the runtime's poller watches: its expiry wakes a waiting
// goroutine as the arrival of data would, without the poller's rounding of timeouts.
type kernelTimer struct {
	file *os.File
	fd   int
	buf  [8]byte
}

func newKernelTimer() (*kernelTimer, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	return &kernelTimer{file: os.NewFile(uintptr(fd), "timerfd"), fd: fd}, nil
}

func (t *kernelTimer) wait(d time.Duration) error {
	// A zero time would disarm the timer.
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(max(d, 1)))}
	if err := unix.TimerfdSettime(t.fd, 0, &spec, nil); err != nil {
		return err
	}
	_, err := t.file.Read(t.buf[:])
	return err
}

func (t *kernelTimer) close() { _ = t.file.Close() }
