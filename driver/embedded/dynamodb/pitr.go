package dynamodb

// updateContinuousBackups answers UpdateContinuousBackups.
func (c *call) updateContinuousBackups() error {
	t, err := c.namedTable()
	if err != nil {
		return err
	}
	c.req.require("PointInTimeRecoverySpecification")
	x := c.req.structure("PointInTimeRecoverySpecification")
	if c.req.err != nil {
		return c.req.err
	}
	x.require("PointInTimeRecoveryEnabled")
	on := x.flag("PointInTimeRecoveryEnabled")
	days := int64(maxRecoveryDays)
	if x.has("RecoveryPeriodInDays") {
		days = x.integer("RecoveryPeriodInDays")
	}
	switch {
	case x.err != nil:
		return x.err
	case days < 1 || days > maxRecoveryDays:
		return invalid("RecoveryPeriodInDays must be between 1 and %d", maxRecoveryDays)
	}
	t.mu.Lock()
	c.keepHistory(t, on, int(days))
	t.mu.Unlock()
	return c.answerBackups(t)
}

// describeContinuousBackups answers DescribeContinuousBackups.
func (c *call) describeContinuousBackups() error {
	t, err := c.namedTable()
	if err != nil {
		return err
	}
	return c.answerBackups(t)
}

func (c *call) answerBackups(t *table) error {
	recovery := map[string]any{"PointInTimeRecoveryStatus": "DISABLED"}
	if h := t.history(); h != nil {
		now := c.s.options.Clock.Wall(c.now)
		recovery = map[string]any{
			"PointInTimeRecoveryStatus": "ENABLED", "RecoveryPeriodInDays": h.days.Load(), "EarliestRestorableDateTime": seconds(h.earliest(now)),
			"LatestRestorableDateTime": seconds(now),
		}
	}
	c.out = appendJSON(c.out, map[string]any{"ContinuousBackupsDescription": map[string]any{
		"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery,
	}})
	return nil
}
