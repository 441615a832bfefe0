package dynamodb

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/google/go-cmp/cmp"

	"crossover/driver/clock"
)

// A control is a standin that also has what a table's options and its scaling ask for; asked
// holds each such request's body.
type control struct {
	*standin
	mu    sync.Mutex
	asked map[string][]map[string]any
	order []string
}

// startControl starts one; refused operations are unknown to it.
func startControl(t *testing.T, refused ...string) *control {
	t.Helper()
	c := &control{standin: startStandin(t), asked: map[string][]map[string]any{}}
	registered := map[string]map[string]any{}
	policies := map[string]any{}
	c.hook = func(w http.ResponseWriter, r *http.Request, name string, _ int) bool {
		if slices.Contains(refused, name) {
			refuse(w, http.StatusBadRequest, "UnknownOperationException", "")
			return true
		}
		body, err := io.ReadAll(r.Body)
		in := map[string]any{}
		if err != nil || json.Unmarshal(body, &in) != nil {
			return false
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.asked[name] = append(c.asked[name], in)
		c.order = append(c.order, name)
		dimension, _ := in["ScalableDimension"].(string)
		switch name {
		case "UpdateTimeToLive", "UpdateContinuousBackups":
			answer(w, map[string]any{})
		case "DescribeTimeToLive":
			answer(w, map[string]any{"TimeToLiveDescription": map[string]any{"TimeToLiveStatus": "ENABLED", "AttributeName": "exp"}})
		case "DescribeContinuousBackups":
			answer(w, map[string]any{"ContinuousBackupsDescription": map[string]any{"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": map[string]any{"PointInTimeRecoveryStatus": "ENABLED"}}})
		case "RegisterScalableTarget":
			registered[dimension] = in
			answer(w, map[string]any{})
		case "PutScalingPolicy":
			policies[in["PolicyName"].(string)] = in
			answer(w, map[string]any{"PolicyARN": "arn"})
		case "DeregisterScalableTarget":
			if registered[dimension] == nil {
				refuse(w, http.StatusBadRequest, "ObjectNotFoundException", "")
				return true
			}
			delete(registered, dimension)
			answer(w, map[string]any{})
		case "DescribeScalableTargets":
			var list []any
			for _, t := range registered {
				list = append(list, t)
			}
			answer(w, map[string]any{"ScalableTargets": list})
		case "DescribeScalingPolicies":
			answer(w, map[string]any{"ScalingPolicies": slices.Collect(maps.Values(policies))})
		default:
			return false
		}
		return true
	}
	return c
}

const everything = ", table_class: infrequent_access, stream: new_and_old_images, point_in_time_recovery: true, warm_throughput: {read: 20000, write: 6000}"

// What the scenario describes of a table is asked for, and read back into the manifest.
func TestTableOptions(t *testing.T) {
	c := startControl(t)
	sc := scenario(t, small, "  operations: {update: 100%}\n  write: {ttl: 1h}")
	d := on(t, c.standin, sc, everything)
	if err := d.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	description := c.tables[tableName].description
	if description["TableClass"] != "STANDARD_INFREQUENT_ACCESS" {
		t.Errorf("class %v", description["TableClass"])
	}
	if diff := cmp.Diff(map[string]any{"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"}, description["StreamSpecification"]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]any{"ReadUnitsPerSecond": 20000., "WriteUnitsPerSecond": 6000.}, description["WarmThroughput"]); diff != "" {
		t.Error(diff)
	}
	want := []map[string]any{{"TableName": tableName, "TimeToLiveSpecification": map[string]any{"AttributeName": "exp", "Enabled": true}}}
	if diff := cmp.Diff(want, c.asked["UpdateTimeToLive"]); diff != "" {
		t.Error(diff)
	}
	want = []map[string]any{{"TableName": tableName, "PointInTimeRecoverySpecification": map[string]any{"PointInTimeRecoveryEnabled": true}}}
	if diff := cmp.Diff(want, c.asked["UpdateContinuousBackups"]); diff != "" {
		t.Error(diff)
	}
	description["TableClassSummary"] = map[string]any{"TableClass": "STANDARD_INFREQUENT_ACCESS"} // as the service describes it
	about, err := d.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"table_class": "infrequent_access", "stream": "new_and_old_images", "pitr": "enabled", "ttl": "enabled exp",
		"warm_throughput": "at least 20000 read and 6000 write units/s",
	} {
		if about.Settings[key] != want {
			t.Errorf("%s: %q, want %q", key, about.Settings[key], want)
		}
	}
	// What an earlier run left is taken only when it is what is asked for.
	for settings, want := range map[string]string{
		everything: "", "": "table class infrequent_access instead of standard",
		", table_class: infrequent_access":               "stream new_and_old_images instead of none",
		strings.Replace(everything, "20000", "30000", 1): "warm throughput of 20000 and 6000 units/s instead of 30000 and 6000",
	} {
		err := on(t, c.standin, sc, settings).Provision(t.Context())
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", settings, err, want)
		}
	}
}

