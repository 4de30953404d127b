package provider

import (
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
	mappings  []cloud.Mapping
	lostRole  bool // whether the role that the provider made is gone, or its policy
	lostImage bool // whether the image that was built for it is gone from its repository
}

// find reads a function and, at the same time, its mappings and whether its role and the image that was built for it are there.
func (r *functionResource) find(ctx context.Context, state *functionModel) (foundFunction, error) {
	name := state.Name.ValueString()
	var found foundFunction
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		found.Function, err = r.cloud.FindFunction(groupCtx, name)
		return err
	})
	group.Go(func() (err error) {
		found.mappings, err = r.cloud.FindMappings(groupCtx, name)
		return err
	})
	if r.ownsRole(state) {
		group.Go(func() error {
			has, err := r.cloud.HasPermissions(groupCtx, roleName(name, r.cloud.Region))
			if cloud.IsDenied(err) {
				return nil // who may not look takes it for granted
			}
			found.lostRole = err == nil && !has
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

// read takes over what AWS says. Environment variables that nobody here set are left alone. A lost role is none, so that the next apply
// makes it again; a lost image, or another one, has no fingerprint.
func (r *functionResource) read(ctx context.Context, m *functionModel, f foundFunction, diags *diag.Diagnostics) {
	imported := m.ImageURI.IsNull()
	if imported || m.ImageDigest.ValueString() != f.ImageDigest {
		m.ImageURI, m.ImageDigest = types.StringValue(f.ImageURI), types.StringValue(f.ImageDigest)
		m.Fingerprint = types.StringNull()
	}
	if f.lostImage {
		m.Fingerprint = types.StringNull()
		warnOfLostImage(diags, m.ImageURI)
	}
	m.ARN = types.StringValue(f.ARN)
	m.RoleARN = types.StringValue(f.RoleARN)
	if f.lostRole {
		m.RoleARN = types.StringNull()
	}
	m.MemorySize = types.Int32Value(f.MemorySize)
	m.Timeout = types.Int32Value(f.Timeout)
	m.Architecture = types.StringValue(f.Architecture)
	m.ReservedConcurrency = types.Int32PointerValue(f.Reserved)
	m.LogGroupName = types.StringValue(f.LogGroup)
	m.TagsAll = textMapOrNull(withoutReserved(f.Tags))
	if imported {
		m.Tags = r.ownTags(withoutReserved(f.Tags))
	}
	log := m.log(ctx, diags)
	log.Format = types.StringValue(f.LogFormat)
	if f.LogFormat == "JSON" {
		log.Level = textOrNull(f.LogLevel)
	}
	m.Log = log.object()
	r.readEnvironment(m, f.Environment, imported)
	m.readMappings(ctx, f.mappings, diags)
}

func (r *functionResource) readEnvironment(m *functionModel, remote map[string]string, imported bool) {
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
		sendTo[label] = r.cloud.QueueARN(url)
	}
	if len(sendTo) != 0 || len(m.SendTo.Elements()) != 0 {
		m.SendTo = textMapOrNull(sendTo)
	}
	m.readUserEnvironment(remote, imported)
}

// readUserEnvironment takes over the variables that the user set; all if the function is being imported. A variable that is null is
// not set, and stays null.
func (m *functionModel) readUserEnvironment(remote map[string]string, imported bool) {
	environment, own := map[string]attr.Value{}, m.Environment.Elements()
	for name, value := range own {
		if value.IsNull() {
			environment[name] = value
		}
	}
	for name, value := range remote {
		if _, ours := own[name]; ours || imported && !isOwnVariable(name) {
			environment[name] = types.StringValue(value)
		}
	}
	switch {
	case len(environment) > 0:
		m.Environment = types.MapValueMust(types.StringType, environment)
	case len(own) > 0:
		m.Environment = types.MapNull(types.StringType)
	}
}

func isOwnVariable(name string) bool {
	return name == envHandler || name == envReset || name == envQueues || name == envSecrets
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
		if !mapping.ReportsFailures {
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
