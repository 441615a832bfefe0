package results

import "time"

// Buckets is how many buckets a histogram of this format has.
const Buckets = countsLen

// BucketMax returns the highest value that falls into bucket index (0 to Buckets-1), in the
// numbering of hdrhistogram's Snapshot.Counts: what a quantile that lies in the bucket is read as.
func BucketMax(index int) time.Duration { return highestEquivalent(index) }
