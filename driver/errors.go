package driver

import "errors"

// Sentinels that callers test with errors.Is.
var (
	// ErrNotOwned: the table or set exists, crossover did not create it, and the scenario does
	// not name it as expendable.
	ErrNotOwned = errors.New("exists and was not created by crossover")
	// ErrDataset: the table or set does not hold what the scenario loads.
	ErrDataset = errors.New("the data set is not the one that the scenario loads")
	// ErrBudget: consumption as seen would exceed, or has exceeded, the budget.
	ErrBudget = errors.New("budget exceeded")
)
