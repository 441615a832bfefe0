package dynamodb

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"
)

// scrubbed stands where a credential stood.
const scrubbed = "[scrubbed]"

// What a signed request carries, should a server or a proxy send it back in an error
// (AWS IAM User Guide, "Elements of an AWS API request signature").
var (
	authorization = regexp.MustCompile(`(?i)AWS4-HMAC-SHA256[^\r\n"]*`)
	signature     = regexp.MustCompile(`(?i)\b(x-amz-)?(signature|credential|security-token)(["']?\s*[:=]\s*["']?)[^\s"',;&}]+`)
	accessKey     = regexp.MustCompile(`\b(AKIA|ASIA)[A-Z0-9]{16}\b`)
	accountARN    = regexp.MustCompile(`(arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:)\d{12}:`)
	accountHost   = regexp.MustCompile(`\b\d{12}(\.ddb\.)`)
)

// scrubText takes out of a text everything of a request's signature, and account numbers.
func scrubText(text string) string {
	text = authorization.ReplaceAllString(text, scrubbed)
	text = signature.ReplaceAllString(text, "${1}${2}${3}"+scrubbed)
	text = accessKey.ReplaceAllString(text, scrubbed)
	text = accountARN.ReplaceAllString(text, "${1}[account]:")
	return accountHost.ReplaceAllString(text, "[account]${1}")
}

// shortSecret is the length up to which a credential is taken for a placeholder such as
// "local": replacing it wherever it occurs would maim the text.
const shortSecret = 10

// scrub takes the driver's own credentials out of a text too, whatever they look like.
func (d *Driver) scrub(text string) string {
	text = scrubText(text)
	if d.options.Credentials == nil {
		return text
	}
	// What was retrieved is cached; an error means that there is nothing to take out.
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	c, err := d.options.Credentials.Retrieve(ctx)
	if err != nil {
		return text
	}
	for _, secret := range []string{c.SecretAccessKey, c.SessionToken, c.AccessKeyID} {
		if len(secret) > shortSecret {
			text = strings.ReplaceAll(text, secret, scrubbed)
		}
	}
	return text
}

// A safeError is an error whose text holds no credential. It does not unwrap, since what it
// covers would tell; errors.Is still finds what it is.
type safeError struct {
	driver *Driver
	cover  error
}

// safe covers an error; nil stays nil.
func (d *Driver) safe(err error) error {
	if err == nil {
		return nil
	}
	return &safeError{d, err}
}

// Error makes the text when it is asked for: of a thousand throttles one is printed.
func (e *safeError) Error() string { return e.driver.scrub(e.cover.Error()) }

// Is reports whether what is covered is target.
func (e *safeError) Is(target error) bool { return errors.Is(e.cover, target) }
