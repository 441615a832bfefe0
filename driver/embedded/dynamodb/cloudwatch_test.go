package dynamodb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	scalingsdk "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/google/go-cmp/cmp"

	"crossover/driver/clock"
	"crossover/driver/embedded/dynamodb/attribute"
)

// sdk is a configuration of the SDK for a server.
func sdk(t *testing.T, url string) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(url), HTTPClient: client(t), RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "x", SecretAccessKey: "x"}, nil
		}),
	}
}

// TestSDKClients: the SDK's own clients of both services understand the answers, over their
// own protocols (JSON 1.1, and CBOR).
func TestSDKClients(t *testing.T) {
	url, _ := listen(t, Options{Clock: clock.Real()})
	c := client(t)
	mustPost(t, c, url, "CreateTable", strings.Replace(createTable, `"PAY_PER_REQUEST"`, `"PROVISIONED","ProvisionedThroughput":{"ReadCapacityUnits":20,"WriteCapacityUnits":20}`, 1))
	for range 3 {
		mustPost(t, c, url, "PutItem", `{"TableName":"Table","Item":{"id":{"S":"a"}}}`)
	}
	cw := cloudwatch.NewFromConfig(sdk(t, url))
	now := clock.Real().Wall(0)
	got, err := cw.GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(now.Add(-5 * time.Minute)), EndTime: aws.Time(now.Add(5 * time.Minute)),
		MetricDataQueries: []cwtypes.MetricDataQuery{{
			Id: aws.String("w"), MetricStat: &cwtypes.MetricStat{
				Metric: &cwtypes.Metric{Namespace: aws.String("AWS/DynamoDB"), MetricName: aws.String("ConsumedWriteCapacityUnits"), Dimensions: []cwtypes.Dimension{{Name: aws.String("TableName"), Value: aws.String("Table")}}},
				Period: aws.Int32(3600), Stat: aws.String("Sum"),
			},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, r := range got.MetricDataResults {
		if aws.ToString(r.Id) != "w" || len(r.Timestamps) != len(r.Values) || r.StatusCode != cwtypes.StatusCodeComplete {
			t.Errorf("%+v", r)
		}
		for i, v := range r.Values {
			sum += v
			if d := now.Sub(r.Timestamps[i]); d < -time.Minute || d > 2*time.Hour {
				t.Errorf("a point at %v", r.Timestamps[i])
			}
		}
	}
	if sum != 3 {
		t.Errorf("%v write units, want 3", sum)
	}
	if _, err := cw.GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("AWS/DynamoDB"), MetricName: aws.String("Nothing"), StartTime: aws.Time(now), EndTime: aws.Time(now.Add(time.Hour)), Period: aws.Int32(60),
	}); err == nil || !strings.Contains(err.Error(), "InvalidParameterValue") {
		t.Errorf("an unknown metric: %v", err)
	}

	aas := scalingsdk.NewFromConfig(sdk(t, url))
	target := scalingsdk.RegisterScalableTargetInput{
		ServiceNamespace: scalingtypes.ServiceNamespaceDynamodb, ResourceId: aws.String("table/Table"),
		ScalableDimension: scalingtypes.ScalableDimensionDynamoDBTableReadCapacityUnits, MinCapacity: aws.Int32(30), MaxCapacity: aws.Int32(90),
	}
	if _, err := aas.RegisterScalableTarget(t.Context(), &target); err != nil {
		t.Fatal(err)
	}
	described, err := aas.DescribeScalableTargets(t.Context(), &scalingsdk.DescribeScalableTargetsInput{ServiceNamespace: scalingtypes.ServiceNamespaceDynamodb})
	if err != nil || len(described.ScalableTargets) != 1 || aws.ToInt32(described.ScalableTargets[0].MaxCapacity) != 90 || described.ScalableTargets[0].CreationTime == nil {
		t.Errorf("%+v, %v", described, err)
	}
	activities, err := aas.DescribeScalingActivities(t.Context(), &scalingsdk.DescribeScalingActivitiesInput{ServiceNamespace: scalingtypes.ServiceNamespaceDynamodb})
	if err != nil || len(activities.ScalingActivities) != 1 || activities.ScalingActivities[0].StatusCode != scalingtypes.ScalingActivityStatusCodeSuccessful {
		t.Errorf("%+v, %v", activities, err)
	}
	_, err = aas.DeregisterScalableTarget(t.Context(), &scalingsdk.DeregisterScalableTargetInput{
		ServiceNamespace: scalingtypes.ServiceNamespaceDynamodb, ResourceId: aws.String("table/Other"), ScalableDimension: target.ScalableDimension,
	})
	var gone *scalingtypes.ObjectNotFoundException
	if !errors.As(err, &gone) {
		t.Errorf("a target that is not there: %v", err)
	}
}