// A server that knows no time to live is used without, and the manifest says so.
func TestServerWithoutTimeToLive(t *testing.T) {
	c := startControl(t, "UpdateTimeToLive", "DescribeTimeToLive")
	d := on(t, c.standin, scenario(t, small, "  operations: {update: 100%}\n  write: {ttl: 1h}"), "")
	if err := d.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	about, err := d.Describe(t.Context())
	if err != nil || len(about.Warnings) != 1 || !strings.Contains(about.Warnings[0], "no time to live") || about.Settings["ttl"] != notTold {
		t.Errorf("warnings %q, ttl %q, error %v", about.Warnings, about.Settings["ttl"], err)
	}
}

const scaled = ", capacity: {provisioned: {read: 100, write: 10, auto_scaling: {read: {min: 50, max: 4000, target: 65%, out_cooldown: 30s}, write: {min: 5, max: 100, no_scale_in: true}}}}"

// The table's capacities are registered when it is made, read back, and let go of before it is
// dropped: what is registered outlives a table, and would scale the next one of the name.
func TestAutoScaling(t *testing.T) {
	c := startControl(t)
	sc := scenario(t, small, mixedOps)
	d := on(t, c.standin, sc, scaled)
	if err := d.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	target := func(what string, more map[string]any) map[string]any {
		m := map[string]any{"ServiceNamespace": "dynamodb", "ResourceId": "table/" + tableName, "ScalableDimension": "dynamodb:table:" + what}
		for k, v := range more {
			m[k] = v
		}
		return m
	}
	want := []map[string]any{
		target("ReadCapacityUnits", map[string]any{"MinCapacity": 50., "MaxCapacity": 4000.}),
		target("WriteCapacityUnits", map[string]any{"MinCapacity": 5., "MaxCapacity": 100.}),
	}
	if diff := cmp.Diff(want, c.asked["RegisterScalableTarget"]); diff != "" {
		t.Error(diff)
	}
	policy := func(name, what, metric string, tracking map[string]any) map[string]any {
		tracking["PredefinedMetricSpecification"] = map[string]any{"PredefinedMetricType": metric}
		return target(what, map[string]any{"PolicyName": "crossover-" + tableName + "-" + name, "PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": tracking})
	}
	want = []map[string]any{
		policy("read", "ReadCapacityUnits", "DynamoDBReadCapacityUtilization", map[string]any{"TargetValue": 65., "ScaleInCooldown": 0., "ScaleOutCooldown": 30., "DisableScaleIn": false}),
		policy("write", "WriteCapacityUnits", "DynamoDBWriteCapacityUtilization", map[string]any{"TargetValue": 70., "ScaleInCooldown": 0., "ScaleOutCooldown": 0., "DisableScaleIn": true}),
	}
	if diff := cmp.Diff(want, c.asked["PutScalingPolicy"]); diff != "" {
		t.Error(diff)
	}
	about, err := d.Describe(t.Context())
	if got, want := about.Settings["auto_scaling"], "read 50 to 4000 units at 65%; write 5 to 100 units at 70%, never lowered"; err != nil || got != want {
		t.Errorf("described as %q, error %v, want %q", got, err, want)
	}
	// A capacity that has been scaled is no other one, nor a reason to refuse to go on with a run.
	throughput := c.tables[tableName].description["ProvisionedThroughput"].(map[string]any)
	throughput["ReadCapacityUnits"] = 4000
	if err := on(t, c.standin, sc, scaled).Provision(t.Context()); err != nil {
		t.Error(err)
	}
	if later, err := d.Describe(t.Context()); err != nil || cmp.Diff(about.Settings, later.Settings) != "" || later.Settings["capacity"] != "provisioned, 100 RCU and 10 WCU, scaled" {
		t.Errorf("error %v, settings %s", err, cmp.Diff(about.Settings, later.Settings))
	}
	throughput["ReadCapacityUnits"] = 4001
	if err := on(t, c.standin, sc, scaled).Provision(t.Context()); err == nil || !strings.Contains(err.Error(), "4001 RCU") {
		t.Errorf("got %v", err)
	}
	if err := d.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(c.asked["DeregisterScalableTarget"]); n != 2 || slices.Index(c.order, "DeregisterScalableTarget") > slices.Index(c.order, "DeleteTable") {
		t.Errorf("%d deregistered; %v", n, c.order)
	}
}

// Nothing of an expendable table that is the user's own is changed.
func TestExpendableTableKeepsItsOptions(t *testing.T) {
	c := startControl(t)
	sc := scenario(t, small, "  operations: {update: 100%}\n  write: {ttl: 1h}")
	c.database().Foreign(t, sc)
	d := on(t, c.standin, sc, everything+", table: "+tableName+", expendable: true"+scaled)
	if err := d.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range c.order {
		if !strings.HasPrefix(name, "Describe") && name != "ListTagsOfResource" {
			t.Errorf("%s was asked for", name)
		}
	}
}

