package lambda_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/lambda"
)

func TestProcessSeesWhatLambdaGivesIt(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme", func(in *awslambda.CreateFunctionInput) {
		in.MemorySize = aws.Int32(256)
		in.Environment = &types.Environment{Variables: map[string]string{"HANDLER": "jobs", "FROM_IMAGE": "overridden"}}
		in.ImageConfig = &types.ImageConfig{Command: []string{"backend", "handlers"}, WorkingDirectory: aws.String("/tmp")}
		in.LoggingConfig = &types.LoggingConfig{LogFormat: types.LogFormatJson, ApplicationLogLevel: types.ApplicationLogLevelWarn}
	})
	r := f.ask(t, "acme", `{}`)
	got := map[string]string{}
	for _, variable := range r.Env {
		key, value, _ := strings.Cut(variable, "=")
		got[key] = value
	}
	for key, pattern := range map[string]string{
		"AWS_ACCESS_KEY_ID": `^ASIA`, "AWS_SECRET_ACCESS_KEY": `.`, "AWS_SESSION_TOKEN": `.`, "AWS_ENDPOINT_URL": `^http://localaws\.test$`,
		"AWS_DEFAULT_REGION": `^eu-west-1$`, "AWS_REGION": `^eu-west-1$`, "AWS_LAMBDA_FUNCTION_NAME": `^acme$`,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": `^256$`, "AWS_LAMBDA_FUNCTION_VERSION": `^\$LATEST$`, "AWS_LAMBDA_RUNTIME_API": `^127\.0\.0\.1:\d+$`,
		"AWS_LAMBDA_LOG_GROUP_NAME": `^/aws/lambda/acme$`, "AWS_LAMBDA_LOG_STREAM_NAME": `^\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}$`,
		"AWS_LAMBDA_LOG_FORMAT": `^JSON$`, "AWS_LAMBDA_LOG_LEVEL": `^WARN$`,
		"LAMBDA_TASK_ROOT": `/tmp$`, "TZ": `^:UTC$`, "HANDLER": `^jobs$`, "FROM_IMAGE": `^overridden$`,
		"_X_AMZN_TRACE_ID": `^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$`, // set by aws-lambda-go
	} {
		if !regexp.MustCompile(pattern).MatchString(got[key]) {
			t.Errorf("%s: got %q, want %s", key, got[key], pattern)
		}
		delete(got, key)
	}
	if len(got) > 0 {
		t.Errorf("environment leaks %v", slices.Collect(maps.Keys(got)))
	}
	if !slices.Equal(r.Args, []string{"/app", "backend", "handlers"}) || !strings.HasSuffix(r.Dir, "/tmp") || !strings.HasPrefix(r.Dir, f.dir) {
		t.Errorf("got arguments %q in %s", r.Args, r.Dir)
	}
	if r.ARN != "arn:aws:lambda:eu-west-1:000000000000:function:acme" || r.LeftMS <= 0 || r.LeftMS > 10_000 {
		t.Errorf("got ARN %s and %d ms to the deadline", r.ARN, r.LeftMS)
	}
}

func TestRuntimeIsReusedAndLogsLikeLambda(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme")
	cold, warm := f.ask(t, "acme", `{"do":"print","text":"hello"}`), f.ask(t, "acme", `{}`)
	if cold.PID != warm.PID {
		t.Errorf("the second invocation ran in another process")
	}
	lines := f.log.await(t, func(lines []string) bool { return len(lines) >= 8 })
	for i, pattern := range []string{
		`^START RequestId: ` + cold.RequestID + ` Version: \$LATEST\n$`, `^hello\n$`, `^hello\n$`, `^END RequestId: ` + cold.RequestID + `\n$`,
		`^REPORT RequestId: ` + cold.RequestID + `\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\t` +
			`Max Memory Used: [1-9]\d* MB\tInit Duration: [\d.]+ ms\t\n$`,
		`^START RequestId: ` + warm.RequestID, `^END RequestId: ` + warm.RequestID, `^REPORT RequestId: ` + warm.RequestID + `\t.*MB\t\n$`,
	} {
		if !regexp.MustCompile(pattern).MatchString(lines[i]) {
			t.Errorf("line %d: got %q, want %s", i, lines[i], pattern)
		}
	}
	for _, line := range f.log.snapshot() {
		if line.stream != f.log.snapshot()[0].stream {
			t.Errorf("%q is in the stream %s of another runtime", line.message, line.stream)
		}
	}
	out := f.invoke(t, "acme", `{"do":"print","text":"tail"}`)
	tail, err := base64.StdEncoding.DecodeString(*out.LogResult)
	if err != nil || !strings.HasPrefix(string(tail), "START ") || !strings.Contains(string(tail), "tail\n") || *out.ExecutedVersion != "$LATEST" {
		t.Errorf("got version %s, tail %q, %v", *out.ExecutedVersion, tail, err)
	}
}

