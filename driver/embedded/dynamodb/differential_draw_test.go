//go:build interop

package dynamodb

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"strings"

	"pgregory.net/rapid"
)

func pick(t *rapid.T, label string, from ...string) string {
	return rapid.SampledFrom(from).Draw(t, label)
}

func one(t *rapid.T, label string, in int) bool { return rapid.IntRange(1, in).Draw(t, label) == 1 }

// drawScalar draws a value that orders: a string, number or binary.
func drawScalar(t *rapid.T) string {
	return pick(t, "scalar", `{"S":""}`, `{"S":"a"}`, `{"S":"ab"}`, `{"S":"b"}`, `{"S":"é"}`, `{"N":"0"}`, `{"N":"1"}`, `{"N":"-1"}`, `{"N":"10"}`,
		`{"N":"1.50"}`, `{"N":"0.001"}`, `{"N":"1e2"}`, `{"N":"123456789012345678901234567890"}`, `{"B":"AA=="}`, `{"B":"AQI="}`)
}

func drawValue(t *rapid.T, depth int) string {
	most := 9
	if depth > 1 {
		most = 6
	}
	switch rapid.IntRange(0, most).Draw(t, "type") {
	case 0, 1, 2:
		return drawScalar(t)
	case 3:
		return pick(t, "bool", `{"BOOL":true}`, `{"BOOL":false}`, `{"NULL":true}`)
	case 4:
		return pick(t, "strings", `{"SS":["a"]}`, `{"SS":["b","a"]}`, `{"SS":["a","b","c"]}`)
	case 5:
		return pick(t, "numbers", `{"NS":["1"]}`, `{"NS":["2","1"]}`, `{"NS":["1.0","3"]}`)
	case 6:
		return pick(t, "binaries", `{"BS":["AA=="]}`, `{"BS":["AQI=","AA=="]}`)
	case 7, 8:
		var all []string
		for range rapid.IntRange(0, 3).Draw(t, "length") {
			all = append(all, drawValue(t, depth+1))
		}
		return `{"L":[` + strings.Join(all, ",") + `]}`
	}
	var all []string
	for _, k := range []string{"a", "m"} {
		if one(t, "member", 2) {
			all = append(all, fmt.Sprintf(`"%s":%s`, k, drawValue(t, depth+1)))
		}
	}
	return `{"M":{` + strings.Join(all, ",") + `}}`
}

func drawKeyOf(t *rapid.T) string {
	if one(t, "bad key", 40) {
		return pick(t, "bad", `{}`, `{"p":{"S":"x"}}`, `{"p":{"N":"1"},"s":{"N":"1"}}`, `{"p":{"S":"x"},"s":{"N":"1"},"a":{"S":"b"}}`)
	}
	return fmt.Sprintf(`{"p":{"S":"%s"},"s":{"N":"%s"}}`, pick(t, "p", someP...), pick(t, "s", someS...))
}

func drawItem(t *rapid.T) string {
	out := strings.TrimSuffix(drawKeyOf(t), "}")
	if out == "{" {
		return "{}"
	}
	if one(t, "g", 2) {
		out += fmt.Sprintf(`,"g":{"S":"%s"}`, pick(t, "g is", someG...))
	}
	if one(t, "n", 2) {
		out += fmt.Sprintf(`,"n":{"N":"%s"}`, pick(t, "n is", "1", "2", "-3", "20"))
	}
	if !strings.Contains(out, `"a"`) && one(t, "a", 2) {
		out += `,"a":` + drawValue(t, 0)
	}
	for _, k := range []string{"b", "c"} {
		if one(t, k, 2) {
			out += fmt.Sprintf(`,"%s":%s`, k, drawValue(t, 0))
		}
	}
	return out + "}"
}

// Placeholders are what a request's expressions use.
type placeholders struct{ names, values []string }

func (p *placeholders) value(v string) string {
	k := fmt.Sprintf(":v%d", len(p.values))
	p.values = append(p.values, fmt.Sprintf(`"%s":%s`, k, v))
	return k
}

func (p *placeholders) name(n string) string {
	k := fmt.Sprintf("#n%d", len(p.names))
	p.names = append(p.names, fmt.Sprintf(`"%s":"%s"`, k, n))
	return k
}

