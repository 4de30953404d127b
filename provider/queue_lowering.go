package provider

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

// lowerings are visibility timeouts (int32, in seconds) that queues get when the functions that drain them have got their lower timeouts,
// by the queues' ARNs. Terraform updates a queue before its functions, and until then the messages that they handle must stay hidden.
// Should a function's update fail, the next plan finds the visibility timeout too high and lowers it.
type lowerings struct{ byARN sync.Map }

// lowerLater keeps a queue's visibility timeout, among the attributes to be changed, at what its functions still need, and remembers the rest.
// It returns what the user is to know of that.
func (r *queueResource) lowerLater(ctx context.Context, state, plan *queueModel, attributes map[string]string) (warning string, err error) {
	current, wanted := state.VisibilityTimeout.ValueInt32(), plan.VisibilityTimeout.ValueInt32()
	if wanted >= current {
		return "", nil
	}
	slowest, err := r.cloud.SlowestFunction(ctx, plan.ARN.ValueString())
	if cloud.IsDenied(err) {
		return "", nil
	}
	if err != nil || slowest.Timeout <= wanted {
		return "", err
	}
	attributes[cloud.AttributeVisibilityTimeout] = strconv.Itoa(int(slowest.Timeout))
	if slowest.Timeout >= current {
		delete(attributes, cloud.AttributeVisibilityTimeout)
	}
	r.lowerings.byARN.Store(plan.ARN.ValueString(), wanted)
	return fmt.Sprintf("Function %s drains queue %s with a timeout of %d s. Below that, messages would be received a second time while the function "+
		"still handles them, so visibility_timeout becomes %d when the function's timeout is lowered. If that is not part of this apply, lower it first.",
		slowest.Name, plan.Name.ValueString(), slowest.Timeout, wanted), nil
}

// lowerNow lowers the visibility timeouts of queues that waited for a function's timeout, unless another function still needs them.
func (d *providerData) lowerNow(ctx context.Context, queueARNs []string) error {
	for _, arn := range queueARNs {
		pending, _ := d.lowerings.byARN.Load(arn)
		wanted, ok := pending.(int32)
		if !ok {
			continue
		}
		slowest, err := d.cloud.SlowestFunction(ctx, arn)
		if err != nil {
			return err
		}
		if slowest.Timeout > wanted {
			continue
		}
		url, err := d.cloud.QueueURL(ctx, arn)
		if err != nil {
			return err
		}
		lower := map[string]string{cloud.AttributeVisibilityTimeout: strconv.Itoa(int(wanted))}
		if err := d.cloud.UpdateQueue(ctx, url, lower); err != nil {
			return err
		}
		d.lowerings.byARN.Delete(arn)
	}
	return nil
}
