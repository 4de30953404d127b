package cloud

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// scene is where a method is driven: with a name that nobody else uses, on an AWS that is shared.
type scene struct {
	*Cloud // past the denials

	t     *testing.T
	stage *stage
	name  string
	url   string // of the queue that was made
	id    string // UUID of the mapping or ARN of the secret that was made
}

// stage is what all scenes share.
type stage struct {
	*watched

	image     string // URI
	role      string // ARN
	scheduler string // ARN of a role
	scenes    int
}

func newStage(t *testing.T) *stage {
	t.Helper()
	w := watch(t)
	repository, err := w.CreateRepository(t.Context(), "acme", Encryption{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	scheduler, err := w.CreateRole(t.Context(), Role{Name: "scheduler", Trust: w.ScheduleTrust(testAccount)})
	if err != nil {
		t.Fatal(err)
	}
	return &stage{watched: w, image: repository + "@" + pushImage(t, w, ""), role: testRole(t, w), scheduler: scheduler}
}

// planted is an environment value, which no error may show.
const planted = "hunter2"

func (s *scene) function() Function {
	return Function{
		Name: s.name, ImageURI: s.stage.image, Architecture: "x86_64", RoleARN: s.stage.role, MemorySize: 128, Timeout: 3,
		Environment: map[string]string{"PASSWORD": planted}, LogGroup: "/aws/lambda/" + s.name, LogFormat: "JSON", LogLevel: "INFO",
		EphemeralStorage: DefaultEphemeralStorage, Merge: true,
	}
}

func (s *scene) mapping() Mapping {
	return Mapping{UUID: s.id, QueueARN: s.QueueARN(s.url), FunctionName: s.name, BatchSize: 1, Enabled: true}
}

func (s *scene) digest() string { return s.stage.image[len(s.stage.image)-len("sha256:")-64:] }

func nothing(*scene) {}

func withFunction(s *scene) {
	_, err := s.CreateFunction(s.t.Context(), s.function())
	s.need(err)
}

func withQueue(s *scene) {
	var err error
	s.url, err = s.CreateQueue(s.t.Context(), s.name, nil, nil)
	s.need(err)
}

func withMapping(s *scene) {
	withQueue(s)
	withFunction(s)
	var err error
	s.id, err = s.CreateMapping(s.t.Context(), s.mapping())
	s.need(err)
}

func withLogGroup(s *scene) {
	_, err := s.CreateLogGroup(s.t.Context(), s.name, nil)
	s.need(err)
}

func withRole(s *scene) {
	_, err := s.CreateRole(s.t.Context(), Role{Name: s.name})
	s.need(err)
}

// withPoliciesOfOthers makes a role that cannot be deleted.
func withPoliciesOfOthers(s *scene) {
	withRole(s)
	_, err := s.iam.PutRolePolicy(s.t.Context(), &iam.PutRolePolicyInput{RoleName: &s.name, PolicyName: aws.String("mine"), PolicyDocument: aws.String(anyPolicy)})
	s.need(err)
	_, err = s.iam.AttachRolePolicy(s.t.Context(), &iam.AttachRolePolicyInput{RoleName: &s.name, PolicyArn: aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess")})
	s.need(err)
}

const anyPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"*"}]}`

func withRolePolicy(s *scene) {
	withRole(s)
	s.need(s.PutPolicy(s.t.Context(), s.name, anyPolicy))
}

func (s *scene) schedule() Schedule {
	return Schedule{Name: s.name, Expression: "rate(1 hour)", Timezone: "UTC", QueueARN: s.QueueARN(s.url), Body: "{}", RoleARN: s.stage.scheduler}
}

func withSchedule(s *scene) {
	withQueue(s)
	_, err := s.CreateSchedule(s.t.Context(), s.schedule())
	s.need(err)
}

func withSecret(s *scene) {
	made, err := s.secrets.CreateSecret(s.t.Context(), &secretsmanager.CreateSecretInput{
		Name: &s.name, SecretString: aws.String(`{"PASSWORD":"` + planted + `"}`),
	})
	s.need(err)
	s.id = aws.ToString(made.ARN)
}

// withBareRepository makes a repository that needs mending, with two images.
func withBareRepository(s *scene) {
	_, err := s.ecr.CreateRepository(s.t.Context(), &ecr.CreateRepositoryInput{RepositoryName: &s.name})
	s.need(err)
	push(s.t, s.stage.watched, s.name, "", newImage(s.t))
	push(s.t, s.stage.watched, s.name, "", newImage(s.t))
}

func (s *scene) need(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// drive is how a method is called: after what made the scene, and with the Cloud that is denied.
type drive struct {
	before func(*scene)
	call   func(context.Context, *scene, *Cloud) error
}

// callsNothing are the exported methods of Cloud that make no call, but to know the account.
var callsNothing = []string{"ARN", "Claim", "QueueARN", "RegistryDenied", "ScheduleARN", "ScheduleTrust"}

var tags, others = map[string]string{"a": "1", "b": "2"}, map[string]string{"b": "3", "c": "4"}

// drives are all the others by name. Where one call does not reach all of a method, there are two.
var drives = map[string]drive{
	"Account": {nothing, func(ctx context.Context, _ *scene, c *Cloud) error { return errorOf(c.Account(ctx)) }},
	"Limits":  {nothing, func(ctx context.Context, _ *scene, c *Cloud) error { return errorOf(c.Limits(ctx)) }},
	"Login":   {nothing, func(ctx context.Context, _ *scene, c *Cloud) error { return errorOf(c.Login(ctx)) }},
	"LoginTo": {nothing, func(ctx context.Context, _ *scene, c *Cloud) error {
		return errorOf(c.LoginTo(ctx, "123456789012.dkr.ecr.eu-west-1.amazonaws.com"))
	}},

	"CreateFunction": {nothing, func(ctx context.Context, s *scene, c *Cloud) error {
		return errorOf(c.CreateFunction(ctx, s.function()))
	}},
	"FindFunction": {withFunction, func(ctx context.Context, s *scene, c *Cloud) error { return errorOf(c.FindFunction(ctx, s.name)) }},
	"FindSettledFunction": {withFunction, func(ctx context.Context, s *scene, c *Cloud) error {
		return errorOf(c.FindSettledFunction(ctx, s.name))
	}},
	"UpdateCode":     {withFunction, func(ctx context.Context, s *scene, c *Cloud) error { return errorOf(c.UpdateCode(ctx, s.function())) }},
	"DeleteFunction": {withFunction, func(ctx context.Context, s *scene, c *Cloud) error { return c.DeleteFunction(ctx, s.name) }},
	"UpdateConfiguration": {withFunction, func(ctx context.Context, s *scene, c *Cloud) error {
		return errorOf(c.UpdateConfiguration(ctx, s.function()))
	}},
	"TagFunction": {withFunction, func(ctx context.Context, s *scene, c *Cloud) error {
		return c.TagFunction(ctx, s.ARN("lambda", testAccount, "function:"+s.name), tags, others)
	}},
	"UnmarkFunction": {withFunction, func(ctx context.Context, s *scene, c *Cloud) error {
		return c.UnmarkFunction(ctx, s.ARN("lambda", testAccount, "function:"+s.name))
	}},
	"DetachFunction": {withFunction, func(ctx context.Context, s *scene, c *Cloud) error { return c.DetachFunction(ctx, s.name) }},
	"RecursiveLoop":  {withFunction, func(ctx context.Context, s *scene, c *Cloud) error { return errorOf(c.RecursiveLoop(ctx, s.name)) }},
	"SetRecursiveLoop": {withFunction, func(ctx context.Context, s *scene, c *Cloud) error {
		return c.SetRecursiveLoop(ctx, s.name, "Allow")
	}},
	"SetReserved": {withFunction, func(ctx context.Context, s *scene, c *Cloud) error {
		return errors.Join(c.SetReserved(ctx, s.name, aws.Int32(1)), c.SetReserved(ctx, s.name, nil))
	}},

	"CreateMapping": {withMapping, func(ctx context.Context, s *scene, c *Cloud) error { return errorOf(c.CreateMapping(ctx, s.mapping())) }},
	"FindMappings":  {withMapping, func(ctx context.Context, s *scene, c *Cloud) error { return errorOf(c.FindMappings(ctx, s.name)) }},
	"SeenMappings":  {withMapping, func(ctx context.Context, s *scene, c *Cloud) error { return errorOf(c.SeenMappings(ctx, s.name)) }},
	"UpdateMapping": {withMapping, func(ctx context.Context, s *scene, c *Cloud) error { return c.UpdateMapping(ctx, s.mapping()) }},
	"DeleteMapping": {withMapping, func(ctx context.Context, s *scene, c *Cloud) error { return c.DeleteMapping(ctx, s.id) }},
	"DeleteMappings": {withMapping, func(ctx context.Context, s *scene, c *Cloud) error {
		return c.DeleteMappings(ctx, s.name, []string{s.id})
	}},

	"SlowestFunction": {withMapping, func(ctx context.Context, s *scene, c *Cloud) error {
		return errorOf(c.SlowestFunction(ctx, s.QueueARN(s.url)))
	}},

	"RefuseQueue": {nothing, func(ctx context.Context, s *scene, c *Cloud) error { return c.RefuseQueue(ctx, s.name) }},
	"SeenQueue": {withQueue, func(ctx context.Context, s *scene, c *Cloud) error {
		return errorOf(c.SeenQueue(ctx, s.QueueARN(s.url)))
	}},
	"UnmarkQueue": {withQueue, func(ctx context.Context, s *scene, c *Cloud) error { return c.UnmarkQueue(ctx, s.url) }},
	"CreateQueue": {nothing, func(ctx context.Context, s *scene, c *Cloud) error {
		return errorOf(c.CreateQueue(ctx, s.name, nil, nil))
	}},
	"FindQueue":   {withQueue, func(ctx context.Context, s *scene, c *Cloud) error { return errorOf(c.FindQueue(ctx, s.url)) }},
	"DeleteQueue": {withQueue, func(ctx context.Context, s *scene, c *Cloud) error { return c.DeleteQueue(ctx, s.url) }},
	"QueueTags":   {withQueue, func(ctx context.Context, s *scene, c *Cloud) error { return errorOf(c.QueueTags(ctx, s.url)) }},
	"TagQueue":    {withQueue, func(ctx context.Context, s *scene, c *Cloud) error { return c.TagQueue(ctx, s.url, tags, others) }},
	"QueueURL": {withQueue, func(ctx context.Context, s *scene, c *Cloud) error {
		return errorOf(c.QueueURL(ctx, s.QueueARN(s.url)))
	}},
	"UpdateQueue": {withQueue, func(ctx context.Context, s *scene, c *Cloud) error {
		return c.UpdateQueue(ctx, s.url, map[string]string{AttributeVisibilityTimeout: "7"})
	}},

	"DeleteLogGroup": {withLogGroup, func(ctx context.Context, s *scene, c *Cloud) error { return c.DeleteLogGroup(ctx, s.name) }},
	"IsLogGroupShared": {withLogGroup, func(ctx context.Context, s *scene, c *Cloud) error {
		return errorOf(c.IsLogGroupShared(ctx, s.name, s.name))
	}},
	"CreateLogGroup": {nothing, func(ctx context.Context, s *scene, c *Cloud) error {
		return errorOf(c.CreateLogGroup(ctx, s.name, tags))
	}},
	"Retention": {withLogGroup, func(ctx context.Context, s *scene, c *Cloud) error { return errorOf(c.Retention(ctx, s.name)) }},
	"SeenRetention": {withLogGroup, func(ctx context.Context, s *scene, c *Cloud) error {
		return errors.Join(errorOf(c.SeenRetention(ctx, s.name)), ignoreMissing(errorOf(c.SeenRetention(ctx, "/aws/lambda/"+s.name))))
	}},
	"SetRetention": {withLogGroup, func(ctx context.Context, s *scene, c *Cloud) error {
		return errors.Join(c.SetRetention(ctx, s.name, 7), c.SetRetention(ctx, s.name, 0))
	}},

	"CreateRole": {withRole, func(ctx context.Context, s *scene, c *Cloud) error {
		return errorOf(c.CreateRole(ctx, Role{Name: s.name}))
	}},
	"PutPolicy": {withRole, func(ctx context.Context, s *scene, c *Cloud) error {
		return c.PutPolicy(ctx, s.name, anyPolicy)
	}},
	"Policy":     {withRolePolicy, func(ctx context.Context, s *scene, c *Cloud) error { return errorOf(c.Policy(ctx, s.name)) }},
	"TagRole":    {withRole, func(ctx context.Context, s *scene, c *Cloud) error { return c.TagRole(ctx, s.name, tags, others) }},
	"FindRole":   {withRole, func(ctx context.Context, s *scene, c *Cloud) error { return errorOf(c.FindRole(ctx, s.name)) }},
	"UnmarkRole": {withRole, func(ctx context.Context, s *scene, c *Cloud) error { return c.UnmarkRole(ctx, s.name) }},
	"DeleteRole": {withPoliciesOfOthers, func(ctx context.Context, s *scene, c *Cloud) error { return c.DeleteRole(ctx, s.name) }},
	"SetPermissionsBoundary": {withRole, func(ctx context.Context, s *scene, c *Cloud) error {
		const boundary = "arn:aws:iam::aws:policy/PowerUserAccess"
		return errors.Join(c.SetPermissionsBoundary(ctx, s.name, boundary), c.SetPermissionsBoundary(ctx, s.name, ""))
	}},

	"CreateSchedule": {withQueue, func(ctx context.Context, s *scene, c *Cloud) error {
		return errorOf(c.CreateSchedule(ctx, s.schedule()))
	}},
	"FindSchedule":   {withSchedule, func(ctx context.Context, s *scene, c *Cloud) error { return errorOf(c.FindSchedule(ctx, s.name)) }},
	"UpdateSchedule": {withSchedule, func(ctx context.Context, s *scene, c *Cloud) error { return c.UpdateSchedule(ctx, s.schedule()) }},
	"DeleteSchedule": {withSchedule, func(ctx context.Context, s *scene, c *Cloud) error { return c.DeleteSchedule(ctx, s.name) }},

	"SecretKey": {withSecret, func(ctx context.Context, s *scene, c *Cloud) error { return errorOf(c.SecretKey(ctx, s.id)) }},
	"SecretVariables": {withSecret, func(ctx context.Context, s *scene, c *Cloud) error {
		return errorOf(c.SecretVariables(ctx, s.id))
	}},

	"CreateRepository": {nothing, func(ctx context.Context, s *scene, c *Cloud) error {
		return errorOf(c.CreateRepository(ctx, s.name, Encryption{}, nil))
	}},
	"EnsureRepository": {nothing, func(ctx context.Context, s *scene, c *Cloud) error {
		return errorOf(c.EnsureRepository(ctx, s.name, nil))
	}},
	"FindRepository": {withBareRepository, func(ctx context.Context, s *scene, c *Cloud) error {
		return errorOf(c.FindRepository(ctx, s.name))
	}},
	"ReadRepository": {withBareRepository, func(ctx context.Context, s *scene, c *Cloud) error {
		return errorOf(c.ReadRepository(ctx, s.name))
	}},
	"MendRepository": {withBareRepository, func(ctx context.Context, s *scene, c *Cloud) error { return c.MendRepository(ctx, s.name) }},
	"HasPolicy":      {withBareRepository, func(ctx context.Context, s *scene, c *Cloud) error { return errorOf(c.HasPolicy(ctx, s.name)) }},
	"RepositoryTags": {withBareRepository, func(ctx context.Context, s *scene, c *Cloud) error {
		return errorOf(c.RepositoryTags(ctx, s.name))
	}},
	"UnmarkRepository": {withBareRepository, func(ctx context.Context, s *scene, c *Cloud) error { return c.UnmarkRepository(ctx, s.name) }},
	"TagRepository": {withBareRepository, func(ctx context.Context, s *scene, c *Cloud) error {
		return c.TagRepository(ctx, s.name, tags, others)
	}},
	"DeleteRepository": {withBareRepository, func(ctx context.Context, s *scene, c *Cloud) error {
		return c.DeleteRepository(ctx, s.name, false, func(context.Context, string) (bool, error) { return true, nil })
	}},

	"HasImage": {withBareRepository, func(ctx context.Context, s *scene, c *Cloud) error {
		return errorOf(c.HasImage(ctx, s.name, s.digest()))
	}},
	"WaitForImage": {nothing, func(ctx context.Context, s *scene, c *Cloud) error { return c.WaitForImage(ctx, "acme", s.digest()) }},
	"LatestImage": {withBareRepository, func(ctx context.Context, s *scene, c *Cloud) error {
		_, _, err := c.LatestImage(ctx, s.name)
		return err
	}},
	"DeleteOldImages": {withBareRepository, func(ctx context.Context, s *scene, c *Cloud) error { return c.DeleteOldImages(ctx, s.name, 1) }},
}

func ignoreMissing(err error) error {
	if IsNotFound(err) {
		return nil
	}
	return err
}

func errorOf[T any](_ T, err error) error { return err }
