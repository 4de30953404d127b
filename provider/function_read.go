package provider

import (
	"cmp"
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"golang.org/x/sync/errgroup"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

// foundFunction is what AWS says about a function.
type foundFunction struct {
	*cloud.Function
	mappings   []cloud.Mapping
	rolePolicy string      // of the role that the provider made; as in the state if it may not be read
	lostRole   bool        // whether that role is gone, or its policy
	lostImage  bool        // whether the image that was built for it is gone from its repository
	recursion  string      // empty if it was not asked for
	retention  types.Int32 // of its log group, in days; null if that is gone
}

// mappingsFinder finds the mappings of a function: [cloud.Cloud.SeenMappings], or [cloud.Cloud.FindMappings] where this run has changed them.
type mappingsFinder func(ctx context.Context, function string) ([]cloud.Mapping, error)

// find reads a function and, at the same time, its mappings and whether its role and the image that was built for it are there.
func (r *functionResource) find(ctx context.Context, state *functionModel, findMappings mappingsFinder) (foundFunction, error) {
	name := state.Name.ValueString()
	var found foundFunction
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		found.Function, err = r.cloud.FindSettledFunction(groupCtx, name)
		return err
	})
	group.Go(func() (err error) {
		found.mappings, err = findMappings(groupCtx, name)
		return err
	})
	if r.ownsRole(state) {
		group.Go(func() error {
			return r.findPolicy(groupCtx, state, &found)
		})
	}
	group.Go(func() error {
		return r.findRetention(groupCtx, state, &found)
	})
	if state.RecursiveLoop.ValueString() != recursionTerminate {
		group.Go(func() (err error) {
			found.recursion, err = r.cloud.RecursiveLoop(groupCtx, name)
			return err
		})
	}
	if !state.Source.IsNull() {
		group.Go(func() error {
			has, err := r.hasBuiltImage(groupCtx, state)
			found.lostImage = err == nil && !has
			return err
		})
	}
	err := group.Wait()
	return found, err
}

// findRetention reads for how long the function's own log group retains logs; who may not look takes it for granted.
func (r *functionResource) findRetention(ctx context.Context, state *functionModel, found *foundFunction) error {
	var diags diag.Diagnostics
	before := state.log(ctx, &diags)
	if imported := state.ImageURI.IsNull(); imported || diags.HasError() {
		return diagError(diags)
	}
	days, err := r.cloud.SeenRetention(ctx, state.logGroup(before))
	switch {
	case err == nil:
		found.retention = types.Int32Value(days)
	case cloud.IsDenied(err):
		found.retention = before.Retention
	}
	return ignoreDenied(ignoreNotFound(err))
}

// findPolicy reads what the role may do that the provider made.
func (r *functionResource) findPolicy(ctx context.Context, state *functionModel, found *foundFunction) error {
	policy, err := r.cloud.Policy(ctx, roleName(state.Name.ValueString(), r.cloud.Region))
	if cloud.IsDenied(err) {
		found.rolePolicy = state.RolePolicy.ValueString() // who may not look takes it for granted
		return nil
	}
	found.rolePolicy, found.lostRole = policy, cloud.IsNotFound(err)
	return ignoreNotFound(err)
}

// read takes over what AWS says. A lost role is none, so that the next apply makes it again; a lost image, or another one, has no
// fingerprint. Of an update that failed, or may still fail, AWS says what it wanted: the function goes on as it was, and the next apply tries again.
func (r *functionResource) read(ctx context.Context, m *functionModel, f foundFunction, diags *diag.Diagnostics) {
	imported := m.ImageURI.IsNull()
	if imported || !f.Updating && !f.Failed {
		r.readConfiguration(ctx, m, f, diags)
	}
	if !imported {
		m.readRetention(ctx, f, diags)
	}
	if f.lostImage {
		m.Fingerprint = types.StringNull()
		warnOfLostImage(diags, m.ImageURI)
	}
	m.ARN = types.StringValue(f.ARN)
	if f.lostRole {
		m.RoleARN = types.StringNull()
	}
	if !cloud.SamePolicy(m.RolePolicy.ValueString(), f.rolePolicy) {
		m.RolePolicy = textOrNull(f.rolePolicy)
	}
	if f.recursion != "" {
		m.RecursiveLoop = types.StringValue(f.recursion)
	}
	m.EnvironmentMode = types.StringValue(orDefault(m.EnvironmentMode, environmentReplace))
	m.Version = types.StringValue(f.Version)
	if f.Failed || !f.Hidden && isJunk(f.Environment) { // even if nothing else is to be updated: it may run a part of what it was to be updated to
		m.Version = types.StringNull()
	}
	m.ReservedConcurrency = types.Int32PointerValue(f.Reserved)
	m.TagsAll = textMapOrNull(r.withoutIgnored(f.Tags))
	if imported {
		m.Tags = r.ownTags(r.withoutIgnored(f.Tags))
	}
	m.readMappings(ctx, f.mappings, diags)
}

