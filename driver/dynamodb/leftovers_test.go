package dynamodb

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"crossover/driver"
)

// lists answers ListTables with the standin's tables, two a page.
func lists(c *control) {
	before := c.hook
	c.hook = func(w http.ResponseWriter, r *http.Request, name string, n int) bool {
		if name != "ListTables" {
			return before(w, r, name, n)
		}
		c.standin.mu.Lock()
		defer c.standin.mu.Unlock()
		var names []string
		for table := range c.tables {
			names = append(names, table)
		}
		slices.Sort(names)
		from := 2 * (n - 1) % (len(names) + 1)
		page := names[min(from, len(names)):min(from+2, len(names))]
		out := map[string]any{"TableNames": page}
		if from+2 < len(names) {
			out["LastEvaluatedTableName"] = page[len(page)-1]
		}
		answer(w, out)
		return true
	}
}

// put adds a table to the standin.
func (c *control) put(name string, tags ...map[string]string) map[string]any {
	d := map[string]any{
		"TableName": name, "TableStatus": "ACTIVE", "TableId": "id of " + name, "CreationDateTime": 1.8e9, "ItemCount": 7, "TableSizeBytes": 700,
		"TableArn":             "arn:aws:dynamodb:us-east-1:123456789012:table/" + name,
		"KeySchema":            []map[string]string{{"AttributeName": "pk", "KeyType": "HASH"}},
		"AttributeDefinitions": []map[string]string{{"AttributeName": "pk", "AttributeType": "S"}},
		"BillingModeSummary":   map[string]any{"BillingMode": "PAY_PER_REQUEST"},
	}
	c.tables[name] = &standinTable{description: d, tags: tags, items: map[string]standinItem{}}
	return d
}

var ownTags = []map[string]string{{"Key": "crossover-run", "Value": "run 7"}, {"Key": "crossover", "Value": "owned"}}

// The tag decides, over all pages of tables, and nothing else does.
func TestLeftovers(t *testing.T) {
	c := startControl(t)
	lists(c)
	c.put("crossover-theirs", map[string]string{"Key": "team", "Value": "payments"})
	c.put("crossover-almost", map[string]string{"Key": "crossover", "Value": "disowned"})
	c.put("ours-under-another-name", ownTags...)
	going := c.put("going", ownTags...)
	going["TableStatus"] = "DELETING"
	provisioned := c.put("provisioned", ownTags...)
	delete(provisioned, "BillingModeSummary")
	provisioned["ProvisionedThroughput"] = map[string]any{"ReadCapacityUnits": 50, "WriteCapacityUnits": 5}
	provisioned["TableClassSummary"] = map[string]any{"TableClass": "STANDARD_INFREQUENT_ACCESS"}
	provisioned["GlobalSecondaryIndexes"] = []any{map[string]any{"IndexSizeBytes": 300, "ProvisionedThroughput": map[string]any{"ReadCapacityUnits": 1, "WriteCapacityUnits": 2}}}
	d := on(t, c.standin, scenario(t, small, mixedOps), "")
	got, err := d.Leftovers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	made := time.Unix(1_800_000_000, 0).UTC()
	want := []driver.Leftover{
		{Name: "ours-under-another-name", ID: "id of ours-under-another-name", Run: "run 7", Created: made, Items: 7, Bytes: 700, State: "on demand", Region: "us-east-1"},
		{
			Name: "provisioned", ID: "id of provisioned", Run: "run 7", Created: made, Items: 7, Bytes: 1000, State: "provisioned, 50 RCU and 5 WCU", Region: "us-east-1",
			Infrequent: true, ReadUnits: 51, WriteUnits: 7,
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want (-) and got (+):\n%s", diff)
	}
}

// A table that became somebody else's since it was listed, and one that took its name, stay.
func TestRemoveLooksAgain(t *testing.T) {
	for name, change := range map[string]func(c *control, d map[string]any){
		"":            func(*control, map[string]any) {},
		"no tag left": func(c *control, _ map[string]any) { c.tables["t"].tags = nil },
		"another one": func(_ *control, d map[string]any) { d["TableId"] = "other" },
		"gone":        func(c *control, _ map[string]any) { delete(c.tables, "t") },
	} {
		c := startControl(t)
		lists(c)
		description := c.put("t", ownTags...)
		d := on(t, c.standin, scenario(t, small, mixedOps), "")
		list, err := d.Leftovers(t.Context())
		if err != nil || len(list) != 1 {
			t.Fatalf("%v, %v", list, err)
		}
		change(c, description)
		err = d.Remove(t.Context(), list[0])
		if deleted := c.called("DeleteTable"); name == "" && (err != nil || deleted != 1) || name != "" && (!errors.Is(err, driver.ErrNotOwned) || deleted != 0) {
			t.Errorf("%q: %v, %d deleted", name, err, deleted)
		}
	}
}

// Tables that cannot be looked at are named, and the others listed all the same.
func TestLeftoversThatCannotBeLookedAt(t *testing.T) {
	c := startControl(t)
	lists(c)
	c.put("a", ownTags...)
	c.put("b", ownTags...)
	before := c.hook
	tagged := 0
	c.hook = func(w http.ResponseWriter, r *http.Request, name string, n int) bool {
		if name == "ListTagsOfResource" {
			if tagged++; tagged == 1 {
				refuse(w, http.StatusBadRequest, "AccessDeniedException", "User: arn:aws:iam::123456789012:user/x is not authorized")
				return true
			}
		}
		return before(w, r, name, n)
	}
	d := on(t, c.standin, scenario(t, small, mixedOps), "")
	list, err := d.Leftovers(t.Context())
	if len(list) != 1 || list[0].Name != "b" || err == nil || !strings.Contains(err.Error(), "tags of table a") || len(leaks(err.Error())) > 0 {
		t.Errorf("%v, %v", list, err)
	}
}

// What scales goes on scaling the next table of the name unless it is let go of.
func TestRemoveEndsScaling(t *testing.T) {
	c := startControl(t)
	lists(c)
	d := on(t, c.standin, scenario(t, small, mixedOps), scaled)
	if err := d.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, err := d.Leftovers(t.Context())
	if err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	if err := d.Remove(t.Context(), list[0]); err != nil || len(c.asked["DeregisterScalableTarget"]) != 2 || c.called("DeleteTable") != 1 {
		t.Errorf("%v, %s", err, fmt.Sprint(c.order))
	}
}