// stopped tells whether a process is frozen, as the kernel sees it.
func stopped(t *testing.T, pid int) bool {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(rest, "T")
}

func gone(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// eventually waits for a state of the system that nothing announces.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited a minute until %s", what)
		}
	}
}

func TestRuntimeIsFrozenBetweenInvocations(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "frozen")
	f.create(t, "clock")
	before := f.ask(t, "frozen", `{}`)
	eventually(t, "the runtime is frozen", func() bool { return stopped(t, before.PID) })
	busy := f.ask(t, "clock", `{"do":"sleep","millis":500}`)
	after := f.ask(t, "frozen", `{}`)
	if after.PID != before.PID {
		t.Fatal("the runtime was not reused")
	}
	if busy.Ticks < 50 || after.Ticks-before.Ticks > busy.Ticks/2 {
		t.Errorf("while a busy runtime ticked %d times, the frozen one did %d times", busy.Ticks, after.Ticks-before.Ticks)
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme", func(in *awslambda.CreateFunctionInput) { in.Timeout = aws.Int32(3) })
	for _, test := range []struct {
		name, event, payload, log string
		survives                  bool
	}{
		{"error", `{"do":"error","text":"no"}`, `^{"errorMessage":"no","errorType":"errorString"}$`, `errorString`, true},
		{"panic", `{"do":"panic","text":"oh"}`, `"errorMessage":"oh".*"errorType":"string"`, `Runtime exited with error: exit status 1`, false},
		{
			"timeout", `{"do":"sleep","millis":60000}`,
			`^{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: [0-9a-f-]{36} Error: Task timed out after 3.00 seconds"}$`,
			`Z [0-9a-f-]{36} Task timed out after 3.00 seconds\n\n.*\tStatus: timeout\t`, false,
		},
		{
			"exit 7", `{"do":"exit","millis":7}`,
			`^{"errorType":"Runtime.ExitError","errorMessage":"RequestId: [0-9a-f-]{36} Error: Runtime exited with error: exit status 7"}$`,
			`Error: Runtime exited with error: exit status 7\nRuntime.ExitError\n.*\tStatus: error\tError Type: Runtime.ExitError\t`, false,
		},
		{
			"exit 0", `{"do":"exit"}`,
			`^{"errorType":"Runtime.ExitError","errorMessage":"RequestId: [0-9a-f-]{36} Error: Runtime exited without providing a reason"}$`, ``, false,
		},
		{"too much", `{"do":"text","text":"aaaaaaaa","millis":900000}`, `Response payload size exceeded maximum allowed payload size`, ``, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := f.ask(t, "acme", `{}`)
			out := f.invoke(t, "acme", test.event)
			if out.FunctionError == nil || *out.FunctionError != "Unhandled" || !regexp.MustCompile(test.payload).Match(out.Payload) {
				t.Errorf("got error %v with %s, want %s", out.FunctionError, out.Payload, test.payload)
			}
			tail, _ := base64.StdEncoding.DecodeString(*out.LogResult)
			if !regexp.MustCompile(`(?s)` + test.log).Match(tail) {
				t.Errorf("got log %s, want %s", tail, test.log)
			}
			after := f.ask(t, "acme", `{}`)
			if survived := before.PID == after.PID; survived != test.survives {
				t.Errorf("same process afterwards: %v", survived)
			}
			if !test.survives {
				eventually(t, "the failed process is gone", func() bool { return gone(before.PID) })
			}
		})
	}
}

