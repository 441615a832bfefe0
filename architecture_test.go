// Package crossover holds nothing but the test of the tree's own shape. docs/architecture.md
// has the same tables for people.
package crossover

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "crossover/"

// mayImport says which of our packages each package may import. A trailing /... covers the
// packages below; "*" covers all. A package that is not listed here fails the test: whoever
// adds one says where it stands.
var mayImport = map[string][]string{
	// Leaves: pure, with now and the random source as arguments.
	"workload/op":         {},
	"workload/keys":       {},
	"workload/items":      {},
	"workload/arrival":    {},
	"results/figure":      {},
	"costmodel/units":     {},
	"costmodel/partition": {},
	"costmodel/autoscale": {},
	"costmodel/nvme":      {"costmodel/catalogue"},
	"costmodel/footprint": {},
	"costmodel/catalogue": {},
	"costmodel/demand":    {},
	"driver/clock":        {},
	"scenarios":           {},
	"results/examples":    {},
	// Above them.
	"workload":            {"workload/op", "workload/keys", "workload/items", "workload/arrival"},
	"workload/mapping":    {"workload", "workload/op", "workload/items", "costmodel/units", "costmodel/footprint"},
	"driver":              {"workload", "workload/op", "workload/mapping", "driver/clock"},
	"driver/null":         {"driver", "driver/clock", "workload", "workload/op", "workload/mapping"},
	"driver/dynamodb":     {"driver", "driver/clock", "workload", "workload/op", "workload/items", "workload/mapping"},
	"driver/aerospike":    {"driver", "driver/clock", "workload", "workload/op", "workload/items", "workload/mapping"},
	"driver/drivertest":   {"driver", "driver/clock", "workload", "workload/op", "workload/mapping"},
	"driver/embedded":     {},
	"driver/embedded/...": {"driver/embedded/...", "driver/clock", "costmodel/units", "costmodel/partition", "costmodel/autoscale", "costmodel/nvme", "costmodel/footprint", "costmodel/catalogue"},
	"driver/runner":       {"workload", "workload/op", "workload/arrival", "driver", "results", "driver/clock"},
	// The physics in place of a database, and the load engine's rules for judging objectives: what
	// is simulated is judged as what is run.
	"driver/simulate":     {"workload", "workload/op", "workload/keys", "workload/arrival", "workload/mapping", "driver", "driver/runner", "results", "costmodel/partition", "costmodel/autoscale", "costmodel/nvme", "costmodel/footprint", "costmodel/catalogue", "costmodel/units"},
	"results":             {"workload", "workload/op", "results/figure"},
	"results/compare":     {"results", "results/figure", "workload/op"},
	"results/compare/...": {"results"},
	"results/gate":        {"results/compare", "results/figure", "workload", "workload/op"},
	"costmodel":           {"costmodel/autoscale", "workload", "workload/op", "workload/mapping", "results", "results/figure", "costmodel/demand", "costmodel/catalogue", "costmodel/units", "costmodel/footprint", "costmodel/nvme", "costmodel/partition"},
	"costmodel/price":     {"results/figure"},
	"costmodel/dynamodb":  {"costmodel", "costmodel/price", "costmodel/demand", "costmodel/units", "costmodel/partition", "costmodel/autoscale", "results/figure", "workload/op"},
	"costmodel/aerospike": {"costmodel", "costmodel/price", "costmodel/demand", "costmodel/footprint", "costmodel/nvme", "costmodel/catalogue", "results/figure", "workload/op"},
	"costmodel/tco":       {"costmodel", "costmodel/price", "costmodel/dynamodb", "costmodel/aerospike", "costmodel/reconcile", "costmodel/demand", "costmodel/catalogue", "results", "results/figure", "workload", "workload/op", "workload/mapping"},
	"costmodel/imports":   {"workload", "workload/op", "costmodel/demand", "costmodel/units", "costmodel/partition", "results/figure"},
	"costmodel/reconcile": {"costmodel", "results", "results/figure", "workload", "workload/op", "workload/mapping", "costmodel/units"},
	"report":              {"workload", "workload/op", "results", "results/figure", "costmodel", "costmodel/tco"},
	"cmd/crossover":       {"*"},
}

// rooms are the only packages that may call what the test's banned list names.
var rooms = map[string][]string{
	"time.Now":   {"driver/clock"},
	"time.Since": {"driver/clock"},
	"time.Until": {"driver/clock"},
	"time.Sleep": {"driver/clock"},
	"time.After": {"driver/clock"},
	"time.Tick":  {"driver/clock"},
	"os.Exit":    {"cmd/crossover/main.go"},
}

