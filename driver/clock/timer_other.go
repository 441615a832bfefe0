//go:build !linux

package clock

import (
	"errors"
	"time"
)

// A kernelTimer exists on Linux only.
type kernelTimer struct{}

func newKernelTimer() (*kernelTimer, error) { return nil, errors.ErrUnsupported }

func (*kernelTimer) wait(time.Duration) error { return errors.ErrUnsupported }

func (*kernelTimer) close() {}
