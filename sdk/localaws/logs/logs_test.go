package logs_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// start starts a server and makes a group "g" with a stream "s".
func start(t *testing.T) *cloudwatchlogs.Client {
	t.Helper()
	client := cloudwatchlogs.NewFromConfig(localaws.Start(t).Config())
	_, err := client.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{
		LogGroupName: aws.String("g"), Tags: map[string]string{"team": "a"},
	})
	if err != nil {
		t.Fatal(err)
	}
	stream(t, client, "s")
	return client
}

func stream(t *testing.T, client *cloudwatchlogs.Client, name string) {
	t.Helper()
	_, err := client.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{
		LogGroupName: aws.String("g"), LogStreamName: aws.String(name),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// put adds one event per message, a millisecond apart from at on.
func put(t *testing.T, client *cloudwatchlogs.Client, stream string, at time.Time, messages ...string) {
	t.Helper()
	events := make([]types.InputLogEvent, len(messages))
	for i, message := range messages {
		events[i] = types.InputLogEvent{Message: aws.String(message), Timestamp: aws.Int64(at.UnixMilli() + int64(i))}
	}
	_, err := client.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{
		LogGroupName: aws.String("g"), LogStreamName: aws.String(stream), LogEvents: events,
	})
	if err != nil {
		t.Fatal(err)
	}
}

func checkCode(t *testing.T, what string, err error, want string) {
	t.Helper()
	apiErr, ok := errors.AsType[smithy.APIError](err)
	if !ok || apiErr.ErrorCode() != want {
		t.Errorf("%s: got %v, want %s", what, err, want)
	}
}

func TestGroup(t *testing.T) {
	t.Parallel()
	client, ctx := start(t), t.Context()
	_, err := client.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: aws.String("g"), RetentionInDays: aws.Int32(30)})
	if err != nil {
		t.Fatal(err)
	}
	got, err := client.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("g")})
	if err != nil || len(got.LogGroups) != 1 {
		t.Fatalf("got %v, %v", got, err)
	}
	g, arn := got.LogGroups[0], "arn:aws:logs:us-east-1:"+wire.AccountID+":log-group:g"
	if *g.Arn != arn+":*" || *g.LogGroupArn != arn || *g.RetentionInDays != 30 || *g.CreationTime == 0 {
		t.Errorf("got %s, %s, retention %d, created %d", *g.Arn, *g.LogGroupArn, *g.RetentionInDays, *g.CreationTime)
	}
	for _, resource := range []string{arn, arn + ":*"} {
		_, err = client.TagResource(ctx, &cloudwatchlogs.TagResourceInput{ResourceArn: &resource, Tags: map[string]string{"env": resource}})
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err = client.UntagResource(ctx, &cloudwatchlogs.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{"team"}})
	if err != nil {
		t.Fatal(err)
	}
	tags, err := client.ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: &arn})
	if err != nil || len(tags.Tags) != 1 || tags.Tags["env"] != arn+":*" {
		t.Errorf("got %v, %v", tags, err)
	}
	if _, err := client.DeleteRetentionPolicy(ctx, &cloudwatchlogs.DeleteRetentionPolicyInput{LogGroupName: aws.String("g")}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String("g")}); err != nil {
		t.Fatal(err)
	}
	got, err = client.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
	if err != nil || len(got.LogGroups) != 0 {
		t.Errorf("after the deletion: got %v, %v", got.LogGroups, err)
	}
}

