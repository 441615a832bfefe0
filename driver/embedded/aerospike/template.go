package aerospike

import (
	_ "embed"
	"strings"
)

// A template is an info answer of many names: those that a Community Edition server of release
// 8.1.2 answers with a device under the namespace, in its order, each with the value that it
// has on an idle server of default configuration, or "?" where this server has one of its own.
type template []line

type line struct{ name, value string }

const (
	computed     = "?"
	deviceStats  = "[devices]"      // stands for each device's statistics
	deviceNames  = "[device names]" // stands for each device's name
	firstSetting = "active-rack"    // of a namespace's answer: statistics come before it
)

var (
	//go:embed answers/namespace.txt
	namespaceText string
	//go:embed answers/statistics.txt
	statisticsText string
	//go:embed answers/service.txt
	serviceText string
	//go:embed answers/network.txt
	networkText string

	namespaceTemplate  = parseTemplate(namespaceText)
	statisticsTemplate = parseTemplate(statisticsText)
	serviceTemplate    = parseTemplate(serviceText)
	networkTemplate    = parseTemplate(networkText)
)

func parseTemplate(text string) template {
	var t template
	for l := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSuffix(l, "\n"), "=")
		t = append(t, line{name, value})
	}
	return t
}

// settings returns the part of a namespace's answer that is configuration.
func (t template) settings() template {
	for i := range t {
		if t[i].name == firstSetting {
			return t[i:]
		}
	}
	return nil
}

// fill returns the answer, with the values that this server has of its own.
func (t template) fill(values map[string]string) string {
	var b strings.Builder
	for _, l := range t {
		v, own := values[l.name]
		switch {
		case l.value == "" && own: // stands for several
			b.WriteString(v)
			continue
		case own:
		case l.value == computed:
			continue // nothing to say here; a test holds that there is none
		default:
			v = l.value
		}
		b.WriteString(l.name)
		b.WriteByte('=')
		b.WriteString(v)
		b.WriteByte(';')
	}
	return strings.TrimSuffix(b.String(), ";")
}
