package runner

import (
	"context"
	"time"

	"crossover/driver"
	"crossover/results"
)

// A sampler reads the server's own counters, and writes what changed between readings. It
// runs beside the collector, so that a server slow to answer holds nothing up.
type sampler struct {
	e      *engine
	source driver.Sampler
	writer *results.Writer
	wanted chan struct{} // capacity 1: a reading is wanted; one at a time
	last   map[string]driver.PartitionHeat
	values map[string]float64 // as last written
	at     time.Duration
	failed bool
	err    error // the first that the writer returned
}

// newSampler takes the reading that the differences start from. It returns nil where the
// driver cannot sample.
func newSampler(ctx context.Context, e *engine, d driver.Driver) *sampler {
	source, ok := d.(driver.Sampler)
	if !ok {
		return nil
	}
	s := &sampler{
		e: e, source: source,
		wanted: make(chan struct{}, 1), last: map[string]driver.PartitionHeat{}, values: map[string]float64{},
	}
	s.read(ctx)
	return s
}

// want asks for a reading, unless the one before is still going on.
func (s *sampler) want() {
	select {
	case s.wanted <- struct{}{}:
	default:
	}
}

// run reads when wanted until wanted closes.
func (s *sampler) run(ctx context.Context) {
	for range s.wanted {
		s.read(ctx)
	}
}

// read takes one reading, and writes it once there is a writer.
func (s *sampler) read(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, SampleLimit)
	defer cancel()
	sample, err := s.source.Sample(ctx)
	now := s.e.now()
	if s.writer == nil {
		now = s.e.first.at // before the run's zero, or that of its part
	}
	if err != nil {
		if !s.failed && ctx.Err() == nil {
			s.failed = true
			s.e.events.add(now, "sampling_failed", err.Error())
		}
		return
	}
	start := s.at
	s.at = now
	lines := s.heat(sample.Partitions, start.Seconds(), (s.at - start).Seconds())
	if s.writer == nil {
		return
	}
	s.keep(s.writer.Heat(lines))
	if changed := s.changed(sample.Counters); len(changed) > 0 {
		s.keep(s.writer.Server(results.Server{At: now.Seconds(), Counters: changed}))
	}
	for _, event := range sample.Events {
		s.e.events.add(now, event.Name, event.Detail)
	}
}

func (s *sampler) keep(err error) {
	if s.err == nil {
		s.err = err
	}
}

// changed returns the counters that differ from when they were last written: a server has
// hundreds, of which a second moves a few.
func (s *sampler) changed(counters map[string]float64) map[string]float64 {
	out := map[string]float64{}
	for name, v := range counters {
		if last, ok := s.values[name]; !ok || last != v {
			out[name], s.values[name] = v, v
		}
	}
	return out
}

// heat returns what each partition served since the reading before. A partition that was not
// there before, or whose counters went back (its server restarted), starts from nothing.
func (s *sampler) heat(partitions []driver.PartitionHeat, start, length float64) []results.Heat {
	lines := make([]results.Heat, 0, len(partitions))
	for _, p := range partitions {
		last, ok := s.last[p.ID]
		if !ok || p.Reads < last.Reads || p.Writes < last.Writes ||
			p.ReadUnits < last.ReadUnits || p.WriteUnits < last.WriteUnits {
			last = driver.PartitionHeat{}
		}
		s.last[p.ID] = p
		line := results.Heat{
			Start: start, Length: length, Partition: p.ID,
			ReadUnits: p.ReadUnits - last.ReadUnits, WriteUnits: p.WriteUnits - last.WriteUnits,
			Reads: p.Reads - last.Reads, Writes: p.Writes - last.Writes, Busy: p.Busy,
		}
		for reason, n := range p.Throttles {
			if n > last.Throttles[reason] {
				if line.Throttles == nil {
					line.Throttles = map[string]uint64{}
				}
				line.Throttles[reason] = n - last.Throttles[reason]
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// begin starts the reader; the function that it returns takes a last reading and ends it.
func (s *sampler) begin(ctx context.Context, w *results.Writer) (end func()) {
	s.writer = w
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.run(ctx)
	}()
	return func() {
		s.wanted <- struct{}{}
		close(s.wanted)
		<-done
	}
}
