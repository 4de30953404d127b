package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

// fifoSuffix ends the names of FIFO queues, and only theirs.
const fifoSuffix = ".fifo"

type queueModel struct {
	Name                      types.String `tfsdk:"name"`
	FunctionTimeout           types.Int32  `tfsdk:"function_timeout"`
	VisibilityTimeout         types.Int32  `tfsdk:"visibility_timeout"`
	MessageRetention          types.Int32  `tfsdk:"message_retention"`
	MaxMessageSize            types.Int32  `tfsdk:"max_message_size"`
	Delay                     types.Int32  `tfsdk:"delay"`
	ReceiveWaitTime           types.Int32  `tfsdk:"receive_wait_time"`
	KMSKeyARN                 types.String `tfsdk:"kms_key_arn"`
	Policy                    types.String `tfsdk:"policy"`
	ContentBasedDeduplication types.Bool   `tfsdk:"content_based_deduplication"`
	HighThroughput            types.Bool   `tfsdk:"high_throughput"`
	DeadLetter                types.Object `tfsdk:"dead_letter"`
	ForceDestroy              types.Bool   `tfsdk:"force_destroy"`
	Tags                      types.Map    `tfsdk:"tags"`
	TagsAll                   types.Map    `tfsdk:"tags_all"`
	ARN                       types.String `tfsdk:"arn"`
	URL                       types.String `tfsdk:"url"`
	DeadLetterARN             types.String `tfsdk:"dead_letter_arn"`
	DeadLetterURL             types.String `tfsdk:"dead_letter_url"`
}

type deadLetterModel struct {
	Enabled          types.Bool  `tfsdk:"enabled"`
	MaxReceiveCount  types.Int32 `tfsdk:"max_receive_count"`
	MessageRetention types.Int32 `tfsdk:"message_retention"`
}

const (
	defaultMaxReceiveCount     = 5       // throttled receives count too, so fewer lose messages that were never handled
	defaultDeadLetterRetention = 1209600 // 14 days, the longest that SQS allows
)

var deadLetterTypes = map[string]attr.Type{
	"enabled":           types.BoolType,
	"max_receive_count": types.Int32Type,
	"message_retention": types.Int32Type,
}

func (d deadLetterModel) object() types.Object {
	return types.ObjectValueMust(deadLetterTypes, map[string]attr.Value{
		"enabled":           d.Enabled,
		"max_receive_count": d.MaxReceiveCount,
		"message_retention": d.MessageRetention,
	})
}

func defaultDeadLetter() deadLetterModel {
	return deadLetterModel{
		Enabled:          types.BoolValue(true),
		MaxReceiveCount:  types.Int32Value(defaultMaxReceiveCount),
		MessageRetention: types.Int32Value(defaultDeadLetterRetention),
	}
}

// deadLetter returns the dead-letter settings; the defaults if there are none yet, as during an import.
func (m *queueModel) deadLetter(ctx context.Context, diags *diag.Diagnostics) deadLetterModel {
	settings := defaultDeadLetter()
	if !m.DeadLetter.IsNull() && !m.DeadLetter.IsUnknown() {
		diags.Append(m.DeadLetter.As(ctx, &settings, basetypes.ObjectAsOptions{})...)
	}
	return settings
}

func (m *queueModel) isFIFO() bool { return strings.HasSuffix(m.Name.ValueString(), fifoSuffix) }

// deadLetterName returns the name of a queue's dead-letter queue.
func deadLetterName(name string) string {
	if base, ok := strings.CutSuffix(name, fifoSuffix); ok {
		return base + "-dlq" + fifoSuffix
	}
	return name + "-dlq"
}

// isOwnDeadLetter reports whether the queue's dead letters go where this resource puts them. Another dead-letter queue, which other queues
// may share, is none of this resource's: it would be deleted with the queue.
func isOwnDeadLetter(targetARN, queueARN string) bool {
	return targetARN != "" && targetARN == deadLetterName(queueARN)
}

func (m *queueModel) setURL(url, arn string) {
	m.URL, m.ARN = types.StringValue(url), types.StringValue(arn)
}

func (m *queueModel) setDeadLetterURL(url, arn string) {
	m.DeadLetterURL, m.DeadLetterARN = textOrNull(url), textOrNull(arn)
}

