package dynamodb

import (
	"context"
	"time"

	"crossover/driver"
)

// loadThrottles names the driver's own counter among the server's: items of batches that
// loading had to send again, and requests that were throttled outside the stream.
const loadThrottles = "CrossoverLoadThrottles"

// openedConnections names how many connections the sessions have opened so far, those of
// warming included: more than there are sessions is a client that connects anew under load.
const openedConnections = "CrossoverConnectionsOpened"

// The counters of adaptive retries: attempts that the client held back, and for how long in all.
const (
	clientDelays       = "CrossoverClientDelays"
	clientDelaySeconds = "CrossoverClientDelaySeconds"
)

// Sample reads the embedded server's counters, in CloudWatch's names, and its partitions. No
// other DynamoDB shows them to its clients: from those, the sample is the driver's own counters,
// and what the service says of the table's capacity over time.
func (d *Driver) Sample(ctx context.Context) (driver.Sample, error) {
	sample := driver.Sample{Counters: map[string]float64{}}
	if d.seen.embedded.Load() {
		since := d.since.Load()
		s, err := d.status(ctx, since)
		if err != nil {
			return driver.Sample{}, err
		}
		d.since.Store(max(since, s.Seq))
		for name, value := range s.Counters {
			sample.Counters[name] = value
		}
		sample.Partitions, sample.Events = s.Partitions, s.Events
	}
	sample.Counters[loadThrottles] = float64(d.load.throttles.Load())
	sample.Counters[openedConnections] = float64(d.opened.dialed.Load() + d.dialer.dialed.Load())
	if d.cfg.Retries.Mode == modeAdaptive {
		sample.Counters[clientDelays] = float64(d.delays.Load())
		sample.Counters[clientDelaySeconds] = time.Duration(d.delayed.Load()).Seconds()
	}
	if d.cfg.CloudWatch || d.cfg.Capacity.Provisioned != nil || d.kind() == driver.Real {
		if err := d.capacityCounters(ctx, sample.Counters); err != nil {
			return driver.Sample{}, err
		}
	}
	return sample, nil
}
