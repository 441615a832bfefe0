package dynamodb

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/aws/smithy-go/encoding/cbor"
)

// cborToJSON returns a CBOR request as the JSON protocol would have sent it: a time is a number
// of seconds. An empty body is an empty request.
func cborToJSON(body []byte) ([]byte, error) {
	if len(body) == 0 {
		return []byte("{}"), nil
	}
	v, err := cbor.Decode(body)
	if err != nil {
		return nil, err
	}
	plain, err := fromCBOR(v, 0)
	if err != nil {
		return nil, err
	}
	return json.Marshal(plain)
}

func fromCBOR(v cbor.Value, depth int) (any, error) {
	if depth > 50 {
		return nil, fmt.Errorf("the request nests too deeply")
	}
	switch v := v.(type) {
	case cbor.Uint:
		return uint64(v), nil
	case cbor.NegInt:
		return -float64(v), nil
	case cbor.Float32:
		return finite(float64(v))
	case cbor.Float64:
		return finite(float64(v))
	case cbor.String:
		return string(v), nil
	case cbor.Bool:
		return bool(v), nil
	case *cbor.Nil:
		return nil, nil
	case *cbor.Undefined:
		return nil, nil
	case *cbor.Tag:
		return fromCBOR(v.Value, depth+1)
	case cbor.List:
		out := []any{}
		for _, e := range v {
			x, err := fromCBOR(e, depth+1)
			if err != nil {
				return nil, err
			}
			out = append(out, x)
		}
		return out, nil
	case cbor.Map:
		out := map[string]any{}
		for name, e := range v {
			x, err := fromCBOR(e, depth+1)
			if err != nil {
				return nil, err
			}
			out[name] = x
		}
		return out, nil
	}
	return nil, fmt.Errorf("a value of type %T", v)
}

func finite(f float64) (any, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("%v is no number", f)
	}
	return f, nil
}

// timeTag is CBOR's for a time in seconds (RFC 8949, section 3.4.2).
const timeTag = 1

// jsonToCBOR returns an answer of ours in CBOR. Members whose names begin with Timestamp are times.
func jsonToCBOR(text []byte) []byte {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		panic("embedded DynamoDB: an answer that is no JSON: " + err.Error())
	}
	return cbor.Encode(toCBOR(v, false))
}

func toCBOR(v any, isTime bool) cbor.Value {
	switch v := v.(type) {
	case string:
		return cbor.String(v)
	case bool:
		return cbor.Bool(v)
	case json.Number:
		f, _ := v.Float64() // it was written from one
		if isTime {
			return &cbor.Tag{ID: timeTag, Value: cbor.Float64(f)}
		}
		return cbor.Float64(f)
	case []any:
		out := cbor.List{}
		for _, e := range v {
			out = append(out, toCBOR(e, isTime))
		}
		return out
	case map[string]any:
		out := cbor.Map{}
		for name, e := range v {
			if name == "ApproximateUniqueCount" { // the one whole number of these answers
				n, _ := e.(json.Number).Int64()
				out[name] = cbor.Uint(n)
				continue
			}
			out[name] = toCBOR(e, strings.HasPrefix(name, "Timestamp"))
		}
		return out
	}
	return &cbor.Nil{}
}
