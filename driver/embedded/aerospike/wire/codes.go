// Package wire reads and writes Aerospike's wire protocol: what arrives as bytes leaves as
// messages, fields, operations, batches, queries and info requests, and the other way round.
// Nothing that it decodes is trusted: no length allocates, and no input panics. Layout and
// codes are facts of the server's source (as/include/base/proto.h) and of the Go client's.
package wire

// Proto types (proto.h).
const (
	TypeInfo       = 1
	TypeSecurity   = 2
	TypeMessage    = 3
	TypeCompressed = 4
)

// Bits of the first info byte.
const (
	Info1Read       = 1
	Info1GetAll     = 2
	Info1ShortQuery = 4
	Info1Batch      = 8
	Info1GetNoBins  = 32
)

// Bits of the second info byte.
const (
	Info2Write         = 1
	Info2Delete        = 2
	Info2Generation    = 4 // the generation must be equal
	Info2GenerationGT  = 8 // the generation must be above the record's
	Info2DurableDelete = 16
	Info2CreateOnly    = 32
	Info2RespondAllOps = 128
)

// Bits of the third info byte.
const (
	Info3Last            = 1
	Info3CommitMaster    = 2
	Info3PartitionDone   = 4
	Info3UpdateOnly      = 8
	Info3CreateOrReplace = 16
	Info3ReplaceOnly     = 32
)

// Fields of a message.
const (
	FieldNamespace        = 0
	FieldSet              = 1
	FieldKey              = 2
	FieldDigest           = 4
	FieldTask             = 7
	FieldSocketTimeout    = 9
	FieldRecordsPerSecond = 10
	FieldPIDs             = 11
	FieldDigests          = 12
	FieldMaxRecords       = 13
	FieldBVals            = 15
	FieldIndexName        = 21
	FieldIndexRange       = 22
	FieldIndexContext     = 23
	FieldIndexExpression  = 24
	FieldIndexType        = 26
	FieldUDFPackage       = 30
	FieldUDFFunction      = 31
	FieldUDFArguments     = 32
	FieldUDFOp            = 33
	FieldBatch            = 41
	FieldBatchWithSet     = 42
	FieldFilter           = 43
)

// Operations on bins.
const (
	OpRead      = 1
	OpWrite     = 2
	OpCDTRead   = 3
	OpCDTModify = 4
	OpIncr      = 5
	OpExpRead   = 7
	OpExpModify = 8
	OpAppend    = 9
	OpPrepend   = 10
	OpTouch     = 11
	OpBitRead   = 12
	OpBitModify = 13
	OpDelete    = 14 // deletes all bins
	OpHLLRead   = 15
	OpHLLModify = 16
)

// Particle types: what a bin's value is.
const (
	Null    = 0
	Integer = 1
	Float   = 2
	String  = 3
	Blob    = 4
	Bool    = 17
	HLL     = 18
	Map     = 19
	List    = 20
	GeoJSON = 23
)

// A Result is what a server says came of a request (proto.h, AS_ERR_…).
type Result uint8

// The results that this server gives.
const (
	OK                   Result = 0
	ServerError          Result = 1
	NotFound             Result = 2
	GenerationError      Result = 3
	ParameterError       Result = 4
	RecordExists         Result = 5
	BinExists            Result = 6
	OutOfSpace           Result = 8
	Timeout              Result = 9
	PartitionUnavailable Result = 11
	BinTypeError         Result = 12
	RecordTooBig         Result = 13
	KeyBusy              Result = 14
	Unsupported          Result = 16
	BinNotFound          Result = 17
	DeviceOverload       Result = 18
	KeyMismatch          Result = 19
	InvalidNamespace     Result = 20
	BinNameError         Result = 21
	Forbidden            Result = 22
	ElementNotFound      Result = 23
	ElementExists        Result = 24
	EnterpriseOnly       Result = 25
	NotApplicable        Result = 26
	FilteredOut          Result = 27
	QueryEnd             Result = 50
	SecurityUnsupported  Result = 51
	InvalidCommand       Result = 54
	InvalidField         Result = 55
	InvalidUser          Result = 60
	UserExists           Result = 61
	InvalidPassword      Result = 62
	InvalidCredential    Result = 65
	ExpiredSession       Result = 66
	InvalidRole          Result = 70
	RoleExists           Result = 71
	NotAuthenticated     Result = 80
	RoleViolation        Result = 81
	IndexNotFound        Result = 201
	IndexNotReadable     Result = 203
	QueryAborted         Result = 210
)

// Never, NoChange and DefaultTTL are what a request's time to live may say besides seconds.
const (
	DefaultTTL = 0
	Never      = 0xFFFFFFFF
	NoChange   = 0xFFFFFFFE
)

// Partitions is how many partitions a namespace has.
const Partitions = 4096

// MaxBinName is how many bytes a bin's name may have (AS_BIN_NAME_MAX_SZ is one more).
const MaxBinName = 15

// DigestSize is a digest's bytes.
const DigestSize = 20

// A Digest identifies a record: RIPEMD-160 of its set and user key.
type Digest [DigestSize]byte

// Partition returns the partition that the digest belongs to: its first two bytes, the first
// the least significant, modulo 4096 (partition.h).
func (d *Digest) Partition() int { return (int(d[0]) | int(d[1])<<8) & (Partitions - 1) }