// readConfiguration takes over the image and what else Lambda changes in updates that may fail later.
func (r *functionResource) readConfiguration(ctx context.Context, m *functionModel, f foundFunction, diags *diag.Diagnostics) {
	imported := m.ImageURI.IsNull()
	if imported || m.ImageDigest.ValueString() != f.ImageDigest {
		m.ImageURI, m.ImageDigest = types.StringValue(f.ImageURI), types.StringValue(f.ImageDigest)
		m.Fingerprint = types.StringNull()
	}
	m.RoleARN = types.StringValue(f.RoleARN)
	m.KMSKeyARN = textOrNull(f.KMSKeyARN)
	m.EphemeralStorage = types.Int32Value(f.EphemeralStorage)
	m.Tracing = types.BoolValue(f.Tracing)
	m.VPC = vpcObject(f.VPC)
	m.MemorySize = types.Int32Value(f.MemorySize)
	m.Timeout = types.Int32Value(f.Timeout)
	m.Architecture = types.StringValue(f.Architecture)
	m.LogGroupName = types.StringValue(f.LogGroup)
	log := m.log(ctx, diags)
	log.Format = types.StringValue(f.LogFormat)
	if f.LogFormat == "JSON" {
		log.Level = textOrNull(f.LogLevel)
	}
	if imported && f.LogGroup != m.logGroup(log) {
		log.Group = types.StringValue(f.LogGroup)
	}
	m.Log = log.object()
	if !f.Hidden {
		r.readEnvironment(m, f.Environment)
	}
}

// readRetention takes over for how long logs are retained. A log group that is gone has no name, so that the next apply makes it again.
func (m *functionModel) readRetention(ctx context.Context, f foundFunction, diags *diag.Diagnostics) {
	if f.retention.IsNull() {
		m.LogGroupName = types.StringNull()
		return
	}
	log := m.log(ctx, diags)
	log.Retention = f.retention
	m.Log = log.object()
}

// isJunk reports whether somebody wrote into the variables of attributes what no attribute comes to, so that they do not tell it.
func isJunk(remote map[string]string) bool {
	for name := range ownVariables {
		if value, ok := remote[name]; ok && value == "" {
			return true
		}
	}
	queues := remote[envQueues]
	return joinQueues(splitQueues(queues)) != queues
}

func (r *functionResource) readEnvironment(m *functionModel, remote map[string]string) {
	m.Handler = types.StringValue(remote[envHandler])
	m.Reset = textOrNull(remote[envReset])
	var secrets []string
	if keys := remote[envSecrets]; keys != "" {
		secrets = strings.Split(keys, ",")
	}
	if len(secrets) != 0 || len(m.Secrets.Elements()) != 0 {
		m.Secrets = textListOrNull(secrets)
	}
	sendTo := map[string]string{}
	for label, url := range splitQueues(remote[envQueues]) {
		sendTo[label] = cmp.Or(r.cloud.QueueARN(url), url) // what somebody wrote there that is no queue is shown as it is
	}
	if len(sendTo) != 0 || len(m.SendTo.Elements()) != 0 {
		m.SendTo = textMapOrNull(sendTo)
	}
	m.readUserEnvironment(remote)
}

// readMappings takes over the mappings. A mapping is known by its queue; one that nobody here made is labeled with the queue's name.
// One that does not report batch item failures counts as missing, so that the next apply brings it into shape: without that,
// messages that a handler failed on are deleted.
func (m *functionModel) readMappings(ctx context.Context, mappings []cloud.Mapping, diags *diag.Diagnostics) {
	labels := map[string]string{}
	filters := map[string]types.List{}
	for label, queue := range m.queues(ctx, diags) {
		labels[queue.ARN.ValueString()] = label
		filters[label] = queue.Filters
	}
	queues, uuids := map[string]functionQueueModel{}, map[string]attr.Value{}
	for _, mapping := range mappings {
		if !mapping.ReportsFailures || !strings.Contains(mapping.QueueARN, ":sqs:") { // streams are somebody else's
			continue
		}
		label, ok := labels[mapping.QueueARN]
		if !ok {
			label = mapping.QueueARN[strings.LastIndexByte(mapping.QueueARN, ':')+1:]
		}
		queue := functionQueueModel{
			ARN:                types.StringValue(mapping.QueueARN),
			BatchSize:          types.Int32Value(mapping.BatchSize),
			BatchingWindow:     types.Int32Value(mapping.BatchingWindow),
			MaximumConcurrency: types.Int32PointerValue(mapping.MaximumConcurrency),
			Enabled:            types.BoolValue(mapping.Enabled),
			Filters:            textListOrNull(mapping.Filters),
			ProvisionedPollers: pollersObject(mapping.Pollers),
		}
		if before, ok := filters[label]; ok && !before.IsNull() && len(before.Elements()) == 0 && len(mapping.Filters) == 0 {
			queue.Filters = before // an empty list stays what it is
		}
		queues[label] = queue
		uuids[label] = types.StringValue(mapping.UUID)
	}
	m.setQueues(queues)
	m.Mappings = types.MapValueMust(types.StringType, uuids)
}
