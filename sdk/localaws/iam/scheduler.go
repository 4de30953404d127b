package iam

import "github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"

// AssumableByScheduler tells whether the role exists and its trust policy lets scheduler.amazonaws.com assume it for a group of schedules. The
// error is what EventBridge Scheduler answers to whoever names such a role.
func (s *Service) AssumableByScheduler(roleARN, groupARN string) error {
	if s.assumable(roleARN, "scheduler.amazonaws.com", groupARN) {
		return nil
	}
	return wire.Errorf("ValidationException", "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.")
}