func (p *placeholders) members() (out string) {
	if len(p.names) > 0 {
		out += `,"ExpressionAttributeNames":{` + strings.Join(p.names, ",") + `}`
	}
	if len(p.values) > 0 {
		out += `,"ExpressionAttributeValues":{` + strings.Join(p.values, ",") + `}`
	}
	return out
}

func drawPath(t *rapid.T, p *placeholders) string {
	path := pick(t, "path", "a", "b", "c", "a.a", "a[0]", "b.m", "b[1]", "c.a[0]", "a[0].m", "d")
	if one(t, "by name", 4) && len(path) == 1 {
		return p.name(path)
	}
	return path
}

func drawOperand(t *rapid.T, p *placeholders) string {
	switch rapid.IntRange(0, 4).Draw(t, "operand") {
	case 0:
		return drawPath(t, p)
	case 1:
		return "size(" + drawPath(t, p) + ")"
	}
	return p.value(drawValue(t, 1))
}

func drawCondition(t *rapid.T, p *placeholders, depth int) string {
	most := 11
	if depth > 1 {
		most = 8
	}
	path := drawPath(t, p)
	switch rapid.IntRange(0, most).Draw(t, "condition") {
	case 0:
		return "attribute_exists(" + path + ")"
	case 1:
		return "attribute_not_exists(" + path + ")"
	case 2:
		return "attribute_type(" + path + ", " + p.value(`{"S":"`+pick(t, "of type", "S", "N", "L", "M", "SS", "BOOL", "NULL")+`"}`) + ")"
	case 3:
		return "begins_with(" + path + ", " + p.value(pick(t, "prefix", `{"S":"a"}`, `{"S":"ab"}`, `{"B":"AQ=="}`)) + ")"
	case 4:
		return "contains(" + path + ", " + p.value(drawScalar(t)) + ")"
	case 5:
		low := pick(t, "low", `{"N":"0"}`, `{"N":"-5"}`)
		return path + " BETWEEN " + p.value(low) + " AND " + p.value(`{"N":"5"}`)
	case 6:
		return path + " IN (" + p.value(drawScalar(t)) + ", " + p.value(drawValue(t, 1)) + ")"
	case 7, 8:
		comparator := pick(t, "comparator", "=", "<>", "<", "<=", ">", ">=")
		if comparator != "=" && comparator != "<>" && one(t, "with a value", 2) {
			// What has an order is documented for strings, numbers and binaries only.
			return path + " " + comparator + " " + p.value(drawScalar(t))
		}
		if comparator != "=" && comparator != "<>" {
			return path + " " + comparator + " size(" + drawPath(t, p) + ")"
		}
		return path + " " + comparator + " " + drawOperand(t, p)
	case 9:
		return drawCondition(t, p, depth+1) + pick(t, "and", " AND ", " OR ", " and ") + drawCondition(t, p, depth+1)
	case 10:
		return "NOT " + drawCondition(t, p, depth+1)
	}
	return "(" + drawCondition(t, p, depth+1) + ")"
}

func drawSet(t *rapid.T, p *placeholders) string {
	path := drawPath(t, p)
	from := func() string {
		if strings.ContainsAny(path, ".[") {
			// Not what the place lies in: dynalite then makes an item that contains itself, and ends.
			return pick(t, "from", "d", "p")
		}
		return drawPath(t, p)
	}
	switch rapid.IntRange(0, 5).Draw(t, "set") {
	case 0:
		return path + " = " + from() + pick(t, "sign", " + ", " - ") + p.value(pick(t, "n", `{"N":"1"}`, `{"N":"0.5"}`))
	case 1:
		return path + " = if_not_exists(" + from() + ", " + p.value(drawValue(t, 1)) + ")"
	case 2:
		return path + " = list_append(" + from() + ", " + p.value(`{"L":[{"S":"z"}]}`) + ")"
	case 3:
		return path + " = " + from()
	}
	return path + " = " + p.value(drawValue(t, 0))
}

