package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

// planPolicy sets what the function's role may do if that stays what it is. It follows from the function's queues and secrets, and from what
// these are encrypted with and dead-letter to; what it comes to otherwise is left to the apply, as much may change until then.
func (r *functionResource) planPolicy(ctx context.Context, config, state, plan *functionModel, diags *diag.Diagnostics) {
	if !config.RoleARN.IsNull() {
		plan.RolePolicy = types.StringNull()
		return
	}
	plan.RolePolicy = types.StringUnknown()
	if state == nil {
		return
	}
	for _, value := range []attr.Value{plan.Name, plan.Queues, plan.SendTo, plan.Secrets, plan.Policy, plan.VPC, plan.Tracing, plan.Log} {
		if !fullyKnown(ctx, value) {
			return
		}
	}
	d := r.deployment(ctx, plan, diags)
	if diags.HasError() {
		return
	}
	old := r.deployment(ctx, state, diags)
	known, err := r.permit(ctx, &d, &old)
	if err != nil { // the apply finds out
		tflog.Debug(ctx, "permissions are not known", map[string]any{"error": err.Error()})
	}
	if err != nil || !known {
		return
	}
	if cloud.SamePolicy(state.RolePolicy.ValueString(), d.permissions.Document()) {
		plan.RolePolicy = state.RolePolicy
	}
}

// permit sets what d may do, and reports whether all of that is known yet: not if a queue's dead-letter queue is still to be made. What the
// credentials may not look at has the keys and dead-letter queues that are permitted now, by what is in force: old, nil for nothing.
func (r *functionResource) permit(ctx context.Context, d, old *deployment) (known bool, err error) {
	account, err := r.cloud.Account(ctx)
	if err != nil {
		return false, err
	}
	facts, err := r.factsOfQueues(ctx, d.queueARNs())
	if err != nil {
		return false, err
	}
	if err := d.missing(facts); err != nil {
		return false, err
	}
	keys, hidden, err := r.keysOfSecrets(ctx, d.secrets)
	if err != nil {
		return false, err
	}
	for _, queue := range facts {
		hidden = hidden || queue.hidden
		if queue.deadLetter.IsUnknown() || queue.key.IsUnknown() {
			return false, nil
		}
	}
	logGroups := fmt.Sprintf("arn:%s:logs:%s:%s:log-group:", r.cloud.Partition, r.cloud.Region, account)
	d.permissions = d.permissionsWith(logGroups, facts, keys)
	if hidden && old != nil {
		d.permissions = d.permissions.Keep(old.policy, slices.Collect(maps.Values(old.sendTo)))
	}
	return true, nil
}

// permissionsWith returns what d may do with queues and keys as they are.
func (d *deployment) permissionsWith(logGroups string, facts map[string]queueFacts, secretKeys []string) cloud.Permissions {
	p := cloud.Permissions{
		LogGroup:    logGroups + d.function.LogGroup,
		Consume:     d.consumed(),
		Secrets:     d.secrets,
		DecryptKeys: secretKeys,
		VPC:         d.function.VPC.Is(),
		Tracing:     d.function.Tracing,
		Extra:       d.extra,
	}
	send := func(queueARN, key string) {
		p.Send = append(p.Send, queueARN)
		if cloud.IsKey(key) {
			p.EncryptKeys = append(p.EncryptKeys, key)
		}
	}
	for _, arn := range p.Consume {
		queue := facts[arn]
		if key := queue.key.ValueString(); cloud.IsKey(key) {
			p.DecryptKeys = append(p.DecryptKeys, key)
		}
		if target := queue.deadLetter.ValueString(); target != "" {
			send(target, facts[target].key.ValueString())
		}
	}
	for _, arn := range d.sendTo {
		send(arn, facts[arn].key.ValueString())
	}
	return p
}

// keysOfSecrets returns the KMS keys of secrets that have one of the account's, and whether there are secrets that the credentials may not
// look at. One that is not there has none.
func (r *functionResource) keysOfSecrets(ctx context.Context, secrets []string) (keys []string, hidden bool, err error) {
	for _, secret := range secrets {
		key, err := r.cloud.SecretKey(ctx, secret)
		switch {
		case cloud.IsNotFound(err):
		case cloud.IsDenied(err):
			hidden = true
		case err != nil:
			return nil, false, err
		case cloud.IsKey(key):
			keys = append(keys, key)
		}
	}
	return keys, hidden, nil
}

// statementsOf returns the statements of a policy document, or of a list of them.
func statementsOf(policy string) ([]json.RawMessage, error) {
	if policy == "" {
		return nil, nil
	}
	var statements []json.RawMessage
	var document struct{ Statement json.RawMessage }
	text := []byte(policy)
	if err := json.Unmarshal(text, &document); err == nil && document.Statement != nil {
		text = document.Statement
	}
	if err := json.Unmarshal(text, &statements); err != nil {
		statements = []json.RawMessage{text} // an only statement needs no list
	}
	for i, statement := range statements {
		if err := checkStatement(statement); err != nil {
			return nil, fmt.Errorf("statement %d of the policy %w", i+1, err)
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, statement); err != nil {
			return nil, fmt.Errorf("read policy: %w", err)
		}
		statements[i] = compact.Bytes()
	}
	return statements, nil
}

// checkStatement checks what IAM would refuse only when the role is made.
func checkStatement(statement json.RawMessage) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(statement, &members); err != nil {
		return errors.New("is no JSON object; write it with jsonencode, as {Effect, Action, Resource}")
	}
	has := func(names ...string) bool {
		for _, name := range names {
			if _, ok := members[name]; ok {
				return true
			}
		}
		return false
	}
	effect := string(members["Effect"])
	switch {
	case effect != `"Allow"` && effect != `"Deny"`:
		return errors.New("has no Effect, which is Allow or Deny")
	case !has("Action", "NotAction"):
		return errors.New("has no Action")
	case !has("Resource", "NotResource"):
		return errors.New("has no Resource")
	case has("Principal", "NotPrincipal"):
		return errors.New("has a Principal, but the policy of a role has none; remove it")
	}
	return nil
}
