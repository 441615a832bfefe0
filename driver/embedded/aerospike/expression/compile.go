package expression

import (
	"regexp"

	"crossover/driver/embedded/aerospike/geo"
	"crossover/driver/embedded/aerospike/msgpack"
	"crossover/driver/embedded/aerospike/wire"
)

// The operations' codes (server source, exp.h; the Go client's expression.go).
const (
	opUnknown      = 0
	opEQ           = 1
	opNE           = 2
	opGT           = 3
	opGE           = 4
	opLT           = 5
	opLE           = 6
	opRegex        = 7
	opGeo          = 8
	opAnd          = 16
	opOr           = 17
	opNot          = 18
	opExclusive    = 19
	opAdd          = 20
	opSub          = 21
	opMul          = 22
	opDiv          = 23
	opPow          = 24
	opLog          = 25
	opMod          = 26
	opAbs          = 27
	opFloor        = 28
	opCeil         = 29
	opToInt        = 30
	opToFloat      = 31
	opIntAnd       = 32
	opIntOr        = 33
	opIntXor       = 34
	opIntNot       = 35
	opLeftShift    = 36
	opRightShift   = 37
	opArithShift   = 38
	opIntCount     = 39
	opLeftScan     = 40
	opRightScan    = 41
	opMin          = 50
	opMax          = 51
	opDigestModulo = 64
	opDeviceSize   = 65
	opLastUpdate   = 66
	opSinceUpdate  = 67
	opVoidTime     = 68
	opTTL          = 69
	opSetName      = 70
	opKeyExists    = 71
	opIsTombstone  = 72
	opMemorySize   = 73
	opRecordSize   = 74
	opKey          = 80
	opBin          = 81
	opBinType      = 82
	opCond         = 123
	opVar          = 124
	opLet          = 125
	opQuote        = 126
	opCall         = 127

	opValue = 1000 // a literal
)

// An Expression is one that was compiled. It may be evaluated by several goroutines.
type Expression struct {
	root *node
	vars int
}

// Type returns what the expression yields.
func (e *Expression) Type() Type { return e.root.typ }

// A node is one operation with its arguments.
type node struct {
	op     int
	typ    Type
	args   []*node
	value  Value  // of a literal
	name   []byte // of a bin
	slot   int    // of a variable; of a let its first
	number int64  // of a digest's modulo
	regex  *regexp.Regexp
	shape  *geo.Shape
	call   *call
}

// A call is an operation on a list, map, blob or HyperLogLog; its arguments are packed, nil for
// those of the node that are to be evaluated first.
type call struct {
	system   int64
	modifies bool
	code     int
	context  [][]byte
	args     [][]byte
}

const (
	callCollections = 0
	callBits        = 1
	callHLL         = 2
	callModifies    = 0x40
)

// Bounds on an expression. A server bounds what it compiles to by a megabyte.
const (
	maxBytes = 1 << 20
	maxDepth = 256
)

type compiler struct {
	scope []variable
	vars  int
	depth int
}

type variable struct {
	name string
	typ  Type // other while it is being defined
}

// Compile reads an expression; ok is false for one that a server would refuse.
func Compile(b []byte) (*Expression, bool) {
	if len(b) > maxBytes || msgpack.Size(b) != len(b) || len(b) == 0 {
		return nil, false
	}
	c := compiler{}
	root, ok := c.compile(b)
	if !ok || root.typ == other {
		return nil, false
	}
	return &Expression{root, c.vars}, true
}

// CompileFilter reads an expression that must yield a boolean.
func CompileFilter(b []byte) (*Expression, bool) {
	e, ok := Compile(b)
	return e, ok && e.root.typ == Bool
}

func (c *compiler) compile(b []byte) (*node, bool) {
	c.depth++
	defer func() { c.depth-- }()
	item, rest, ok := msgpack.Next(b)
	if !ok || c.depth > maxDepth {
		return nil, false
	}
	if item.Kind != msgpack.List {
		return literal(b, &item)
	}
	list, err := msgpack.Elements(rest, item.Count)
	if err != nil || len(list) == 0 {
		return nil, false
	}
	head, _, _ := msgpack.Next(list[0])
	code, ok := head.Int()
	if !ok || code < 0 || code >= opValue {
		return nil, false
	}
	n := &node{op: int(code)}
	if build, special := special[n.op]; special {
		return n, build(c, n, list[1:])
	}
	form, ok := forms[n.op]
	if !ok || len(list)-1 < form.least || form.most > 0 && len(list)-1 > form.most || form.most == 0 && len(list) > 1 {
		return nil, false
	}
	if !c.arguments(n, list[1:]) {
		return nil, false
	}
	return n, form.check(n)
}

// arguments compiles a node's arguments.
func (c *compiler) arguments(n *node, list [][]byte) bool {
	for _, b := range list {
		arg, ok := c.compile(b)
		if !ok {
			return false
		}
		n.args = append(n.args, arg)
	}
	return true
}