// attributes returns the queue as SQS's attributes. An empty one is what clears it.
func (m *queueModel) attributes(deadLetter deadLetterModel) map[string]string {
	attributes := map[string]string{
		cloud.AttributeVisibilityTimeout: number(m.VisibilityTimeout),
		cloud.AttributeRetention:         number(m.MessageRetention),
		cloud.AttributeMaxMessageSize:    number(m.MaxMessageSize),
		cloud.AttributeDelay:             number(m.Delay),
		cloud.AttributeReceiveWaitTime:   number(m.ReceiveWaitTime),
		cloud.AttributeRedrivePolicy:     "",
		cloud.AttributePolicy:            m.Policy.ValueString(),
	}
	m.encrypt(attributes)
	if m.isFIFO() {
		attributes[cloud.AttributeFIFO] = "true"
		attributes[cloud.AttributeDeduplication] = strconv.FormatBool(m.ContentBasedDeduplication.ValueBool())
		attributes[cloud.AttributeDeduplicateBy], attributes[cloud.AttributeThroughputLimit] = "queue", "perQueue"
		if m.HighThroughput.ValueBool() {
			attributes[cloud.AttributeDeduplicateBy], attributes[cloud.AttributeThroughputLimit] = "messageGroup", "perMessageGroupId"
		}
	}
	if deadLetter.Enabled.ValueBool() {
		attributes[cloud.AttributeRedrivePolicy] = fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`,
			m.DeadLetterARN.ValueString(), deadLetter.MaxReceiveCount.ValueInt32())
	}
	return attributes
}

// encrypt sets which key encrypts the messages. SQS is told to use its own, as a queue that only loses its key may be left without any.
func (m *queueModel) encrypt(attributes map[string]string) {
	attributes[cloud.AttributeKMSKey] = m.KMSKeyARN.ValueString()
	if m.KMSKeyARN.ValueString() == "" {
		attributes[cloud.AttributeOwnEncryption] = strconv.FormatBool(m.KMSKeyARN.IsNull()) // without any, it is only read
	}
}

// deadLetterAttributes returns the dead-letter queue as SQS's attributes. Messages may be as large as in the queue itself.
func (m *queueModel) deadLetterAttributes(deadLetter deadLetterModel) map[string]string {
	attributes := map[string]string{
		cloud.AttributeRetention:      number(deadLetter.MessageRetention),
		cloud.AttributeMaxMessageSize: number(m.MaxMessageSize),
	}
	m.encrypt(attributes)
	if m.isFIFO() {
		attributes[cloud.AttributeFIFO] = "true"
	}
	return attributes
}

// read takes over what AWS says.
func (m *queueModel) read(ctx context.Context, found foundQueue, diags *diag.Diagnostics) {
	attributes := found.attributes
	arn := attributes[cloud.AttributeARN]
	m.ARN = types.StringValue(arn)
	m.Name = types.StringValue(arn[strings.LastIndexByte(arn, ':')+1:])
	m.VisibilityTimeout = readNumber(attributes[cloud.AttributeVisibilityTimeout])
	m.MessageRetention = readNumber(attributes[cloud.AttributeRetention])
	m.MaxMessageSize = readNumber(attributes[cloud.AttributeMaxMessageSize])
	m.Delay = readNumber(attributes[cloud.AttributeDelay])
	m.ReceiveWaitTime = readNumber(attributes[cloud.AttributeReceiveWaitTime])
	if !cloud.SamePolicy(m.Policy.ValueString(), attributes[cloud.AttributePolicy]) {
		m.Policy = textOrNull(attributes[cloud.AttributePolicy])
	}
	m.ContentBasedDeduplication = types.BoolValue(attributes[cloud.AttributeDeduplication] == "true")
	m.HighThroughput = types.BoolValue(attributes[cloud.AttributeThroughputLimit] == "perMessageGroupId")
	m.ForceDestroy = types.BoolValue(m.ForceDestroy.ValueBool())
	m.TagsAll = textMapOrNull(found.tags)

	deadLetter := m.deadLetter(ctx, diags)
	deadLetter.Enabled = types.BoolValue(found.redrives && found.deadLetterURL != "")
	if deadLetter.Enabled.ValueBool() {
		deadLetter.MaxReceiveCount = types.Int32Value(redriveOf(attributes).MaxReceiveCount)
		deadLetter.MessageRetention = readNumber(found.deadLetterAttributes[cloud.AttributeRetention])
	}
	m.DeadLetter = deadLetter.object()
	m.setDeadLetterURL(found.deadLetterURL, found.deadLetterAttributes[cloud.AttributeARN])
	m.readEncryption(found)
}

// readEncryption takes over which key encrypts the messages or, if that is as expected, the dead ones: one attribute stands for both.
func (m *queueModel) readEncryption(found foundQueue) {
	expected := m.KMSKeyARN
	m.KMSKeyARN = encryptionOf(found.attributes)
	if m.KMSKeyARN.Equal(expected) && found.deadLetterURL != "" {
		m.KMSKeyARN = encryptionOf(found.deadLetterAttributes)
	}
}

// encryptionOf returns the key that encrypts a queue: null if that is SQS's own, empty if none does.
func encryptionOf(attributes map[string]string) types.String {
	key := attributes[cloud.AttributeKMSKey]
	if key == "" && attributes[cloud.AttributeOwnEncryption] == "false" {
		return types.StringValue("")
	}
	return textOrNull(key)
}

// redrive is SQS's redrive policy.
type redrive struct {
	Target          string `json:"deadLetterTargetArn"`
	MaxReceiveCount int32  `json:"maxReceiveCount"`
}

// redriveOf returns the redrive policy among a queue's attributes; a zero one if there is none.
func redriveOf(attributes map[string]string) redrive {
	var policy redrive
	if err := json.Unmarshal([]byte(attributes[cloud.AttributeRedrivePolicy]), &policy); err != nil {
		return redrive{}
	}
	return policy
}

// deadLetters returns the dead-letter settings of two models.
func deadLetters(ctx context.Context, state, plan *queueModel) (before, after deadLetterModel, err error) {
	var diags diag.Diagnostics
	before, after = state.deadLetter(ctx, &diags), plan.deadLetter(ctx, &diags)
	return before, after, diagError(diags)
}

// changed returns the entries of after that before lacks or has differently.
func changed(before, after map[string]string) map[string]string {
	differing := map[string]string{}
	for key, value := range after {
		if before[key] != value {
			differing[key] = value
		}
	}
	return differing
}

func number(value types.Int32) string { return strconv.Itoa(int(value.ValueInt32())) }

func readNumber(text string) types.Int32 {
	value, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return types.Int32Null()
	}
	return types.Int32Value(int32(value))
}
