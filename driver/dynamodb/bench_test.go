package dynamodb

import (
	"io"
	"net/http"
	"testing"

	"crossover/workload/op"
)

// BenchmarkSession is what an operation costs client and loopback, with answers that cost the
// server nothing.
func BenchmarkSession(b *testing.B) {
	sc := scenario(b, "{items: 1000, size: 1KiB, attributes: 10}", "  operations: {read: 50%, update: 50%}")
	f := start(b, sc, "")
	answers := map[string][]byte{
		"PutItem": []byte(`{"ConsumedCapacity":{"TableName":"t","CapacityUnits":1}}`),
		"GetItem": []byte(`{"ConsumedCapacity":{"TableName":"t","CapacityUnits":0.5},"Item":` + jsonOf(b, f.tables[tableName].items["item#7\x00"]) + `}`),
	}
	f.hook = func(w http.ResponseWriter, r *http.Request, name string, _ int) bool {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			panic(err)
		}
		if _, err := w.Write(answers[name]); err != nil {
			panic(err)
		}
		return true
	}
	for _, kind := range []op.Kind{op.Read, op.Update} {
		b.Run(kind.String(), func(b *testing.B) {
			s, err := f.driver.Session(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			o, out := new(op.Op), new(op.Outcome)
			for i := uint64(0); o.Kind != kind || i == 0; i++ {
				f.stream.At(i, o)
			}
			b.ReportAllocs()
			for b.Loop() {
				if s.Do(b.Context(), o, out); out.Class != op.OK {
					b.Fatal(out.Err)
				}
			}
		})
	}
}