// literal is a value that stands for itself.
func literal(b []byte, item *msgpack.Item) (*node, bool) {
	n := &node{op: opValue}
	switch item.Kind {
	case msgpack.Nil:
	case msgpack.False, msgpack.True:
		n.value = boolean(item.Kind == msgpack.True)
	case msgpack.Negative, msgpack.Integer:
		n.value = integer(int64(item.Bits))
	case msgpack.Float:
		n.value = Value{Type: Float, Float: item.Float()}
	case msgpack.String:
		n.value = Value{Type: String, Bytes: item.Data}
	case msgpack.Bytes:
		n.value = Value{Type: Blob, Bytes: item.Data}
		switch item.Type {
		case wire.Blob:
		case wire.HLL:
			n.value.Type = HLL
		default:
			return nil, false
		}
	case msgpack.GeoJSON:
		n.value = Value{Type: Geo, Bytes: item.Data}
		var ok bool
		if n.shape, ok = geo.Parse(item.Data); !ok {
			return nil, false
		}
	case msgpack.Map:
		out, err := msgpack.Normalise(nil, b, false)
		if err != nil {
			return nil, false
		}
		n.value = Value{Type: Map, Bytes: out}
	case msgpack.Wildcard, msgpack.Infinity:
		n.value = Value{Type: other, Bytes: b}
	default:
		return nil, false
	}
	n.typ = n.value.Type
	return n, true
}

// A form is an operation's: how many arguments it takes (most -1: any number), and what they
// must be, which gives its type.
type form struct {
	least, most int
	check       func(n *node) bool
}

// yields checks that every argument is of one of the types, and gives the type that comes of it.
func yields(typ Type, each ...Type) func(*node) bool {
	return func(n *node) bool {
		n.typ = typ
		for i, a := range n.args {
			if a.typ != each[min(i, len(each)-1)] {
				return false
			}
		}
		return true
	}
}

// numeric checks that all arguments are integers, or all floats, and gives the same type.
func numeric(n *node) bool {
	n.typ = n.args[0].typ
	for _, a := range n.args {
		if a.typ != n.typ {
			return false
		}
	}
	return n.typ == Int || n.typ == Float
}

// comparable checks that both arguments are of a type that has an order.
func comparable(n *node) bool {
	n.typ = Bool
	t := n.args[0].typ
	return t == n.args[1].typ && t != Geo && t != HLL
}

var forms = map[int]form{
	opUnknown: {0, 0, yields(Bool, Bool)},
	opEQ:      {2, 2, comparable},
	opNE:      {2, 2, comparable},
	opGT:      {2, 2, comparable},
	opGE:      {2, 2, comparable},
	opLT:      {2, 2, comparable},
	opLE:      {2, 2, comparable},
	opGeo:     {2, 2, yields(Bool, Geo)},

	opAnd:       {2, -1, yields(Bool, Bool)},
	opOr:        {2, -1, yields(Bool, Bool)},
	opNot:       {1, 1, yields(Bool, Bool)},
	opExclusive: {2, -1, yields(Bool, Bool)},

	opAdd:     {1, -1, numeric},
	opSub:     {1, -1, numeric},
	opMul:     {1, -1, numeric},
	opDiv:     {1, -1, numeric},
	opMin:     {1, -1, numeric},
	opMax:     {1, -1, numeric},
	opAbs:     {1, 1, numeric},
	opPow:     {2, 2, yields(Float, Float)},
	opLog:     {2, 2, yields(Float, Float)},
	opMod:     {2, 2, yields(Int, Int)},
	opFloor:   {1, 1, yields(Float, Float)},
	opCeil:    {1, 1, yields(Float, Float)},
	opToInt:   {1, 1, yields(Int, Float)},
	opToFloat: {1, 1, yields(Float, Int)},

	opIntAnd:     {1, -1, yields(Int, Int)},
	opIntOr:      {1, -1, yields(Int, Int)},
	opIntXor:     {1, -1, yields(Int, Int)},
	opIntNot:     {1, 1, yields(Int, Int)},
	opLeftShift:  {2, 2, yields(Int, Int)},
	opRightShift: {2, 2, yields(Int, Int)},
	opArithShift: {2, 2, yields(Int, Int)},
	opIntCount:   {1, 1, yields(Int, Int)},
	opLeftScan:   {2, 2, yields(Int, Int, Bool)},
	opRightScan:  {2, 2, yields(Int, Int, Bool)},

	opDeviceSize:  {0, 0, yields(Int, Int)},
	opLastUpdate:  {0, 0, yields(Int, Int)},
	opSinceUpdate: {0, 0, yields(Int, Int)},
	opVoidTime:    {0, 0, yields(Int, Int)},
	opTTL:         {0, 0, yields(Int, Int)},
	opSetName:     {0, 0, yields(String, Int)},
	opKeyExists:   {0, 0, yields(Bool, Int)},
	opIsTombstone: {0, 0, yields(Bool, Int)},
	opMemorySize:  {0, 0, yields(Int, Int)},
	opRecordSize:  {0, 0, yields(Int, Int)},
}

// special builds the operations of which not every argument is an expression.
var special map[int]func(c *compiler, n *node, list [][]byte) bool

func init() { // the functions refer to compile, which refers to the map
	special = map[int]func(c *compiler, n *node, list [][]byte) bool{
		opRegex: (*compiler).regex, opDigestModulo: digestModulo, opKey: key, opBin: bin, opBinType: binType,
		opCond: (*compiler).cond, opVar: (*compiler).variable, opLet: (*compiler).let, opQuote: quote,
		opCall: (*compiler).call,
	}
}
