package provider

import (
	"context"
	"strconv"
	"sync"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

// lowerings are visibility timeouts (int32, in seconds) that queues get when the functions that drain them have got their lower timeouts,
// by the queues' ARNs. Terraform updates a queue before its functions, and until then the messages that they handle must stay hidden.
// Should a function's update fail, the next plan finds the visibility timeout too high and lowers it.
type lowerings struct{ byARN sync.Map }

// lowerLater keeps a queue's visibility timeout, among the attributes to be changed, at what its functions still need, and remembers the rest.
func (r *queueResource) lowerLater(ctx context.Context, state, plan *queueModel, attributes map[string]string) error {
	if plan.VisibilityTimeout.ValueInt32() >= state.VisibilityTimeout.ValueInt32() {
		return nil
	}
	needed, err := r.cloud.LongestTimeout(ctx, plan.ARN.ValueString())
	if cloud.IsDenied(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if needed > plan.VisibilityTimeout.ValueInt32() {
		attributes[cloud.AttributeVisibilityTimeout] = strconv.Itoa(int(needed))
		r.lowerings.byARN.Store(plan.ARN.ValueString(), number(plan.VisibilityTimeout))
	}
	return nil
}

// lowerNow lowers the visibility timeouts of the function's queues that waited for its timeout, unless another function still needs them.
func (r *functionResource) lowerNow(ctx context.Context, d *deployment) error {
	for _, arn := range d.consumed() {
		pending, _ := r.lowerings.byARN.Load(arn)
		lower, ok := pending.(string)
		if !ok {
			continue
		}
		needed, err := r.cloud.LongestTimeout(ctx, arn)
		if err != nil {
			return err
		}
		if wanted, err := strconv.Atoi(lower); err != nil || int(needed) > wanted {
			return err
		}
		url, err := r.cloud.QueueURL(ctx, arn)
		if err != nil {
			return err
		}
		if err := r.cloud.UpdateQueue(ctx, url, map[string]string{cloud.AttributeVisibilityTimeout: lower}); err != nil {
			return err
		}
		r.lowerings.byARN.Delete(arn)
	}
	return nil
}
