package driver

import (
	"context"
	"time"
)

// A Cleaner finds what crossover created and left where a target is, and removes it.
type Cleaner interface {
	// Leftovers lists the tables or sets that carry crossover's mark, and nothing else. With an
	// error it still lists those that it could look at.
	Leftovers(ctx context.Context) ([]Leftover, error)
	// Remove deletes one after it has looked again that it is the same, and crossover's; else it
	// refuses with ErrNotOwned.
	Remove(ctx context.Context, l Leftover) error
}

// A Leftover is a table or set that carries crossover's mark.
type Leftover struct {
	Name    string    `json:"name"`
	ID      string    `json:"-"`                // tells it from another of the same name
	Run     string    `json:"run"`              // that created it; empty when the mark does not say
	Created time.Time `json:"created,omitzero"` // zero when nothing says
	Items   uint64    `json:"items"`            // as the database tells: AWS brings it up to date every six hours or so
	Bytes   uint64    `json:"bytes"`            // the same
	State   string    `json:"state,omitempty"`  // in the database's words, for people

	// What a DynamoDB table is billed by while nobody uses it.
	Region     string `json:"region,omitempty"`
	Infrequent bool   `json:"infrequent_access,omitempty"` // table class
	ReadUnits  int64  `json:"read_units,omitempty"`        // provisioned
	WriteUnits int64  `json:"write_units,omitempty"`
	Real       bool   `json:"billed"`
}
