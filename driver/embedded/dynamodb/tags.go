package dynamodb

import (
	"strings"

	"crossover/driver/embedded/dynamodb/wire"
)

// resource returns the table whose ARN a request about tags names.
func (c *call) resource() (*table, error) {
	c.req.require("ResourceArn")
	arn := c.req.text("ResourceArn")
	if c.req.err != nil {
		return nil, c.req.err
	}
	name, ok := strings.CutPrefix(arn, c.s.arnPrefix)
	if !ok {
		return nil, invalid("Invalid TableArn: Invalid ResourceArn provided as input %s", arn)
	}
	t := c.s.lookup(name, c.now)
	if t == nil {
		return nil, failure("ResourceNotFoundException", "Requested resource not found: ResourcArn: %s not "+
			"found", arn)
	}
	return t, nil
}

// tagResource answers TagResource, which has an empty answer.
func (c *call) tagResource() error {
	t, err := c.resource()
	if err != nil {
		return err
	}
	c.req.require("Tags")
	add := tags(&c.req)
	if c.req.err != nil {
		return c.req.err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	count := len(t.tags)
	for k := range add {
		if _, ok := t.tags[k]; !ok {
			count++
		}
	}
	if count > maxTags {
		return invalid("One or more parameter values were invalid: Too many tags: a resource has at most %d", maxTags)
	}
	for k, v := range add {
		t.tags[k] = v
	}
	return nil
}

// untagResource answers UntagResource, which has an empty answer.
func (c *call) untagResource() error {
	t, err := c.resource()
	if err != nil {
		return err
	}
	c.req.require("TagKeys")
	var keys []string
	c.req.read("TagKeys", func(w *wire.Reader) error {
		return elements(w, func() error {
			k, err := w.String()
			keys = append(keys, k)
			return err
		})
	})
	if c.req.err != nil {
		return c.req.err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, k := range keys {
		delete(t.tags, k)
	}
	return nil
}

// listTagsOfResource answers ListTagsOfResource. The 50 tags that a table may have fit one page.
func (c *call) listTagsOfResource() error {
	t, err := c.resource()
	if err != nil {
		return err
	}
	type tag struct{ Key, Value string }
	answer := struct{ Tags []tag }{[]tag{}}
	t.mu.RLock()
	for _, k := range keysOf(t.tags) {
		answer.Tags = append(answer.Tags, tag{k, t.tags[k]})
	}
	t.mu.RUnlock()
	c.out = appendJSON(c.out, answer)
	return nil
}
