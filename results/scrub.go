package results

import "regexp"

// Scrubbed replaces what Scrub takes out.
const Scrubbed = "[scrubbed]"

// The shapes of credentials that a client library's error text can carry.
var (
	// Access key ids: four-letter prefix, then 16 characters (IAM user guide, "IAM
	// identifiers": AKIA for long-term keys, ASIA for temporary ones).
	accessKeyID = regexp.MustCompile(`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`)
	// A named secret, up to the end of its value: password=…, "SecretAccessKey": "…".
	namedSecret = regexp.MustCompile(
		`(?i)((?:password|passwd|pwd|secret[_-]?access[_-]?key|secret|session[_-]?token|` +
			`security[_-]?token|x-amz-security-token|x-amz-credential|x-amz-signature|signature|credential|api[_-]?key)` +
			`["']?\s*[:=]\s*["']?)([^\s"',;&}]+)`)
	// An Authorization header's value runs to the end of the line.
	authorization = regexp.MustCompile(`(?i)(authorization["']?\s*[:=]\s*)[^\r\n]+`)
	// User and password in an address: scheme://user:password@host.
	userInfo = regexp.MustCompile(`(://)[^/\s:@]+:[^/\s@]+@`)
)

// Scrub returns text without what looks like a credential: access key ids, named secrets,
// Authorization headers and passwords in addresses. Everything that a run directory takes
// from a driver's errors passes through it.
func Scrub(text string) string {
	text = authorization.ReplaceAllString(text, "${1}"+Scrubbed)
	text = userInfo.ReplaceAllString(text, "${1}"+Scrubbed+"@")
	text = namedSecret.ReplaceAllString(text, "${1}"+Scrubbed)
	return accessKeyID.ReplaceAllString(text, Scrubbed)
}