// seeded are math/rand's functions that do not draw from the global source.
var seeded = []string{"New", "NewSource", "NewPCG", "NewChaCha8", "NewZipf"}

func allowed(from, to string) bool {
	list, ok := mayImport[from]
	for dir := from; !ok && dir != "."; dir = path.Dir(dir) {
		list, ok = mayImport[dir+"/..."]
	}
	for _, pattern := range list {
		prefix, below := strings.CutSuffix(pattern, "/...")
		if pattern == "*" || pattern == to || below && (to == prefix || strings.HasPrefix(to, prefix+"/")) {
			return true
		}
	}
	return false
}

func known(pkg string) bool {
	if _, ok := mayImport[pkg]; ok {
		return true
	}
	for dir := pkg; dir != "."; dir = path.Dir(dir) {
		if _, ok := mayImport[dir+"/..."]; ok {
			return true
		}
	}
	return false
}

func TestArchitecture(t *testing.T) {
	files := 0
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if name == "build" { // what make builds; it is not kept
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || path.Dir(filepath.ToSlash(name)) == "." {
			return nil
		}
		files++
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		checkFile(t, set, f, filepath.ToSlash(name))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 50 {
		t.Fatalf("walked %d files: the test is not looking at the tree", files)
	}
}

func checkFile(t *testing.T, set *token.FileSet, f *ast.File, name string) {
	t.Helper()
	pkg, test := path.Dir(name), strings.HasSuffix(name, "_test.go")
	if !known(pkg) {
		t.Errorf("%s: package %s is in no table of architecture_test.go; say where it stands", name, pkg)
		return
	}
	local := map[string]string{} // name in the file -> import path
	for _, spec := range f.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		ident := path.Base(p)
		if ident == "v2" {
			ident = path.Base(path.Dir(p))
		}
		watched := p == "time" || p == "os" || p == "math/rand" || p == "math/rand/v2"
		if spec.Name != nil {
			if watched {
				t.Errorf("%s: %s is imported under another name, which hides calls from this test", set.Position(spec.Pos()), p)
			}
			ident = spec.Name.Name
		}
		local[ident] = p
		if to, ours := strings.CutPrefix(p, module); ours && !test && !allowed(pkg, to) {
			t.Errorf("%s: %s may not import %s (docs/architecture.md)", set.Position(spec.Pos()), pkg, to)
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			checkCall(t, set, sel, local, name, pkg, test)
		}
		return true
	})
}

func checkCall(t *testing.T, set *token.FileSet, sel *ast.SelectorExpr, local map[string]string, name, pkg string, test bool) {
	t.Helper()
	x, ok := sel.X.(*ast.Ident)
	if !ok {
		return
	}
	imported := local[x.Name]
	call := path.Base(imported) + "." + sel.Sel.Name
	if where, banned := rooms[call]; banned && imported == path.Base(imported) {
		if !slices.Contains(where, pkg) && !slices.Contains(where, name) && (!test || call == "time.Sleep") {
			t.Errorf("%s: %s belongs in %s", set.Position(sel.Pos()), call, strings.Join(where, ", "))
		}
	}
	if imported == "math/rand" || imported == "math/rand/v2" {
		if ast.IsExported(sel.Sel.Name) && !slices.Contains(seeded, sel.Sel.Name) && !randType[sel.Sel.Name] {
			t.Errorf("%s: rand.%s draws from the global source; pass a seeded one", set.Position(sel.Pos()), sel.Sel.Name)
		}
	}
}

// randType names math/rand's types, which may be mentioned.
var randType = map[string]bool{"Rand": true, "PCG": true, "Source": true, "Zipf": true, "ChaCha8": true}

// TestArchitectureRefuses plants violations and expects the checks to see them.
func TestArchitectureRefuses(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     bool
	}{
		{"driver/runner", "costmodel/partition", false}, // the ruler is blind to the ruled
		{"driver/dynamodb", "driver/embedded/dynamodb", false},
		{"report", "costmodel/price", false},
		{"workload/op", "workload", false},
		{"driver/embedded/dynamodb/expression", "driver/embedded/dynamodb/attribute", true},
		{"driver/embedded/aerospike", "workload", false},
		{"cmd/crossover", "driver/embedded/aerospike", true},
		{"costmodel", "workload", true},
	} {
		if got := allowed(c.from, c.to); got != c.want {
			t.Errorf("allowed(%s, %s) = %v, want %v", c.from, c.to, got, c.want)
		}
	}
}
