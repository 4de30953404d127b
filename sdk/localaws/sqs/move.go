package sqs

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

const (
	maxMoveRate  = 500 // messages per second that a move task may be limited to
	maxMoveTasks = 10  // tasks that SQS remembers of a queue
)

// moveTasks are the message move tasks by the ARN of their source, newest first.
type moveTasks map[string][]*moveTask

// moveTask moves messages out of a dead-letter queue, back to where they came from or to one destination.
type moveTask struct {
	id          string
	source      *queue
	destination string // ARN; empty: where each message came from
	rate        int    // messages per second; 0: all at once
	started     time.Time
	status      string // RUNNING, COMPLETED, CANCELLED or FAILED
	failure     string
	moved       int
	toMove      int
}

// StartMessageMoveTaskInput is the input of StartMessageMoveTask.
type StartMessageMoveTaskInput struct {
	SourceARN                    string `json:"SourceArn"`
	DestinationARN               string `json:"DestinationArn"`
	MaxNumberOfMessagesPerSecond *int   // 1 to 500
}

// StartMessageMoveTaskOutput is the output of StartMessageMoveTask.
type StartMessageMoveTaskOutput struct {
	TaskHandle string
}

// StartMessageMoveTask begins to move what can be received from a dead-letter queue now. Moved messages are new messages: they
// get new IDs, and their receive counts begin anew.
func (s *Service) StartMessageMoveTask(_ context.Context, in StartMessageMoveTaskInput) (StartMessageMoveTaskOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	source, err := s.findByARN(in.SourceARN, "SourceArn")
	if err != nil {
		return StartMessageMoveTaskOutput{}, err
	}
	if in.DestinationARN != "" {
		if _, err := s.findByARN(in.DestinationARN, "DestinationArn"); err != nil {
			return StartMessageMoveTaskOutput{}, err
		}
	}
	rate := 0
	if in.MaxNumberOfMessagesPerSecond != nil {
		rate = *in.MaxNumberOfMessagesPerSecond
		if rate < 1 || rate > maxMoveRate {
			return StartMessageMoveTaskOutput{}, invalidValue(rate, "MaxNumberOfMessagesPerSecond", "Must be between 1 and 500, if provided.")
		}
	}
	if !s.isDeadLetterQueue(source.arn) {
		return StartMessageMoveTaskOutput{}, invalid("Source queue must be configured as a Dead Letter Queue.")
	}
	tasks := s.moves[source.arn]
	if len(tasks) > 0 && tasks[0].status == "RUNNING" {
		return StartMessageMoveTaskOutput{}, invalid("There is already a task running. " +
			"Only one active task is allowed for a source queue arn at a given time.")
	}
	now := time.Now()
	source.advance(now)
	task := &moveTask{
		id: uuid.NewString(), source: source, destination: in.DestinationARN, rate: rate, started: now, status: "RUNNING",
		toMove: source.available(),
	}
	if s.moves == nil {
		s.moves = moveTasks{}
	}
	s.moves[source.arn] = slices.Insert(tasks, 0, task)[:min(len(tasks)+1, maxMoveTasks)]
	s.run(task, now)
	return StartMessageMoveTaskOutput{task.handle()}, nil
}

func (s *Service) isDeadLetterQueue(arn string) bool {
	for _, q := range s.queues {
		if q.settings.redrive != nil && q.settings.redrive.DeadLetterTargetARN == arn {
			return true
		}
	}
	return false
}

// run moves messages until the task is done or its rate makes it pause.
func (s *Service) run(task *moveTask, now time.Time) {
	for task.status == "RUNNING" {
		s.step(task, now)
		if task.rate > 0 && task.status == "RUNNING" {
			time.AfterFunc(time.Second/time.Duration(task.rate), func() {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.run(task, time.Now())
			})
			return
		}
	}
}

// step moves one message and ends the task if there is none, or none that can be moved.
func (s *Service) step(task *moveTask, now time.Time) {
	source := task.source
	if source.gone {
		task.status, task.failure = "FAILED", queryNamespace+"NonExistentQueue"
		return
	}
	source.advance(now)
	defer s.settle(source, now)
	m := source.order.next()
	if m == nil {
		task.status = "COMPLETED"
		return
	}
	target := task.destination
	if target == "" {
		target = m.deadLetterSource
	}
	destination, ok := s.queues[target]
	switch {
	case target == "":
		task.status, task.failure = "FAILED", "CouldNotDetermineMessageSource"
		source.order.put(m)
		return
	case !ok:
		task.status, task.failure = "FAILED", queryNamespace+"NonExistentQueue"
		source.order.put(m)
		return
	}
	source.drop(m)
	moved := &message{
		id: uuid.NewString(), body: m.body, bodyMD5: m.bodyMD5, attributes: m.attributes, traceHeader: m.traceHeader,
		groupID: m.groupID, dedupID: m.dedupID, sent: now, enqueued: now,
	}
	destination.push(moved, now, now)
	s.settle(destination, now)
	if task.moved++; task.moved == task.toMove {
		task.status = "COMPLETED"
	}
}

// ListMessageMoveTasksInput is the input of ListMessageMoveTasks.
type ListMessageMoveTasksInput struct {
	SourceARN  string `json:"SourceArn"`
	MaxResults *int   // 1 to 10, default 1
}

