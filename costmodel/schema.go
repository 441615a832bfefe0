package costmodel

import (
	"github.com/invopop/jsonschema"
)

// JSONSchema says what DecodeYAML accepts.
func (*Months) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{
		Type: "string", Pattern: `^[0-9]+ (months?|years?)$`,
		Description: "1 to 120 months, such as 36 months or 3 years",
	}
}

// JSONSchema says what DecodeYAML accepts.
func (*Range) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: `^\S.* to .*\S$`, Description: "LOW to HIGH, each as the assumption itself is written"}
}

// JSONSchema says what DecodeYAML accepts.
func (*YearlyRate) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{
		Type: "string", Pattern: `^-?[0-9][0-9_]*(\.[0-9]+)?([eE]\+?[0-9]+)?%/year$`,
		Description: "growth such as 40%/year, compounded monthly; negative above -100%",
	}
}

// JSONSchema says what DecodeYAML accepts.
func (*ShapeSpec) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{
		Type: "string", Pattern: `^(flat|diurnal\(peak_to_mean: *[0-9]+(\.[0-9]+)?\))$`,
		Description: `flat, or "diurnal(peak_to_mean: 2.1)" in quotes, with a ratio from 1 to 12`,
	}
}

// JSONSchemaExtend says what the free tier is.
func (*DynamoDBConfig) JSONSchemaExtend(s *jsonschema.Schema) {
	if p, ok := s.Properties.Get("free_tier"); ok {
		p.Description = "take off AWS's monthly free allowance, which one account has once"
	}
}

// JSONSchemaExtend asks for exactly one of mean and peak.
func (*DemandConfig) JSONSchemaExtend(s *jsonschema.Schema) {
	s.OneOf = []*jsonschema.Schema{{Required: []string{"mean"}}, {Required: []string{"peak"}}}
}
