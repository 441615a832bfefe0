package results

import "fmt"

// A Verification sums up a run's verified reads, those of its warm-up too.
type Verification struct {
	Verified uint64 `json:"verified"` // reads whose content was checked, or that found nothing
	Stale    uint64 `json:"stale"`    // certain to be older than the newest write acknowledged before the read was sent
	// StaleStrong are those of Stale that were asked for strongly consistent: errors.
	StaleStrong uint64 `json:"stale_strong"`
	Corrupt     uint64 `json:"corrupt"` // content that is no version of its item
	// ItemsRemembered bounds staleness: of how many items, those written last, the writes are kept.
	ItemsRemembered int `json:"items_remembered"`
}

// Err says why the database's answers cannot be relied on, or nil.
func (v *Verification) Err() error {
	switch {
	case v == nil:
		return nil
	case v.Corrupt > 0:
		return fmt.Errorf("%d of %d verified reads returned content that is no version of their item", v.Corrupt, v.Verified)
	case v.StaleStrong > 0:
		return fmt.Errorf("%d of %d verified reads were strongly consistent and returned an old version", v.StaleStrong, v.Verified)
	}
	return nil
}