// TestMetricData adds minutes up into periods, and refuses what is not counted.
func TestMetricData(t *testing.T) {
	h := newHost(t, Options{Faults: Faults{Delay: 1, DelayFor: 2 * time.Millisecond}})
	h.newTable(true)
	for i := range 4 {
		for range i + 1 {
			h.must("PutItem", putSmall, nil)
		}
		h.clock.Advance(time.Minute)
	}
	query := func(metric, stat string, period int, dimensions string) string {
		return fmt.Sprintf(`{"StartTime":%d,"EndTime":%d,"ScanBy":"TimestampAscending","MetricDataQueries":[{"Id":"a","MetricStat":{"Metric":{"Namespace":"AWS/DynamoDB","MetricName":%q,"Dimensions":[{"Name":"TableName","Value":"Table"}%s]},"Period":%d,"Stat":%q}}]}`,
			start.Truncate(time.Hour).Unix(), start.Add(time.Hour).Unix(), metric, dimensions, period, stat)
	}
	var got struct {
		MetricDataResults []struct{ Values, Timestamps []float64 }
	}
	operation := `,{"Name":"Operation","Value":"PutItem"}`
	for _, c := range []struct {
		metric, stat string
		period       int
		dimensions   string
		want         []float64
	}{
		{"ConsumedWriteCapacityUnits", "Sum", 60, "", []float64{1, 2, 3, 4}},
		{"ConsumedWriteCapacityUnits", "Sum", 120, "", []float64{3, 7}},
		{"ConsumedWriteCapacityUnits", "Sum", 3600, "", []float64{10}},
		{"ReadThrottleEvents", "Sum", 60, "", []float64{}},
		{"SuccessfulRequestLatency", "Average", 3600, operation, []float64{2}},
		{"SuccessfulRequestLatency", "SampleCount", 3600, operation, []float64{10}},
	} {
		h.ask(metricsPrefix, "GetMetricData", query(c.metric, c.stat, c.period, c.dimensions), &got)
		if d := cmp.Diff(c.want, got.MetricDataResults[0].Values); d != "" || len(got.MetricDataResults[0].Timestamps) != len(c.want) {
			t.Errorf("%s %s of %d s: %s", c.metric, c.stat, c.period, d)
		}
	}
	for _, body := range []string{
		query("ConsumedWriteCapacityUnits", "Average", 60, ""), query("SuccessfulRequestLatency", "p99", 60, operation), query("Nothing", "Sum", 60, ""), query("ConsumedWriteCapacityUnits", "Sum", 7, ""),
	} {
		if w := h.send(metricsPrefix+"GetMetricData", body); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "InvalidParameterValue") {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	var list struct{ Metrics []series }
	h.ask(metricsPrefix, "ListMetrics", `{"Namespace":"AWS/DynamoDB","Dimensions":[{"Name":"Operation"}]}`, &list)
	if len(list.Metrics) != 1 || list.Metrics[0].MetricName != "SuccessfulRequestLatency" || list.Metrics[0].dimension("Operation") != "PutItem" {
		t.Errorf("%+v", list)
	}
}

// TestContributorInsights finds the hottest keys, accessed and throttled, as reports name them.
func TestContributorInsights(t *testing.T) {
	h := newHost(t, Options{})
	h.newTable(true)
	var d struct {
		ContributorInsightsStatus   string
		ContributorInsightsRuleList []string
	}
	h.must("UpdateContributorInsights", `{"TableName":"Table","ContributorInsightsAction":"ENABLE"}`, nil)
	h.must("DescribeContributorInsights", `{"TableName":"Table"}`, &d)
	if d.ContributorInsightsStatus != "ENABLED" || len(d.ContributorInsightsRuleList) != 4 {
		t.Fatalf("%+v", d)
	}
	throttled := 0
	for i := range 1600 {
		key := fmt.Sprintf(`{"id":{"S":"k%d"},"at":{"N":"1"}}`, i%7)
		if i%4 > 0 {
			key = `{"id":{"S":"hot"},"at":{"N":"-2.5"}}`
		}
		if code, _ := h.do("PutItem", `{"TableName":"Table","Item":`+key+`}`); code != http.StatusOK && i%4 > 0 {
			throttled++
		}
	}
	report := func(rule string) (out struct {
		KeyLabels    []string
		Contributors []struct {
			Keys                      []string
			ApproximateAggregateValue float64
			Datapoints                []struct{ ApproximateValue float64 }
		}
	},
	) {
		for _, name := range d.ContributorInsightsRuleList {
			if strings.Contains(name, "-"+rule+"-") {
				h.ask(metricsPrefix, "GetInsightRuleReport", fmt.Sprintf(`{"RuleName":%q,"StartTime":%d,"EndTime":%d,"Period":60}`, name, start.Add(-time.Minute).Unix(), start.Add(time.Minute).Unix()), &out)
			}
		}
		return out
	}
	if got := report("PKC"); len(got.Contributors) != 8 || got.Contributors[0].Keys[0] != "hot" || got.Contributors[0].ApproximateAggregateValue+float64(throttled) < 1200 {
		t.Errorf("most accessed: %+v, %d throttled", got, throttled)
	}
	if got := report("SKC"); len(got.KeyLabels) != 2 || strings.Join(got.Contributors[0].Keys, " ") != "hot -2.5" {
		t.Errorf("most accessed items: %+v", got)
	}
	if got := report("PKT"); throttled == 0 || got.Contributors[0].Keys[0] != "hot" || got.Contributors[0].ApproximateAggregateValue != float64(throttled) {
		t.Errorf("most throttled: %+v, want %d", got, throttled)
	}
	h.must("UpdateContributorInsights", `{"TableName":"Table","ContributorInsightsAction":"DISABLE"}`, nil)
	h.must("DescribeContributorInsights", `{"TableName":"Table"}`, &d)
	if d.ContributorInsightsStatus != "DISABLED" {
		t.Errorf("%+v", d)
	}
}

// TestSketchBound: of a skewed stream with far more keys than it counts, no count is too low,
// none is too high by more than its bound, and no key above the bound is missing.
func TestSketchBound(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(rng, 1.1, 1, 100_000)
	var s sketch
	exact := map[string]float64{}
	total := 0.0
	for range 50_000 {
		key, weight := fmt.Sprint(zipf.Uint64()), float64(1+rng.IntN(8))/2
		s.add(key, weight)
		exact[key] += weight
		total += weight
	}
	counted := map[string]bool{}
	for _, c := range s.top(sketchSize) {
		counted[c.key] = true
		if c.value < exact[c.key] || c.value-c.over > exact[c.key] || c.over > total/sketchSize {
			t.Errorf("key %s: %v, too high by up to %v, really %v", c.key, c.value, c.over, exact[c.key])
		}
	}
	for key, weight := range exact {
		if weight > total/sketchSize && !counted[key] {
			t.Errorf("key %s of weight %v is not counted", key, weight)
		}
	}
	if s.total != total {
		t.Errorf("%v in all, want %v", s.total, total)
	}
}

// TestNumberOf is the inverse of what keys of numbers are stored as.
func TestNumberOf(t *testing.T) {
	for _, n := range []string{"0", "1", "-1", "10", "-2.5", "0.001", "123456789012345678901234567890", "-1e-20", "3e100"} {
		n, err := attribute.Normalise(n)
		if err != nil {
			t.Fatal(err)
		}
		if got := attribute.NumberOf(attribute.SortableNumber(n)); got != n {
			t.Errorf("%s came back as %s", n, got)
		}
	}
}

// FuzzCBOR sends anything as a request of CloudWatch's CBOR protocol: it is answered, and the
// server does not panic.
func FuzzCBOR(f *testing.F) {
	f.Add([]byte{0xa1, 0x69, 'S', 't', 'a', 'r', 't', 'T', 'i', 'm', 'e', 0xc1, 0x1a, 0x65, 0, 0, 0})
	f.Add([]byte{0xa0})
	f.Fuzz(func(t *testing.T, body []byte) {
		h := newHost(t, Options{})
		r := httptest.NewRequest(http.MethodPost, cborPath+"GetMetricData", bytes.NewReader(body))
		w := httptest.NewRecorder()
		h.server.ServeHTTP(w, r)
		if w.Code == http.StatusInternalServerError || h.server.panics.Load() > 0 {
			t.Fatalf("%x: %d %x", body, w.Code, w.Body)
		}
	})
}
