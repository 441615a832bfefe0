package results

import "strings"

// The measures of latency.hlog, each a tag "<kind>.<measure>".
const (
	Response = "response" // end - intended start, of successes
	Service  = "service"  // end - actual send, of successes
	Failure  = "failed"   // end - actual send, of everything else that was sent

	// Each attempt by itself, where the driver tells attempts apart: those that were answered,
	// a condition that did not hold among them, and those that were refused or failed.
	Attempt        = "attempt"
	AttemptFailure = "attempt_failed"
)

// unrecordedPrefix marks what a phase with record: false measured.
const unrecordedPrefix = "unrecorded."

// Tag returns the tag of latency.hlog under which a kind's measure stands.
func Tag(kind, measure string, recorded bool) string {
	if recorded {
		return kind + "." + measure
	}
	return unrecordedPrefix + kind + "." + measure
}

// splitTag undoes Tag.
func splitTag(tag string) (kind, measure string, recorded bool) {
	tag, unrecorded := strings.CutPrefix(tag, unrecordedPrefix)
	kind, measure, _ = strings.Cut(tag, ".")
	return kind, measure, !unrecorded
}