func drawUpdate(t *rapid.T, p *placeholders) string {
	var out []string
	if one(t, "SET", 2) {
		all := []string{drawSet(t, p)}
		if one(t, "index key", 3) {
			all = append(all, pick(t, "which", "g = "+p.value(`{"S":"g"}`)))
		}
		out = append(out, "SET "+strings.Join(all, ", "))
	}
	if one(t, "REMOVE", 3) {
		out = append(out, "REMOVE "+pick(t, "removed", drawPath(t, p), "n", "g, n"))
	}
	if one(t, "ADD", 4) {
		out = append(out, "ADD "+drawPath(t, p)+" "+p.value(pick(t, "added", `{"N":"2"}`, `{"SS":["a","z"]}`, `{"NS":["1","9"]}`)))
	}
	if one(t, "DELETE", 5) || len(out) == 0 {
		out = append(out, "DELETE "+drawPath(t, p)+" "+p.value(pick(t, "deleted", `{"SS":["a"]}`, `{"NS":["1","3"]}`, `{"SS":["a","b","c"]}`)))
	}
	return strings.Join(out, " ")
}

func consumedMember(t *rapid.T) string {
	return pick(t, "consumed", ``, `,"ReturnConsumedCapacity":"TOTAL"`, `,"ReturnConsumedCapacity":"INDEXES"`, `,"ReturnConsumedCapacity":"NONE"`)
}

// drawRequest draws one request about the table.
func drawRequest(t *rapid.T) (operation, body string) {
	p := &placeholders{}
	condition := func() string {
		if one(t, "conditional", 3) {
			return `,"ConditionExpression":"` + drawCondition(t, p, 0) + `"`
		}
		return ""
	}
	begin := `{"TableName":"Table"` + consumedMember(t)
	switch rapid.IntRange(0, 11).Draw(t, "request") {
	case 0, 1, 2:
		body = begin + `,"Item":` + drawItem(t) + condition() + pick(t, "returns", ``, `,"ReturnValues":"ALL_OLD"`)
		return "PutItem", body + p.members() + "}"
	case 3, 4, 5:
		body = begin + `,"Key":` + drawKeyOf(t) + `,"UpdateExpression":"` + drawUpdate(t, p) + `"` + condition()
		body += pick(t, "returns", ``, `,"ReturnValues":"ALL_OLD"`, `,"ReturnValues":"ALL_NEW"`, `,"ReturnValues":"UPDATED_OLD"`, `,"ReturnValues":"UPDATED_NEW"`)
		return "UpdateItem", body + p.members() + "}"
	case 6:
		body = begin + `,"Key":` + drawKeyOf(t) + condition() + pick(t, "returns", ``, `,"ReturnValues":"ALL_OLD"`)
		return "DeleteItem", body + p.members() + "}"
	case 7:
		body = begin + `,"Key":` + drawKeyOf(t) + pick(t, "strong", ``, `,"ConsistentRead":true`)
		if one(t, "projected", 2) {
			body += `,"ProjectionExpression":"` + drawPath(t, p) + ", " + pick(t, "also", "p", "e", "n") + `"`
		}
		return "GetItem", body + p.members() + "}"
	case 8:
		body = begin + pick(t, "strong", ``, `,"ConsistentRead":true`)
		if one(t, "filtered", 2) {
			body += `,"FilterExpression":"` + drawCondition(t, p, 0) + `"`
		}
		return "Scan", body + pick(t, "select", ``, `,"Select":"COUNT"`) + p.members() + "}"
	case 9, 10:
		return "Query", begin + drawQuery(t, p) + p.members() + "}"
	}
	var keys []string
	for _, s := range someS[:rapid.IntRange(1, 4).Draw(t, "keys")] {
		keys = append(keys, fmt.Sprintf(`{"p":{"S":"%s"},"s":{"N":"%s"}}`, pick(t, "p", someP...), s))
	}
	return "BatchGetItem", `{"RequestItems":{"Table":{"Keys":[` + strings.Join(keys, ",") + `]` + pick(t, "strong", ``, `,"ConsistentRead":true`) + `}}` + consumedMember(t) + `}`
}

