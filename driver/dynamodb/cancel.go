package dynamodb

import (
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"crossover/workload/op"
)

// Codes of errors about transactions (AWS DynamoDB API Reference, TransactWriteItems, "Errors").
const (
	transactionCanceled = "TransactionCanceledException"
	transactionConflict = "TransactionConflictException"
)

// reasonConflict is the reason of a request that met an ongoing one on the same item. It counts
// as overload, as Aerospike's KEY_BUSY does, which is its answer to too many at once on a key.
const reasonConflict = "TransactionConflict"

// cancellations are the reasons for which a transaction is cancelled, those first that say more:
// a condition that does not hold would not hold at the next attempt either.
var cancellations = []struct {
	code  string
	class op.Class
}{
	{"ConditionalCheckFailed", op.ConditionFailed},
	{"ValidationError", op.Failed},
	{"ItemCollectionSizeLimitExceeded", op.Failed},
	{"ProvisionedThroughputExceeded", op.Throttled},
	{"ThrottlingError", op.Throttled},
	{reasonConflict, op.Overload},
}

// classifyCancellation goes by the reasons that a cancelled transaction has for each of its
// items.
func classifyCancellation(err error) (op.Class, string) {
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) {
		return op.Failed, transactionCanceled
	}
	for _, c := range cancellations {
		for i := range cancelled.CancellationReasons {
			if aws.ToString(cancelled.CancellationReasons[i].Code) == c.code {
				return c.class, c.code
			}
		}
	}
	return op.Failed, transactionCanceled
}
