package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// schemaFile is the schema as editors fetch it.
var schemaFile = filepath.Join("..", "..", "docs", "scenario.schema.json")

func TestSchemaFileIsTheSchema(t *testing.T) {
	code, got, stderr := crossover(t, "schema")
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	if *update {
		if err := os.WriteFile(schemaFile, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("docs/scenario.schema.json is not what `crossover schema` prints (-file +printed); -update writes it:\n%s", diff)
	}
}

// An editor that shows no text for a key is of little help; a section's keys speak for it.
func TestSchemaDescribesEveryKey(t *testing.T) {
	text, err := scenarioSchema()
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	keys := 0
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(path, e)
			}
		case map[string]any:
			for name, e := range v {
				if properties, ok := e.(map[string]any); ok && name == "properties" {
					for key, p := range properties {
						keys++
						about, _ := p.(map[string]any)["description"].(string)
						_, condition := p.(map[string]any)["enum"] // of an if
						_, section := p.(map[string]any)["$ref"]
						_, optional := p.(map[string]any)["oneOf"]
						if about == "" && !condition && !section && !optional {
							t.Errorf("%s.%s has no description", path, key)
						}
					}
				}
				walk(path+"."+name, e)
			}
		}
	}
	walk("", doc)
	if keys < 100 {
		t.Errorf("%d keys in all: the walk misses most", keys)
	}
}
