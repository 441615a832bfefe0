package dynamodb

import "slices"

// denies reports whether writes to a table are to be refused.
func (o *Options) denies(name string) bool { return slices.Contains(o.DenyWrites, name) }

// mayWrite refuses and counts a write where --deny-writes names the table. A request for
// several writes counts once.
func (t *table) mayWrite() error {
	if !t.deny {
		return nil
	}
	t.denied.Add(1)
	return denyWrites(t)
}

// denyWrites returns the exception of a write to a table that --deny-writes names: the one
// that the service answers when no policy of the caller's allows it (API Reference, "Common
// errors").
func denyWrites(t *table) *apiError {
	e := failure("AccessDeniedException", "User: arn:aws:iam::"+account+":user/crossover is not authorized to perform "+
		"writes on resource: %s because --deny-writes names it", t.arn)
	e.space = frontSpace
	return e
}