func TestInitFailures(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name          string
		change        func(*awslambda.CreateFunctionInput)
		payload, logs string
	}{
		{
			"exit", func(in *awslambda.CreateFunctionInput) {
				in.Environment = &types.Environment{Variables: map[string]string{"INIT": "exit"}}
			},
			`"errorType":"Runtime.ExitError","errorMessage":"RequestId: [0-9a-f-]{36} Error: Runtime exited with error: exit status 3"`,
			`(?s)^no way to start\nINIT_REPORT Init Duration: [\d.]+ ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError\n` +
				`START .*no way to start\nINIT_REPORT Init Duration: [\d.]+ ms\tPhase: invoke\tStatus: error\tError Type: Runtime.ExitError\n` +
				`.*END .*REPORT `,
		},
		{
			"no entry point", func(in *awslambda.CreateFunctionInput) {
				in.ImageConfig = &types.ImageConfig{EntryPoint: []string{"/bin/none"}}
			},
			`"errorType":"Runtime.InvalidEntrypoint","errorMessage":"RequestId: [0-9a-f-]{36} Error: fork/exec /bin/none: no such file or directory"`,
			`Error Type: Runtime.InvalidEntrypoint`,
		},
		{
			"no working directory", func(in *awslambda.CreateFunctionInput) {
				in.ImageConfig = &types.ImageConfig{WorkingDirectory: aws.String("/none")}
			},
			`"errorType":"Runtime.InvalidWorkingDir","errorMessage":"RequestId: [0-9a-f-]{36} Error: chdir /none: no such file or directory"`, ``,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := start(t)
			f.create(t, "acme", test.change)
			out := f.invoke(t, "acme", `{}`)
			if out.FunctionError == nil || !regexp.MustCompile(test.payload).Match(out.Payload) {
				t.Errorf("got %s, want %s", out.Payload, test.payload)
			}
			lines := f.log.await(t, func(lines []string) bool { return strings.HasPrefix(lines[len(lines)-1], "REPORT ") })
			if got := strings.Join(lines, ""); !regexp.MustCompile(test.logs).MatchString(got) {
				t.Errorf("got log %s, want %s", got, test.logs)
			}
		})
	}
}

func TestInitThatHangsIsRetriedUnderTheTimeout(t *testing.T) {
	t.Parallel()
	f := start(t, func(c *lambda.Config) { c.InitTimeout = 50 * time.Millisecond })
	f.create(t, "acme", func(in *awslambda.CreateFunctionInput) {
		in.Timeout = aws.Int32(1)
		in.Environment = &types.Environment{Variables: map[string]string{"INIT": "hang"}}
	})
	out := f.invoke(t, "acme", `{}`)
	if !strings.Contains(string(out.Payload), "Task timed out after 1.00 seconds") {
		t.Errorf("got %s", out.Payload)
	}
	got := strings.Join(f.log.await(t, func([]string) bool { return true }), "")
	if !regexp.MustCompile(`(?s)^INIT_REPORT Init Duration: [\d.]+ ms\tPhase: init\tStatus: timeout\t\n.*Phase: invoke\tStatus: timeout`).MatchString(got) {
		t.Errorf("got log %s", got)
	}
}

func TestResetThrowsRuntimesAway(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme")
	before := f.ask(t, "acme", `{}`)
	slow := make(chan report)
	go func() { slow <- f.ask(t, "acme", `{"do":"sleep","millis":1000}`) }()
	f.log.await(t, func(lines []string) bool { return strings.HasPrefix(lines[len(lines)-1], "START ") && len(lines) > 3 })
	f.reset(t, "1")
	after := f.ask(t, "acme", `{}`)
	if after.PID == before.PID || !slices.Contains(after.Env, "RESET=1") {
		t.Errorf("an old runtime handled an invocation after the reset")
	}
	inFlight := <-slow
	if inFlight.PID != before.PID || inFlight.PID == after.PID {
		t.Errorf("the invocation that was being handled ran in %d, want %d", inFlight.PID, before.PID)
	}
	eventually(t, "the old runtime is gone", func() bool { return gone(before.PID) })
}

func TestRuntimeWithExtensionGetsSIGTERM(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme", func(in *awslambda.CreateFunctionInput) {
		in.Environment = &types.Environment{Variables: map[string]string{"SIGTERM": "yes"}}
	})
	r := f.ask(t, "acme", `{}`)
	eventually(t, "the runtime is frozen", func() bool { return stopped(t, r.PID) })
	if _, err := f.lambda.DeleteFunction(t.Context(), &awslambda.DeleteFunctionInput{FunctionName: aws.String("acme")}); err != nil {
		t.Fatal(err)
	}
	f.log.await(t, func(lines []string) bool { return slices.Contains(lines, "terminated\n") })
	eventually(t, "the runtime is gone", func() bool { return gone(r.PID) })
}

func TestCloseEndsEverything(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme")
	idle := f.ask(t, "acme", `{}`)
	var child int
	if _, err := fmt.Sscan(string(f.invoke(t, "acme", `{"do":"child"}`).Payload), &child); err != nil {
		t.Fatal(err)
	}
	var waiting sync.WaitGroup
	waiting.Go(func() { f.invoke(t, "acme", `{"do":"sleep","millis":60000}`) })
	f.log.await(t, func(lines []string) bool { return strings.HasPrefix(lines[len(lines)-1], "START ") && len(lines) > 6 })
	if err := f.service.Close(); err != nil {
		t.Fatal(err)
	}
	waiting.Wait()
	for _, pid := range []int{idle.PID, child} {
		eventually(t, fmt.Sprintf("process %d is gone", pid), func() bool { return gone(pid) || zombie(pid) })
	}
}