// What the service says of the capacity is in the samples, and asked for now and then only.
func TestCapacityOverTime(t *testing.T) {
	c := startControl(t)
	v := clock.NewVirtual(time.Unix(1_800_000_000, 0))
	opened, err := openDriver(t, v, scenario(t, small, mixedOps), "", "endpoint: "+c.server.URL+scaled)
	if err != nil {
		t.Fatal(err)
	}
	d := opened.(*Driver)
	if err := d.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	throughput := c.tables[tableName].description["ProvisionedThroughput"].(map[string]any)
	before := c.called("DescribeTable")
	for second, want := range []float64{100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 700, 700} {
		if second == 5 {
			throughput["ReadCapacityUnits"] = 700
		}
		sample, err := d.Sample(t.Context())
		if err != nil || sample.Counters[provisionedRead] != want || sample.Counters[provisionedWrite] != 10 {
			t.Errorf("second %d: %v, %v", second, sample.Counters, err)
		}
		v.Advance(time.Second)
	}
	if n := c.called("DescribeTable") - before; n != 2 {
		t.Errorf("described %d times in 12 s", n)
	}
}

// A cannedCloudWatch answers in two pages.
type cannedCloudWatch struct {
	at    time.Time
	asked []*cloudwatch.GetMetricDataInput
	err   error
}

func (c *cannedCloudWatch) GetMetricData(_ context.Context, in *cloudwatch.GetMetricDataInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error) {
	with := *in
	c.asked = append(c.asked, &with)
	if c.err != nil {
		return nil, c.err
	}
	out := new(cloudwatch.GetMetricDataOutput)
	from, to := 0, len(in.MetricDataQueries)/2
	if in.NextToken == nil {
		out.NextToken = aws.String("more")
	} else {
		from, to = to, len(in.MetricDataQueries)
	}
	for i := from; i < to; i++ {
		r := cwtypes.MetricDataResult{Id: in.MetricDataQueries[i].Id}
		at := c.at
		if i%2 == 1 {
			at = at.Add(-time.Minute) // this one is later than the others
		}
		if i > 0 {
			r.Timestamps, r.Values = []time.Time{at, at.Add(-time.Minute)}, []float64{float64(i), -1}
		}
		out.MetricDataResults = append(out.MetricDataResults, r)
	}
	return out, nil
}

func TestCloudWatch(t *testing.T) {
	c := startControl(t)
	v := clock.NewVirtual(time.Unix(1_800_000_000, 0))
	opened, err := openDriver(t, v, scenario(t, small, mixedOps), "", "cloudwatch: true, endpoint: "+c.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	d := opened.(*Driver)
	if d.cloudwatch == nil {
		t.Fatal("no CloudWatch")
	}
	if err := d.Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	newest := time.Unix(1_800_000_000, 0).Truncate(time.Minute).Add(-2 * time.Minute)
	canned := &cannedCloudWatch{at: newest}
	d.cloudwatch = canned
	for range 100 {
		sample, err := d.Sample(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got := sample.Counters
		if got[cloudWatchAt] != float64(newest.Unix()) || got["CloudWatch.ReadThrottleEvents"] != 2 || got["CloudWatch.SuccessfulRequestLatency.GetItem"] != 14 {
			t.Fatalf("%v", got)
		}
		for _, m := range []string{"CloudWatch.ConsumedReadCapacityUnits", "CloudWatch.ConsumedWriteCapacityUnits"} {
			if v, told := got[m]; told {
				t.Fatalf("%s is %g, of another minute or of none", m, v)
			}
		}
		v.Advance(time.Second)
	}
	if n := len(canned.asked); n != 4 { // two pages, at 0 and 60 s
		t.Errorf("asked %d times in 100 s", n)
	}
	in := canned.asked[0]
	q := in.MetricDataQueries[len(in.MetricDataQueries)-1].MetricStat
	if aws.ToString(q.Metric.Namespace) != "AWS/DynamoDB" || aws.ToInt32(q.Period) != 60 || len(q.Metric.Dimensions) != 2 || aws.ToString(q.Metric.Dimensions[0].Value) != tableName {
		t.Errorf("the last query is %+v", q)
	}
	if in.EndTime.Second() != 0 || in.EndTime.Sub(*in.StartTime) != cloudWatchBack {
		t.Errorf("from %v to %v", in.StartTime, in.EndTime)
	}
	// An error is told once, and nothing is asked after it.
	canned.err = errors.New("denied to " + fakeKey)
	v.Advance(time.Minute)
	before := len(canned.asked)
	if _, err := d.Sample(t.Context()); err == nil || !strings.Contains(err.Error(), "denied") || len(leaks(err.Error())) > 0 {
		t.Errorf("got %v", err)
	}
	v.Advance(time.Hour)
	if sample, err := d.Sample(t.Context()); err != nil || len(canned.asked) != before+1 || sample.Counters == nil {
		t.Errorf("error %v, asked %d times more", err, len(canned.asked)-before)
	}
}
