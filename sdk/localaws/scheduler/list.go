package scheduler

import (
	"context"
	"strings"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// maxPage is how many schedules or groups are listed at once.
const maxPage = 100

// ListInput asks for one page of schedules or groups. MaxResults is 1 to 100, by default 100.
type ListInput struct {
	GroupName  string
	NamePrefix string
	State      string
	NextToken  string
	MaxResults int
}

// ScheduleSummary is a schedule as lists show it.
type ScheduleSummary struct {
	Arn, Name, GroupName, State        string
	CreationDate, LastModificationDate wire.Epoch
	Target                             struct{ Arn string }
}

// ListSchedulesOutput is one page of schedules.
type ListSchedulesOutput struct {
	Schedules []ScheduleSummary
	NextToken string `json:",omitempty"`
}

// ListSchedules lists the schedules of the call's region by name.
func (s *Service) ListSchedules(ctx context.Context, in ListInput) (*ListSchedulesOutput, error) {
	if in.GroupName != "" {
		if err := checkGroup(in.GroupName); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	prefix := wire.ARN(ctx, "scheduler", "schedule/"+defaultGroup+"/"+in.NamePrefix)
	summaries := []ScheduleSummary{}
	for arn, one := range s.schedules {
		if strings.HasPrefix(arn, prefix) && (in.State == "" || in.State == one.State) {
			summary := ScheduleSummary{
				Arn: arn, Name: one.Name, GroupName: one.GroupName, State: one.State,
				CreationDate: one.CreationDate, LastModificationDate: one.LastModificationDate,
			}
			summary.Target.Arn = one.Target.Arn
			summaries = append(summaries, summary)
		}
	}
	page, next, err := wire.Page(summaries, func(s ScheduleSummary) string { return s.Name }, in.NextToken, in.MaxResults, "ValidationException")
	if err != nil {
		return nil, err
	}
	return &ListSchedulesOutput{page, next}, nil
}
