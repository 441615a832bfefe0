package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	scaling "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

// AutoScaling is Application Auto Scaling of a provisioned table (AWS DynamoDB Developer Guide,
// "Managing throughput capacity automatically with DynamoDB auto scaling"). At least one of its
// members is set.
type AutoScaling struct {
	Read  *Scaling `yaml:"read" doc:"of the read capacity"`
	Write *Scaling `yaml:"write" doc:"of the write capacity"`
}

// A Scaling is a scalable target and its target tracking policy.
type Scaling struct {
	Min         int64         `yaml:"min" required:"true" min:"1" doc:"least capacity units"`
	Max         int64         `yaml:"max" required:"true" min:"1" doc:"most capacity units"`
	Target      float64       `yaml:"target" unit:"share" default:"70%" min:"20%" max:"90%" doc:"share of the provisioned capacity that is to be consumed"`
	InCooldown  time.Duration `yaml:"in_cooldown" default:"0s" min:"0s" doc:"wait after lowering the capacity before it is lowered again"`
	OutCooldown time.Duration `yaml:"out_cooldown" default:"0s" min:"0s" doc:"wait after raising the capacity before it is raised again"`
	NoScaleIn   bool          `yaml:"no_scale_in" default:"false" doc:"never lower the capacity"`
}

// A dimension is one of the two capacities that scale.
type dimension struct {
	name      string
	dimension scalingtypes.ScalableDimension
	metric    scalingtypes.MetricType
	scaling   *Scaling
}

// dimensions are those that the scenario has scaled.
func (c *Config) dimensions() (list []dimension) {
	p := c.Capacity.Provisioned
	if p == nil || p.AutoScaling == nil {
		return nil
	}
	if s := p.AutoScaling.Read; s != nil {
		list = append(list, dimension{"read", scalingtypes.ScalableDimensionDynamoDBTableReadCapacityUnits, scalingtypes.MetricTypeDynamoDBReadCapacityUtilization, s})
	}
	if s := p.AutoScaling.Write; s != nil {
		list = append(list, dimension{"write", scalingtypes.ScalableDimensionDynamoDBTableWriteCapacityUnits, scalingtypes.MetricTypeDynamoDBWriteCapacityUtilization, s})
	}
	return list
}

// resource names the table as Application Auto Scaling does.
func (d *Driver) resource() *string { return aws.String("table/" + d.cfg.Table) }

// scale registers the table's capacities with Application Auto Scaling.
func (d *Driver) scale(ctx context.Context) error {
	for _, m := range d.cfg.dimensions() {
		s := m.scaling
		_, err := d.scaling.RegisterScalableTarget(ctx, &scaling.RegisterScalableTargetInput{
			ServiceNamespace: scalingtypes.ServiceNamespaceDynamodb, ResourceId: d.resource(), ScalableDimension: m.dimension,
			MinCapacity: aws.Int32(int32(s.Min)), MaxCapacity: aws.Int32(int32(s.Max)),
		})
		if err == nil {
			_, err = d.scaling.PutScalingPolicy(ctx, &scaling.PutScalingPolicyInput{
				PolicyName:       aws.String("crossover-" + d.cfg.Table + "-" + m.name),
				ServiceNamespace: scalingtypes.ServiceNamespaceDynamodb, ResourceId: d.resource(), ScalableDimension: m.dimension,
				PolicyType: scalingtypes.PolicyTypeTargetTrackingScaling,
				TargetTrackingScalingPolicyConfiguration: &scalingtypes.TargetTrackingScalingPolicyConfiguration{
					TargetValue:                   aws.Float64(100 * s.Target),
					PredefinedMetricSpecification: &scalingtypes.PredefinedMetricSpecification{PredefinedMetricType: m.metric},
					ScaleInCooldown:               aws.Int32(int32(s.InCooldown / time.Second)),
					ScaleOutCooldown:              aws.Int32(int32(s.OutCooldown / time.Second)),
					DisableScaleIn:                aws.Bool(s.NoScaleIn),
				},
			})
		}
		if err != nil {
			return fmt.Errorf("scaling the %s capacity of table %s: %w", m.name, d.cfg.Table, d.safe(err))
		}
	}
	return nil
}

// unscale takes the table's registrations back, and with them their policies: deleting a table
// leaves them, and they would scale the next one of the name.
func (d *Driver) unscale(ctx context.Context) error {
	for _, m := range d.cfg.dimensions() {
		_, err := d.scaling.DeregisterScalableTarget(ctx, &scaling.DeregisterScalableTargetInput{
			ServiceNamespace: scalingtypes.ServiceNamespaceDynamodb, ResourceId: d.resource(), ScalableDimension: m.dimension,
		})
		var gone *scalingtypes.ObjectNotFoundException
		if err != nil && !errors.As(err, &gone) {
			return fmt.Errorf("ending the scaling of table %s's %s capacity: %w", d.cfg.Table, m.name, d.safe(err))
		}
	}
	return nil
}

// scalingOf says what Application Auto Scaling has registered for the table.
func (d *Driver) scalingOf(ctx context.Context) string {
	targets, err := d.scaling.DescribeScalableTargets(ctx, &scaling.DescribeScalableTargetsInput{
		ServiceNamespace: scalingtypes.ServiceNamespaceDynamodb, ResourceIds: []string{aws.ToString(d.resource())},
	})
	if err != nil {
		return notTold
	}
	policies, err := d.scaling.DescribeScalingPolicies(ctx, &scaling.DescribeScalingPoliciesInput{
		ServiceNamespace: scalingtypes.ServiceNamespaceDynamodb, ResourceId: d.resource(),
	})
	if err != nil {
		return notTold
	}
	var parts []string
	for _, m := range d.cfg.dimensions() {
		for _, t := range targets.ScalableTargets {
			if t.ScalableDimension == m.dimension {
				parts = append(parts, fmt.Sprintf("%s %d to %d units%s", m.name, aws.ToInt32(t.MinCapacity), aws.ToInt32(t.MaxCapacity), targetOf(policies.ScalingPolicies, m)))
			}
		}
	}
	if parts == nil {
		return "none registered"
	}
	return strings.Join(parts, "; ")
}

// targetOf says what a dimension's policies track.
func targetOf(policies []scalingtypes.ScalingPolicy, m dimension) (text string) {
	for _, p := range policies {
		c := p.TargetTrackingScalingPolicyConfiguration
		if p.ScalableDimension != m.dimension || c == nil {
			continue
		}
		text += fmt.Sprintf(" at %g%%", aws.ToFloat64(c.TargetValue))
		if aws.ToBool(c.DisableScaleIn) {
			text += ", never lowered"
		}
	}
	return text
}
