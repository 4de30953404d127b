package scheduler

import (
	"cmp"
	"context"
	"reflect"
	"strings"
	"time"

	"github.com/lambda-land/terraform-provider-handler/sdk/expression"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// Schedule is a schedule as the API answers with it.
type Schedule struct {
	Settings

	Arn                  string
	Name                 string
	GroupName            string
	CreationDate         wire.Epoch
	LastModificationDate wire.Epoch
}

type schedule struct {
	Schedule

	expression expression.Expression
	begin      time.Time // what a rate counts from
	stop       context.CancelFunc
}

// ScheduleInput is the input of CreateSchedule and UpdateSchedule.
type ScheduleInput struct {
	Settings

	Name        string `json:"-"`
	GroupName   string
	ClientToken string
}

// NameInput names a schedule or a group.
type NameInput struct {
	Name        string
	GroupName   string
	ClientToken string
}

// ScheduleOutput answers that a schedule was created or updated.
type ScheduleOutput struct{ ScheduleArn string }

// CreateSchedule makes a schedule, which fires from now on.
func (s *Service) CreateSchedule(ctx context.Context, in ScheduleInput) (*ScheduleOutput, error) {
	return s.put(ctx, "CreateSchedule", in, func(old *schedule) error {
		if old != nil {
			return conflict("Schedule %s already exists.", in.Name)
		}
		return nil
	})
}

// UpdateSchedule replaces all settings of a schedule. What is not given becomes the default.
func (s *Service) UpdateSchedule(ctx context.Context, in ScheduleInput) (*ScheduleOutput, error) {
	return s.put(ctx, "UpdateSchedule", in, func(old *schedule) error {
		if old == nil {
			return notFound("Schedule %s does not exist.", in.Name)
		}
		return nil
	})
}

// put creates or updates a schedule unless refuse has an objection to what there is.
func (s *Service) put(ctx context.Context, operation string, in ScheduleInput, refuse func(*schedule) error) (*ScheduleOutput, error) {
	in.setDefaults()
	parsed, err := in.validate(time.Now())
	if err != nil {
		return nil, err
	}
	arn, err := scheduleARN(ctx, in.Name, in.GroupName)
	if err != nil {
		return nil, err
	}
	if err := s.roles.AssumableByScheduler(in.Target.RoleArn, groupOf(arn)); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	repeated, err := s.repeatedLocked(ctx, operation, in.ClientToken, in)
	if repeated || err != nil {
		return &ScheduleOutput{arn}, err
	}
	old := s.schedules[arn]
	if err := refuse(old); err != nil {
		return nil, err
	}
	s.rememberLocked(ctx, operation, in.ClientToken, in)
	now := time.Now()
	made := &schedule{expression: parsed, begin: now, Schedule: Schedule{
		Settings: in.Settings, Arn: arn, Name: in.Name, GroupName: in.GroupName,
		CreationDate: wire.Epoch{Time: now}, LastModificationDate: wire.Epoch{Time: now},
	}}
	if !in.StartDate.IsZero() {
		made.begin = in.StartDate.Time
	}
	if old != nil {
		old.stop()
		made.CreationDate = old.CreationDate
		if old.ScheduleExpression == in.ScheduleExpression && old.StartDate.Equal(in.StartDate.Time) {
			made.begin = old.begin // it goes on as before
		}
	}
	s.schedules[arn] = made
	s.startLocked(made, now.Add(-1))
	return &ScheduleOutput{arn}, nil
}

// repeatedLocked tells whether the same was asked for before with the same client token, and so must not be done again.
func (s *Service) repeatedLocked(ctx context.Context, operation, token string, in any) (bool, error) {
	before, ok := s.tokens[wire.CallFrom(ctx).Region+" "+operation+" "+token]
	if !ok || token == "" {
		return false, nil
	}
	if !reflect.DeepEqual(before, in) {
		return false, conflict("The client token %s was used before with other parameters.", token)
	}
	return true, nil
}

func (s *Service) rememberLocked(ctx context.Context, operation, token string, in any) {
	if token != "" {
		s.tokens[wire.CallFrom(ctx).Region+" "+operation+" "+token] = in
	}
}

// GetSchedule answers with a schedule.
func (s *Service) GetSchedule(ctx context.Context, in NameInput) (*Schedule, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.findLocked(ctx, in)
	if err != nil {
		return nil, err
	}
	answer := found.Schedule
	return &answer, nil
}

// DeleteSchedule deletes a schedule. A firing that is under way still takes place.
func (s *Service) DeleteSchedule(ctx context.Context, in NameInput) (*wire.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if repeated, err := s.repeatedLocked(ctx, "DeleteSchedule", in.ClientToken, in); repeated || err != nil {
		return &wire.Empty{}, err
	}
	found, err := s.findLocked(ctx, in)
	if err != nil {
		return nil, err
	}
	s.rememberLocked(ctx, "DeleteSchedule", in.ClientToken, in)
	found.stop()
	delete(s.schedules, found.Arn)
	return &wire.Empty{}, nil
}

func (s *Service) findLocked(ctx context.Context, in NameInput) (*schedule, error) {
	arn, err := scheduleARN(ctx, in.Name, cmp.Or(in.GroupName, defaultGroup))
	if err != nil {
		return nil, err
	}
	if found, ok := s.schedules[arn]; ok {
		return found, nil
	}
	return nil, notFound("Schedule %s does not exist.", in.Name)
}

func scheduleARN(ctx context.Context, name, group string) (string, error) {
	if err := checkName(name, "name"); err != nil {
		return "", err
	}
	if err := checkGroup(group); err != nil {
		return "", err
	}
	return wire.ARN(ctx, "scheduler", "schedule/"+group+"/"+name), nil
}

// groupOf returns the ARN of a schedule's group.
func groupOf(scheduleARN string) string {
	group := scheduleARN[:strings.LastIndexByte(scheduleARN, '/')]
	return strings.Replace(group, ":schedule/", ":schedule-group/", 1)
}
