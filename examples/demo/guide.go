package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// logTail is how many bytes of each log are shown when the demo has failed.
const logTail = 3000

// writeGuide tells how to go on with what -keep leaves running.
func (d *demo) writeGuide() error {
	var env strings.Builder
	for _, variable := range slices.Concat(d.tf.env[len(d.env):], d.appEnv()) {
		name, value, _ := strings.Cut(variable, "=")
		fmt.Fprintf(&env, "export %s='%s'\n", name, value)
	}
	if err := os.WriteFile(d.path("env"), []byte(env.String()), 0o600); err != nil {
		return fmt.Errorf("writing the environment to go on with: %w", err)
	}
	var pids []string
	for _, p := range slices.Backward(d.running) {
		pids = append(pids, fmt.Sprint(p.cmd.Process.Pid))
	}
	fmt.Fprintf(d.say.out, `
Everything is still running: localaws at %[1]s, acme's server at %[2]s, the subscriber at %[3]s.

All that follows wants this environment:
  . %[4]s/env

Look around, with the AWS CLI or any other client:
  aws --endpoint-url %[1]s sqs list-queues   # version 1 of the AWS CLI forgets AWS_ENDPOINT_URL for sqs
  aws --endpoint-url %[1]s sqs get-queue-attributes --queue-url %[5]s --attribute-names All
  aws lambda list-functions --query 'Functions[].[FunctionName,LastModified]' --output text
  aws lambda list-event-source-mappings
  aws logs filter-log-events --log-group-name /aws/lambda/acme-deliveries --query 'events[].message' --output text
  aws ecr describe-images --repository-name acme

Send an event:
  %[4]s/bin/acme backend send webhooks github.ping '{"hook_id": 1}'

Edit handlers/webhooks/webhooks.go or examples/quickstart/main.tf, then deploy again:
  %[6]s -chdir=%[7]s apply -state=%[8]s

End it:
  kill %[9]s && rm -rf %[4]s

`,
		d.endpoint, strings.TrimSuffix(d.github.url, "/webhooks/github"), d.receiver.url, d.dir, d.out.Queues["webhooks"],
		d.tf.binary, d.tf.configuration, d.tf.state, strings.Join(pids, " "))
	return nil
}

// writeLogTails shows the ends of all logs, for the reason why the demo has failed.
func (d *demo) writeLogTails(out io.Writer) {
	logs, _ := filepath.Glob(d.path("logs", "*.log")) // the pattern is right
	for _, log := range logs {
		content, err := os.ReadFile(log)
		if err != nil || len(content) == 0 {
			continue
		}
		if cut := len(content) - logTail; cut > 0 {
			content = content[cut+1+bytes.IndexByte(content[cut:], '\n'):]
		}
		fmt.Fprintf(out, "\n--- the end of %s\n%s", filepath.Base(log), content)
	}
	fmt.Fprintf(out, "\nThe whole logs and the state are in %s\n", d.dir)
}