func drawQuery(t *rapid.T, p *placeholders) string {
	index := pick(t, "index", "", "g-n", "p-n")
	hash, from, sort, numbers, body := "p", someP, "s", someS, ""
	if index != "" {
		body, sort, numbers = `,"IndexName":"`+index+`"`, "n", []string{"1", "2", "-3", "20"}
	}
	if index == "g-n" {
		hash, from = "g", someG
	}
	condition := hash + " = " + p.value(`{"S":"`+pick(t, "hash", from...)+`"}`)
	switch op := pick(t, "op", "", "", "=", "<", "<=", ">", ">=", "BETWEEN"); op {
	case "":
	case "BETWEEN":
		condition += " AND " + sort + " BETWEEN " + p.value(`{"N":"-1.5"}`) + " AND " + p.value(`{"N":"5"}`)
	default:
		condition += " AND " + sort + " " + op + " " + p.value(`{"N":"`+pick(t, "bound", numbers...)+`"}`)
	}
	body += `,"KeyConditionExpression":"` + condition + `"` + pick(t, "order", ``, `,"ScanIndexForward":false`, `,"ScanIndexForward":true`)
	if index != "g-n" {
		body += pick(t, "strong", ``, `,"ConsistentRead":true`)
		if one(t, "filtered", 3) {
			body += `,"FilterExpression":"` + drawCondition(t, p, 0) + `"`
		}
	}
	if index == "" && one(t, "limited", 2) {
		body += fmt.Sprintf(`,"Limit":%d`, rapid.IntRange(1, 3).Draw(t, "limit"))
	}
	return body
}

// known are the differences that stand, and who is right.
var known = []difference{
	{
		why: "ConsumedCapacity: dynalite counts no local index with a write (API Reference, ConsumedCapacity: the total " +
			"for the table and all its indexes), rounds an empty page to 0 (Developer Guide, \"Capacity unit consumption " +
			"for read operations\": at least one minimum read) and takes half of what a consistent scan costs",
		meets: func(_, _ string, ours, theirs answered) bool {
			return ours.code == http.StatusOK && theirs.code == http.StatusOK &&
				canonical(without(ours.body)) == canonical(without(theirs.body))
		},
	},
	{
		why: "a comparison of two missing operands holds in dynalite; AWS's conditions compare values, and a path that is " +
			"not there has none (Developer Guide, \"Condition and filter expressions, operators, and functions\")",
		meets: func(_, body string, ours, theirs answered) bool {
			return comparesPaths.MatchString(body) && (ours.message() == "The conditional request failed" ||
				theirs.message() == "The conditional request failed" || ours.code == http.StatusOK && theirs.code == http.StatusOK)
		},
	},
	{
		why: "IN does not find an empty string or false in dynalite; AWS takes both for values (Developer Guide, " +
			"\"Supported data types and naming rules\")",
		meets: func(_, body string, _, _ answered) bool {
			return strings.Contains(body, " IN (") && (strings.Contains(body, `{"S":""}`) || strings.Contains(body, `{"BOOL":false}`))
		},
	},
	{
		why: "what is false or empty has no type in dynalite's attribute_type; AWS's false and empty strings are values",
		meets: func(_, body string, _, _ answered) bool {
			return strings.Contains(body, "attribute_type") && (strings.Contains(body, `{"S":"BOOL"}`) || strings.Contains(body, `{"S":"S"}`))
		},
	},
	{
		why: "what SET copies from another attribute is the same thing in dynalite: changing one changes both; AWS copies " +
			"values (Developer Guide, \"Update expressions\")",
		meets: func(operation, body string, ours, theirs answered) bool {
			return operation == "UpdateItem" && copiesPaths.MatchString(body) && ours.code == theirs.code
		},
	},
	{
		why: "dynalite's grammar has no NOT behind a NOT; AWS's does: NOT condition is a condition (Developer Guide, " +
			"\"Comparison operator and function reference\")",
		meets: func(_, body string, _, theirs answered) bool {
			return strings.Contains(body, "NOT NOT") && strings.Contains(theirs.message(), "Syntax error")
		},
	},
}

var comparesPaths = regexp.MustCompile(`(=|<|>) (size\()?(a|b|c|d|#n\d)\b`)

var copiesPaths = regexp.MustCompile(`SET .*(= |if_not_exists\()(a|b|c|d|#n\d)\b.*(ADD|DELETE|, )`)

// without returns an answer without its ConsumedCapacity.
func without(body any) any {
	m, ok := body.(map[string]any)
	if !ok {
		return body
	}
	out := maps.Clone(m)
	delete(out, "ConsumedCapacity")
	return out
}