func TestDescribeLogGroupsPages(t *testing.T) {
	t.Parallel()
	client, ctx := start(t), t.Context()
	for i := range 7 {
		name := fmt.Sprintf("/aws/lambda/Acme-%d", i)
		if _, err := client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name}); err != nil {
			t.Fatal(err)
		}
	}
	pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(client, &cloudwatchlogs.DescribeLogGroupsInput{
		LogGroupNamePattern: aws.String("acme"), Limit: aws.Int32(3),
	})
	var names []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range page.LogGroups {
			names = append(names, *g.LogGroupName)
		}
	}
	if len(names) != 7 || names[0] != "/aws/lambda/Acme-0" || names[6] != "/aws/lambda/Acme-6" {
		t.Errorf("got %v", names)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	client, ctx := start(t), t.Context()
	g, s, absent, now := aws.String("g"), aws.String("s"), aws.String("absent"), aws.Int64(time.Now().UnixMilli())
	put := func(group, stream *string, events ...types.InputLogEvent) error {
		_, err := client.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: group, LogStreamName: stream, LogEvents: events})
		return err
	}
	event := types.InputLogEvent{Message: aws.String("m"), Timestamp: now}
	earlier := types.InputLogEvent{Message: aws.String("m"), Timestamp: aws.Int64(*now - 1)}
	for name, test := range map[string]struct {
		call func() error
		code string
	}{
		"group exists": {func() error {
			_, err := client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: g})
			return err
		}, "ResourceAlreadyExistsException"},
		"group name": {func() error {
			_, err := client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("a b")})
			return err
		}, "InvalidParameterException"},
		"no group to delete": {func() error {
			_, err := client.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: absent})
			return err
		}, "ResourceNotFoundException"},
		"retention": {func() error {
			_, err := client.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: g, RetentionInDays: aws.Int32(2)})
			return err
		}, "InvalidParameterException"},
		"stream exists": {func() error {
			_, err := client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: g, LogStreamName: s})
			return err
		}, "ResourceAlreadyExistsException"},
		"stream name": {func() error {
			_, err := client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: g, LogStreamName: aws.String("a:b")})
			return err
		}, "InvalidParameterException"},
		"no stream to delete": {func() error {
			_, err := client.DeleteLogStream(ctx, &cloudwatchlogs.DeleteLogStreamInput{LogGroupName: g, LogStreamName: absent})
			return err
		}, "ResourceNotFoundException"},
		"put: no group":  {func() error { return put(absent, s, event) }, "ResourceNotFoundException"},
		"put: no stream": {func() error { return put(g, absent, event) }, "ResourceNotFoundException"},
		"put: no events": {func() error { return put(g, s, []types.InputLogEvent{}...) }, "InvalidParameterException"},
		"put: order":     {func() error { return put(g, s, event, earlier) }, "InvalidParameterException"},
		"put: empty": {func() error {
			return put(g, s, types.InputLogEvent{Message: aws.String(""), Timestamp: now})
		}, "InvalidParameterException"},
		"get: no stream": {func() error {
			_, err := client.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{LogGroupName: g, LogStreamName: absent})
			return err
		}, "ResourceNotFoundException"},
		"get: token": {func() error {
			_, err := client.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{LogGroupName: g, LogStreamName: s, NextToken: absent})
			return err
		}, "InvalidParameterException"},
		"filter: no stream": {func() error {
			_, err := client.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: g, LogStreamNames: []string{"absent"}})
			return err
		}, "ResourceNotFoundException"},
		"filter: pattern": {func() error {
			_, err := client.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: g, FilterPattern: aws.String("{")})
			return err
		}, "InvalidParameterException"},
		"streams: prefix by time": {func() error {
			_, err := client.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{
				LogGroupName: g, LogStreamNamePrefix: s, OrderBy: types.OrderByLastEventTime,
			})
			return err
		}, "InvalidParameterException"},
	} {
		checkCode(t, name, test.call(), test.code)
	}
}

func TestGetLogEventsGoesBothWays(t *testing.T) {
	t.Parallel()
	client, ctx := start(t), t.Context()
	put(t, client, "s", time.Now(), "0", "1", "2", "3", "4")
	get := func(token *string, fromHead bool) (string, *cloudwatchlogs.GetLogEventsOutput) {
		t.Helper()
		out, err := client.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{
			LogGroupName: aws.String("g"), LogStreamName: aws.String("s"), NextToken: token, StartFromHead: &fromHead, Limit: aws.Int32(2),
		})
		if err != nil {
			t.Fatal(err)
		}
		var text string
		for _, e := range out.Events {
			text += *e.Message
		}
		return text, out
	}
	check := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	newest, out := get(nil, false)
	check("newest", newest, "34")
	older, out2 := get(out.NextBackwardToken, false)
	check("older", older, "12")
	again, _ := get(out2.NextForwardToken, false)
	check("back again", again, "34")
	oldest, out := get(nil, true)
	check("oldest", oldest, "01")
	_, out = get(out.NextForwardToken, true)
	last, out := get(out.NextForwardToken, true)
	check("last", last, "4")
	none, end := get(out.NextForwardToken, true)
	check("after the last", none, "")
	check("the token at the end", *end.NextForwardToken, *out.NextForwardToken)
	put(t, client, "s", time.Now().Add(time.Second), "5")
	more, _ := get(end.NextForwardToken, true)
	check("what came since", more, "5")
}