// zombie tells whether a process has ended and only its parent, here whoever adopts orphans, does not know yet.
func zombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(stat), ") ")
	return err != nil || strings.HasPrefix(rest, "Z")
}

func TestReservedConcurrencyThrottles(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme")
	reserve := func(n int32) {
		t.Helper()
		_, err := f.lambda.PutFunctionConcurrency(t.Context(), &awslambda.PutFunctionConcurrencyInput{
			FunctionName: aws.String("acme"), ReservedConcurrentExecutions: &n,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	throttled := func() bool {
		t.Helper()
		_, err := f.lambda.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: aws.String("acme")})
		tooMany, ok := errors.AsType[*types.TooManyRequestsException](err)
		if ok && (tooMany.Reason != types.ThrottleReasonReservedFunctionConcurrentInvocationLimitExceeded || *tooMany.Message != "Rate Exceeded.") {
			t.Errorf("got %s: %s", tooMany.Reason, *tooMany.Message)
		}
		return ok
	}
	reserve(1)
	if throttled() {
		t.Error("throttled although nothing runs")
	}
	var running sync.WaitGroup
	running.Go(func() { f.invoke(t, "acme", `{"do":"sleep","millis":1500}`) })
	f.log.await(t, func(lines []string) bool { return len(lines) == 4 })
	if !throttled() {
		t.Error("not throttled although one runs")
	}
	running.Wait()
	reserve(0)
	if !throttled() {
		t.Error("not throttled although the function is stopped")
	}
	out, err := f.lambda.Invoke(t.Context(), &awslambda.InvokeInput{FunctionName: aws.String("acme"), InvocationType: types.InvocationTypeDryRun})
	if err != nil || out.StatusCode != 204 {
		t.Errorf("dry run: got %v, %v", out, err)
	}
	if _, err := f.lambda.DeleteFunctionConcurrency(t.Context(), &awslambda.DeleteFunctionConcurrencyInput{FunctionName: aws.String("acme")}); err != nil {
		t.Fatal(err)
	}
	event, err := f.lambda.Invoke(t.Context(), &awslambda.InvokeInput{
		FunctionName: aws.String("acme"), InvocationType: types.InvocationTypeEvent, Payload: []byte(`{"do":"print","text":"in the background"}`),
	})
	if err != nil || event.StatusCode != 202 {
		t.Errorf("event: got %v, %v", event, err)
	}
	f.log.await(t, func(lines []string) bool { return slices.Contains(lines, "in the background\n") })
}

func TestVersionsKeepTheirRuntimes(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme", func(in *awslambda.CreateFunctionInput) { in.Publish = true })
	one := f.ask(t, "acme:1", `{}`)
	f.reset(t, "2")
	published, err := f.lambda.PublishVersion(t.Context(), &awslambda.PublishVersionInput{FunctionName: aws.String("acme")})
	if err != nil || *published.Version != "2" || *published.FunctionArn != "arn:aws:lambda:eu-west-1:000000000000:function:acme:2" {
		t.Fatalf("got %+v, %v", published, err)
	}
	again, err := f.lambda.PublishVersion(t.Context(), &awslambda.PublishVersionInput{FunctionName: aws.String("acme")})
	if err != nil || *again.Version != "2" {
		t.Fatalf("published again without a change: got %+v, %v", again, err)
	}
	_, err = f.lambda.CreateAlias(t.Context(), &awslambda.CreateAliasInput{
		FunctionName: aws.String("acme"), Name: aws.String("live"), FunctionVersion: aws.String("1"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if r := f.ask(t, "arn:aws:lambda:eu-west-1:000000000000:function:acme:live", `{}`); r.PID != one.PID {
		t.Error("the alias does not lead to the runtime of version 1")
	}
	_, err = f.lambda.UpdateAlias(t.Context(), &awslambda.UpdateAliasInput{
		FunctionName: aws.String("acme"), Name: aws.String("live"), FunctionVersion: aws.String("2"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if r := f.ask(t, "000000000000:function:acme:live", `{}`); r.PID == one.PID || !slices.Contains(r.Env, "RESET=2") {
		t.Error("the alias does not lead to version 2")
	}
}

func TestUpdateFunctionCodeRunsTheNewImage(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme")
	f.images[repository+":2"] = image(t, v1.Config{Entrypoint: []string{"app"}, Cmd: []string{"second"}, Env: []string{"PATH=/none:/opt"}},
		layer(t, entry{name: "opt/app", content: binary}))
	out, err := f.lambda.UpdateFunctionCode(t.Context(), &awslambda.UpdateFunctionCodeInput{
		FunctionName: aws.String("acme"), ImageUri: aws.String(repository + ":2"),
	})
	if err != nil || out.LastUpdateStatus != types.LastUpdateStatusInProgress {
		t.Fatalf("got %+v, %v", out, err)
	}
	waiter := awslambda.NewFunctionUpdatedV2Waiter(f.lambda, func(o *awslambda.FunctionUpdatedV2WaiterOptions) { o.MinDelay = time.Millisecond })
	get, err := waiter.WaitForOutput(t.Context(), &awslambda.GetFunctionInput{FunctionName: aws.String("acme")}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	digest, _ := f.images[repository+":2"].Digest()
	if *get.Code.ResolvedImageUri != repository+"@"+digest.String() || *get.Configuration.CodeSha256 != digest.Hex {
		t.Errorf("got %s with digest %s", *get.Code.ResolvedImageUri, *get.Configuration.CodeSha256)
	}
	if r := f.ask(t, "acme", `{}`); !slices.Equal(r.Args, []string{"app", "second"}) {
		t.Errorf("got arguments %q", r.Args)
	}
}

func TestIdleRuntimeEndsAfterAWhile(t *testing.T) {
	t.Parallel()
	f := start(t, func(c *lambda.Config) { c.IdleTimeout = time.Millisecond })
	f.create(t, "acme")
	first := f.ask(t, "acme", `{}`)
	eventually(t, "the idle runtime is gone", func() bool { return gone(first.PID) })
	if second := f.ask(t, "acme", `{}`); second.PID == first.PID {
		t.Error("a runtime that is gone handled an invocation")
	}
}

func TestRuntimeThatIsKilledWhileIdleIsReplaced(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme")
	first := f.ask(t, "acme", `{}`)
	if err := syscall.Kill(first.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the runtime is gone", func() bool { return gone(first.PID) })
	if second := f.ask(t, "acme", `{}`); second.PID == first.PID {
		t.Error("a runtime that is gone handled an invocation")
	}
}

func TestLineWithoutEndBelongsToItsInvocation(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme")
	r := f.ask(t, "acme", `{"do":"write","text":"no end"}`)
	if got := strings.Join(f.log.await(t, func(lines []string) bool { return len(lines) == 4 }), ""); !strings.Contains(got, "\nno end\nEND RequestId: "+r.RequestID) {
		t.Errorf("got log %s", got)
	}
}

func TestRuntimeEndsWithoutWhatLeftIt(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme")
	var detached int
	if _, err := fmt.Sscan(string(f.invoke(t, "acme", `{"do":"detach"}`).Payload), &detached); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(-detached, syscall.SIGKILL) }) // ended by the broken pipe already, if all went well
	f.log.await(t, func(lines []string) bool { return slices.Contains(lines, "chatter\n") })
	if out := f.invoke(t, "acme", `{"do":"exit","millis":7}`); !strings.Contains(string(out.Payload), "exit status 7") {
		t.Errorf("got %s", out.Payload)
	}
}

func TestLogsInJSON(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme", func(in *awslambda.CreateFunctionInput) {
		in.LoggingConfig = &types.LoggingConfig{LogFormat: types.LogFormatJson, LogGroup: aws.String("shared")}
	})
	f.ask(t, "acme", `{"do":"print","text":"{\"level\":\"INFO\"}"}`)
	lines := f.log.snapshot()
	if len(lines) != 4 || !strings.HasPrefix(lines[0].stream, "shared ") {
		t.Fatalf("got %v", lines)
	}
	for i, pattern := range []string{
		`^{"record":{"requestId":"[0-9a-f-]+","version":"\$LATEST"},"time":"[^"]+Z","type":"platform.start"}\n$`,
		`^{"level":"INFO"}\n$`, `^{"level":"INFO"}\n$`,
		`^{"record":{"metrics":{"billedDurationMs":\d+,"durationMs":[\d.]+,"initDurationMs":[\d.]+,"maxMemoryUsedMB":\d+,"memorySizeMB":128},` +
			`"requestId":"[0-9a-f-]+","status":"success"},"time":"[^"]+Z","type":"platform.report"}\n$`,
	} {
		if !regexp.MustCompile(pattern).MatchString(lines[i].message) {
			t.Errorf("line %d: got %s, want %s", i, lines[i].message, pattern)
		}
	}
}