// ListMessageMoveTasksOutput is the output of ListMessageMoveTasks.
type ListMessageMoveTasksOutput struct {
	Results []MessageMoveTask
}

// MessageMoveTask describes a message move task.
type MessageMoveTask struct {
	TaskHandle                        string `json:",omitempty"` // while it runs
	Status                            string
	SourceARN                         string `json:"SourceArn"`
	DestinationARN                    string `json:"DestinationArn,omitempty"`
	MaxNumberOfMessagesPerSecond      int    `json:",omitempty"`
	ApproximateNumberOfMessagesMoved  int
	ApproximateNumberOfMessagesToMove int
	FailureReason                     string `json:",omitempty"`
	StartedTimestamp                  int64  // milliseconds since 1970
}

// ListMessageMoveTasks lists the latest tasks of a source queue, newest first.
func (s *Service) ListMessageMoveTasks(_ context.Context, in ListMessageMoveTasksInput) (ListMessageMoveTasksOutput, error) {
	limit := 1
	if in.MaxResults != nil {
		limit = *in.MaxResults
	}
	if limit < 1 || limit > maxMoveTasks {
		return ListMessageMoveTasksOutput{}, invalidValue(limit, "MaxResults", "Must be between 1 and 10, if provided.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	source, err := s.findByARN(in.SourceARN, "SourceArn")
	if err != nil {
		return ListMessageMoveTasksOutput{}, err
	}
	results := []MessageMoveTask{}
	for _, task := range s.moves[source.arn] {
		if len(results) == limit {
			break
		}
		result := MessageMoveTask{
			Status: task.status, SourceARN: source.arn, DestinationARN: task.destination, MaxNumberOfMessagesPerSecond: task.rate,
			ApproximateNumberOfMessagesMoved: task.moved, ApproximateNumberOfMessagesToMove: task.toMove,
			FailureReason: task.failure, StartedTimestamp: task.started.UnixMilli(),
		}
		if task.status == "RUNNING" {
			result.TaskHandle = task.handle()
		}
		results = append(results, result)
	}
	return ListMessageMoveTasksOutput{Results: results}, nil
}

// CancelMessageMoveTaskInput is the input of CancelMessageMoveTask.
type CancelMessageMoveTaskInput struct {
	TaskHandle string
}

// CancelMessageMoveTaskOutput is the output of CancelMessageMoveTask.
type CancelMessageMoveTaskOutput struct {
	ApproximateNumberOfMessagesMoved int
}

// CancelMessageMoveTask ends a running task. What it has moved stays moved.
func (s *Service) CancelMessageMoveTask(_ context.Context, in CancelMessageMoveTaskInput) (CancelMessageMoveTaskOutput, error) {
	name, err := parseTaskHandle(in.TaskHandle)
	if err != nil {
		return CancelMessageMoveTaskOutput{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	source, err := s.findByARN(name.SourceARN, "SourceArn")
	if err != nil {
		return CancelMessageMoveTaskOutput{}, err
	}
	tasks := s.moves[source.arn]
	i := slices.IndexFunc(tasks, func(task *moveTask) bool { return task.id == name.TaskID })
	if i < 0 {
		return CancelMessageMoveTaskOutput{}, resourceNotFound("Task does not exist.")
	}
	if tasks[i].status != "RUNNING" {
		return CancelMessageMoveTaskOutput{}, modelled("UnsupportedOperation", queryNamespace+"UnsupportedOperation",
			"Only a running task can be cancelled. This one is %s.", tasks[i].status)
	}
	tasks[i].status = "CANCELLED"
	return CancelMessageMoveTaskOutput{tasks[i].moved}, nil
}

// taskName is what a task handle holds.
type taskName struct {
	TaskID    string `json:"taskId"`
	SourceARN string `json:"sourceArn"`
}

func (t *moveTask) handle() string {
	return base64.StdEncoding.EncodeToString([]byte(encodeDocument(taskName{t.id, t.source.arn})))
}

// TaskSource is the ARN of the queue whose messages a move task moves, or empty if that is no handle of one.
func TaskSource(taskHandle string) string {
	name, _ := parseTaskHandle(taskHandle)
	return name.SourceARN
}

func parseTaskHandle(handle string) (taskName, error) {
	var name taskName
	decoded, err := base64.StdEncoding.DecodeString(handle)
	if err != nil || json.Unmarshal(decoded, &name) != nil || name.TaskID == "" || name.SourceARN == "" {
		return name, invalid("Value for parameter TaskHandle is invalid.")
	}
	return name, nil
}

// findByARN finds the queue that the named parameter means.
func (s *Service) findByARN(arn, parameter string) (*queue, error) {
	if parts := strings.Split(arn, ":"); len(parts) != 6 || parts[0] != "arn" {
		return nil, invalid("You must use this format to specify the %s: arn:<partition>:<service>:<region>:<account-id>:<resource-id>",
			parameter)
	}
	q, ok := s.queues[arn]
	if !ok {
		return nil, resourceNotFound("The resource that you specified for the %s parameter doesn't exist.", parameter)
	}
	return q, nil
}
