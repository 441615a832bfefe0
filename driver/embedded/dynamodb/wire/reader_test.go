package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRequest(t *testing.T) {
	f, err := Request([]byte(` {"TableName" : "T","Key":{"a":{"S":"x\"}"}}, "Limit":5 ,"none":null,"list":[1,[2,{}]],"Limit":7,"e":{},"f":[ ]}`))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, name := range []string{"TableName", "Key", "Limit", "none", "list", "e", "f", "absent"} {
		got[name] = string(f.Get(name))
	}
	want := map[string]string{
		"TableName": `"T"`, "Key": `{"a":{"S":"x\"}"}}`, "Limit": "7", "none": "", "list": "[1,[2,{}]]", "e": "{}", "f": "[ ]", "absent": "",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestRefused(t *testing.T) {
	for _, text := range []string{
		"", "{", "[]", "1", `{"a"}`, `{"a":}`, `{"a":1,}`, `{"a":01}`, `{"a":1.}`, `{"a":-}`, `{"a":1e}`, `{"a":tru}`, `{"a":"x}`,
		`{"a":1}}`, `{"a":1`, `{"a":"x"`, `{"a":{}`, `{"a":1]`, `{"a":1 "b":2}`, `{"a":[1}`, `{a:1}`, "{\"a\":\"\x01\"}", `{"a":+1}`, `{"a":[1,]}`, `{"a":nul}`,
	} {
		if f, err := Request([]byte(text)); !errors.Is(err, ErrSyntax) {
			t.Errorf("%s gave %v, %v", text, f, err)
		}
	}
	var wrong TypeError
	if _, err := Request([]byte(`{"a":` + strings.Repeat("[", 5000))); !errors.As(err, &wrong) {
		t.Errorf("5,000 brackets gave %v", err)
	}
	if _, err := NewReader([]byte(`5`)).String(); err == nil || err.Error() != "NUMBER_VALUE cannot be converted to String" {
		t.Errorf("a number for a string gave %v", err)
	}
	if _, err := NewReader([]byte(`"5"`)).Float(); err == nil || err.Error() != "STRING_VALUE cannot be converted to Long" {
		t.Errorf("a string for a number gave %v", err)
	}
	if _, err := NewReader([]byte(`"true"`)).Bool(); err == nil || err.Error() != "STRING_VALUE cannot be converted to Boolean" {
		t.Errorf("a string for a boolean gave %v", err)
	}
}

// FuzzRequest holds the reader to encoding/json: what one takes as an object, the other does.
func FuzzRequest(f *testing.F) {
	for _, s := range []string{
		`{"TableName":"T","Item":{"a":{"N":"1"}}}`, `{"a":[1,2.5e-3,{"b":null}],"c":"\u00e9\n"}`, `{"a":"` + "\xff" + `"}`, `{"a":"\ud800"}`, `{"a":"\x"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		fields, err := Request(text)
		var std map[string]json.RawMessage
		stdErr := json.Unmarshal(text, &std)
		if err != nil {
			var tooDeep TypeError
			if stdErr == nil && std != nil && !errors.As(err, &tooDeep) {
				t.Fatalf("refused %q: %v", text, err)
			}
			return
		}
		// An escape that is none is found when its string is read.
		if !json.Valid(text) && !bytes.Contains(text, []byte(`\`)) {
			t.Fatalf("took %q, which is no JSON: %v", text, stdErr)
		}
		for _, x := range fields {
			r := NewReader(x.Raw)
			if r.Next() != String {
				continue
			}
			s, err := r.String()
			var want string
			if stdErr := json.Unmarshal(x.Raw, &want); (err == nil) != (stdErr == nil) || err == nil && s != want {
				t.Fatalf("%q: %q, %v, want %q, %v", x.Raw, s, err, want, stdErr)
			}
		}
	})
}