func TestFilterLogEventsAcrossStreams(t *testing.T) {
	t.Parallel()
	client, ctx := start(t), t.Context()
	stream(t, client, "t")
	at := time.Now().Add(-time.Minute).Truncate(time.Second)
	put(t, client, "s", at, "s0 ERROR", "s1", "s2 ERROR")
	put(t, client, "t", at.Add(time.Millisecond), "t1 ERROR", "t2 ERROR")
	filter := func(in cloudwatchlogs.FilterLogEventsInput) (messages []string) {
		t.Helper()
		in.LogGroupName = aws.String("g")
		pages := cloudwatchlogs.NewFilterLogEventsPaginator(client, &in)
		ids := map[string]bool{}
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page.Events {
				messages, ids[*e.EventId] = append(messages, *e.LogStreamName+":"+*e.Message), true
			}
		}
		if len(ids) != len(messages) {
			t.Errorf("%d events have %d IDs", len(messages), len(ids))
		}
		return messages
	}
	for name, test := range map[string]struct {
		in   cloudwatchlogs.FilterLogEventsInput
		want []string
	}{
		"all":     {cloudwatchlogs.FilterLogEventsInput{}, []string{"s:s0 ERROR", "s:s1", "t:t1 ERROR", "s:s2 ERROR", "t:t2 ERROR"}},
		"paged":   {cloudwatchlogs.FilterLogEventsInput{Limit: aws.Int32(2)}, []string{"s:s0 ERROR", "s:s1", "t:t1 ERROR", "s:s2 ERROR", "t:t2 ERROR"}},
		"streams": {cloudwatchlogs.FilterLogEventsInput{LogStreamNames: []string{"t"}}, []string{"t:t1 ERROR", "t:t2 ERROR"}},
		"prefix":  {cloudwatchlogs.FilterLogEventsInput{LogStreamNamePrefix: aws.String("s")}, []string{"s:s0 ERROR", "s:s1", "s:s2 ERROR"}},
		"pattern": {cloudwatchlogs.FilterLogEventsInput{FilterPattern: aws.String("ERROR -t1"), Limit: aws.Int32(1)},
			[]string{"s:s0 ERROR", "s:s2 ERROR", "t:t2 ERROR"}},
		"time": {cloudwatchlogs.FilterLogEventsInput{
			StartTime: aws.Int64(at.UnixMilli() + 1), EndTime: aws.Int64(at.UnixMilli() + 1),
		}, []string{"s:s1", "t:t1 ERROR"}},
	} {
		if got := filter(test.in); fmt.Sprint(got) != fmt.Sprint(test.want) {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}

func TestPutLogEventsRejectsByTime(t *testing.T) {
	t.Parallel()
	client, now := start(t), time.Now()
	event := func(at time.Time) types.InputLogEvent {
		return types.InputLogEvent{Message: aws.String("m"), Timestamp: aws.Int64(at.UnixMilli())}
	}
	send := func(events ...types.InputLogEvent) *types.RejectedLogEventsInfo {
		t.Helper()
		out, err := client.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{
			LogGroupName: aws.String("g"), LogStreamName: aws.String("s"), LogEvents: events,
		})
		if err != nil {
			t.Fatal(err)
		}
		return out.RejectedLogEventsInfo
	}
	if got := send(event(now)); got != nil {
		t.Errorf("now: got %+v", got)
	}
	if got := send(event(now), event(now.Add(3*time.Hour))); got == nil || *got.TooNewLogEventStartIndex != 1 {
		t.Errorf("too new: got %+v", got)
	}
	old := now.Add(-14 * 24 * time.Hour)
	if got := send(event(old.Add(-time.Hour)), event(old.Add(time.Hour))); got == nil || *got.TooOldLogEventEndIndex != 1 {
		t.Errorf("too old: got %+v", got)
	}
}

func TestDescribeLogStreamsOrders(t *testing.T) {
	t.Parallel()
	client := start(t)
	stream(t, client, "a")
	stream(t, client, "b")
	now := time.Now()
	put(t, client, "a", now, "m")
	put(t, client, "s", now.Add(time.Second), "m")
	for name, test := range map[string]struct {
		in   cloudwatchlogs.DescribeLogStreamsInput
		want string
	}{
		"by name":           {cloudwatchlogs.DescribeLogStreamsInput{}, "[a b s]"},
		"by name, backward": {cloudwatchlogs.DescribeLogStreamsInput{Descending: aws.Bool(true), Limit: aws.Int32(2)}, "[s b a]"},
		"prefix":            {cloudwatchlogs.DescribeLogStreamsInput{LogStreamNamePrefix: aws.String("s")}, "[s]"},
		"newest first": {cloudwatchlogs.DescribeLogStreamsInput{
			OrderBy: types.OrderByLastEventTime, Descending: aws.Bool(true), Limit: aws.Int32(1),
		}, "[s a b]"},
	} {
		test.in.LogGroupName = aws.String("g")
		var names []string
		for pages := cloudwatchlogs.NewDescribeLogStreamsPaginator(client, &test.in); pages.HasMorePages(); {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range page.LogStreams {
				names = append(names, *s.LogStreamName)
			}
		}
		if fmt.Sprint(names) != test.want {
			t.Errorf("%s: got %v, want %s", name, names, test.want)
		}
	}
}
