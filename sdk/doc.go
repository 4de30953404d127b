// Package sdk is the inside of an app: one Go binary that serves HTTP, and on AWS Lambda handles the events of its SQS queues.
//
//	func main() {
//		app := sdk.New("acme",
//			sdk.Server(serve),
//			sdk.Handler("webhooks",
//				sdk.On("github.push", onPush),
//				sdk.On("github.*", onAnyOther),
//				sdk.SendsTo("jobs"),
//			),
//			sdk.Handler("jobs", sdk.On("run.requested", run), sdk.Timeout(time.Minute)),
//		)
//		app.Main()
//	}
//
//	func onPush(ctx context.Context, e sdk.Event[Push]) error {
//		return sdk.Send(ctx, "jobs", "run.requested", Run{Commit: e.Data.After}, sdk.WithID(e.ID+"-run"))
//	}
//
// # Which code runs
//
// In Lambda, [App.Main] runs the handler that the environment variable HANDLER names. Elsewhere the command line decides:
//
//	acme backend server                    runs the server
//	acme backend handlers [-json]          lists what is registered
//	acme backend send QUEUE TYPE [JSON|-]  sends one event
//	acme backend NAME                      runs what Command has added, such as local-drain
//
// Mistakes in how the app is put together, such as two functions for one event type, make [New] panic with all of them at once.
// Options go where they apply: to [New], [Handler] or [On]. [Timeout], [Backoff], [Strict] and [LogData] go to a handler, for all of its
// events, or to one event; the event's Timeout and Backoff win.
//
// A runtime gets ready in this order: package variables and main; secrets; HANDLER_QUEUES and HANDLER; [OnInit]. What fails of that is
// reported to Lambda as the reason why the function cannot start: Config.InvalidApp, Config.InvalidQueues, Config.UnknownHandler,
// App.InitFailed, or the kind of a [SecretError]. Secrets and OnInit have 9 s together, as Lambda allows 10, or two minutes with
// provisioned concurrency and on Managed Instances. Go's memory limit is 90 % of
// the function's memory, unless GOMEMLIMIT is set.
//
// # Secrets
//
// SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS lists secrets by ARN or name, separated by commas. Each is a JSON object, and each of its
// keys becomes an environment variable: strings as they are, other values as their JSON; null is a mistake. Either all variables are set or
// none. They win over what the environment has, unless the app has [EnvironmentWins].
//
// Secrets are there for [OnInit], handlers, the server and commands, except "backend handlers". They are not there yet for main and for
// package variables: read the environment inside functions.
//
// A warm runtime keeps what it has loaded. [SecretsTTL] has an invocation that finds secrets too old load them again before its first
// message, [RefreshSecrets] loads them at once, say after an authentication error, and [OnSecretsChange] is told what changed. A failed
// refresh leaves the old values in place.
//
// # Messages and batches
//
// Lambda hands over messages in batches; handler functions never see them. Up to [Concurrency] messages of a batch are handled at the
// same time, 10 unless set, so functions must be safe for concurrent use. On a FIFO queue the messages of one group are handled one
// after the other, and when one of them is to come again, the rest of its group waits for it. [BatchSize] declares how many messages
// an invocation should bring; the app itself takes any number.
//
// The answer to Lambda names exactly the messages that failed: no failure, panic or timeout makes another message come again. Only what
// ends the whole process does, such as a panic in a goroutine that was not started with [Go].
//
// SQS delivers at least once. A function may get an event twice, and tells by its ID and Source.
//
// # Routing and envelopes
//
// The function registered for an event's exact type handles it, or else the one for the longest prefix, such as "github.*", or "*". An
// [Alias] is a further exact type of a function. Data is decoded from JSON into the type that the function asks for; with [Strict], members
// that the type does not have are an error. Numbers in values of an interface type become [encoding/json.Number]. With
// [encoding/json.RawMessage] data stays as it is. An event without data leaves the zero value.
//
// The event in a message is found by what the body is, the first of:
//
//  1. a CloudEvent of version 1 in JSON, as [Send] writes it: there is a member "specversion";
//  2. an EventBridge event: there are "detail-type", which is the event's type, "source" and "detail", its data;
//  3. an SNS notification, whose "Message" is one of the others, a bare body with the notification's attribute "type";
//  4. any other body, the data, whose type is in the message attribute "type", or the handler's [DefaultType]. What is no JSON
//     becomes a JSON string.
//
// A bare body has the message's ID and time, and the queue's ARN as its source; in a notification, those of the notification and the topic.
//
// A message that is none of these, data that does not fit the type ([DecodeError]), and a type that no function is registered for
// ([UnknownTypeError]) are what the handler has no use for. [Unhandled] decides what becomes of it: [DeadLetter] sends it to the
// dead-letter queue at once, as is done unless set; [Fail] retries it as after any other error; [Drop] takes it off the queue.
//
// [MessageFrom] returns the SQS message behind an event, with its attributes, group and queue.
//
// # Middleware
//
// [Use] adds [Middleware] to an app, a handler or an event. The app's is the outermost. It sees the data as JSON and all of the outcome:
// the function's error, or its panic, and the errors of what it started with [Go]. It sees data that does not fit fail, but neither
// messages that are no event nor unknown types. [HandlerName] tells where it is. [Options] bundles middleware with the hooks it needs.
//
// # Errors and retries
//
// What a handler function returns decides what becomes of its message:
//
//   - nil: it is done and leaves the queue;
//   - [Permanent]: it goes to the queue's dead-letter queue at once;
//   - [RetryAfter]: it comes again after that time;
//   - any other error, a panic, or no return before the deadline: it comes again after 6^(attempt-1) seconds, at most an hour,
//     ±25 % (1 s, 6 s, 36 s, 216 s, …), or after what [Backoff] says, until the queue's redrive policy moves it to the dead-letter queue.
//
// One permanent error among those of a function and its goroutines is enough. A delay is at most 11½ hours, and ends before
// the queue's retention period does. If it cannot be set, the message comes again when its visibility timeout ends.
//
// In the dead-letter queue the message is as it came, with the attributes dead-letter-reason (the error), dead-letter-handler and
// dead-letter-source (the queue's ARN), as far as SQS's limits leave room. If it cannot be sent there, say because there is no such queue,
// it is retried.
//
// Errors have types, for [errors.AsType]: [PermanentError], [RetryError], [DecodeError], [UnknownTypeError] and [PanicError], with the
// stack, for messages; [SendError] and [UnknownQueueError] for sending; [SecretError]. Messages that no function returned an error for
// fail with [ErrNotReturned], [ErrGoexit], [ErrNoTime] or [ErrGroupFailed].
//
// # Deadlines
//
// The context of a handler function ends at the [Timeout] of its handler or event, and in any case a [Margin] before Lambda would end
// the invocation: a tenth of the invocation's time unless set, but at most 500 ms, and never more than a quarter. Messages
// that have not been started by then go back to the queue, and come again at once. [InvocationDeadline] tells when Lambda ends it all.
//
// A function that ignores the end of its context for half of the margin is left behind: its message counts as failed, the others are
// not touched.
//
// SQS counts receives, not starts. A message that was not started, for want of time or because of a failure before it in its
// group, is one receive nearer to the dead-letter queue. Batches should therefore fit into the function's timeout, and a FIFO
// queue whose messages may fail for long needs a [BatchSize] of 1, or those behind a message end with it.
//
// # The life of a runtime
//
//	OnInit      once, before the first invocation, or before the server or command
//	OnThaw      in Lambda, before an invocation, if the runtime had nothing to do for more than 10 s
//	OnFreeze    at the end of each invocation, before the answer to Lambda
//	OnShutdown  once, when Lambda throws the runtime away, or after the server or command
//
// Lambda freezes a runtime between invocations: timers stand still, peers close connections. Goroutines should therefore end with
// their message. [Go] starts one that the message waits for, and fails with; with the context of a server or command, the app waits for it.
//
// After a freeze, idle connections are closed: those of [net/http.DefaultTransport] and [net/http.DefaultClient], of the app's own AWS
// clients, and of what was given to [CloseOnThaw], [Transports] or [LimitPool], which also gives a database's pool the limits that a
// function needs. [OnThaw] is then told how long the freeze was. [OnFreeze] is where buffered telemetry is flushed, in at most 10 s and
// before the margin is used up. [OnShutdown] has 400 ms, and is not called at all when a runtime crashes or times out. A function of these
// three that takes longer than it has is left behind; one that panics is logged.
//
// # Sending
//
// [Send] and [SendAll] write CloudEvents to the queues that HANDLER_QUEUES names by label ("jobs=https://…,audit=https://…"), from any
// context that the app gave out ([App.Context] makes one for code that none was given to). A handler declares its labels with [SendsTo],
// for Terraform's plan and for tests.
//
// A handler whose message comes again sends again: give events IDs that derive from the event being handled ([WithID]), so that their
// consumers, and FIFO queues, can tell. [WithGroup], [WithDeduplicationID], [WithDelay] and [WithTime] say more about an event.
//
// [SendAll] fills calls to SQS's limits of 10 events and 1 MiB. If one of the events could never be sent, none is. What SQS rejects for the
// moment is tried again, up to three times within about two seconds. To a standard queue calls are made side by side, in no order. To a
// FIFO queue they are made one after the other, and after an event that was not sent nothing more of its group is. A [*SendError] says
// which events were not sent; the others were.
//
// # Logs and metrics
//
// [Logger] gives the logger of a context. It writes JSON lines to standard output, with the names that Lambda has for them:
//
//	timestamp, level, message                            in each line
//	handler, requestId                                   in those of an invocation
//	queue, messageId, eventId, type, attempt             in those about a message, also the function's own
//	outcome, durationMs, ageMs, retryAfterSeconds,       in the one line "event settled" that each message leaves
//	data, error, stack
//
// The outcome is handled (level INFO), retried or dropped (WARN), or dead-lettered (ERROR). durationMs is how long the handling took, ageMs
// how long ago the event's time is. retryAfterSeconds is there if the message comes again, stack after a panic. data is there only with
// [LogData], since data tends to hold what logs must not.
//
// LOG_LEVEL is the least level that is written, or else AWS_LAMBDA_LOG_LEVEL, which Lambda sets for functions whose log format is JSON:
// TRACE, DEBUG, INFO, WARN, ERROR or FATAL, INFO unless set. Below the latter, Lambda drops lines whatever LOG_LEVEL says. Both are read
// before secrets are loaded.
//
// In Lambda, each invocation also writes metrics for each event type, in CloudWatch's embedded metric format, at any log level. Their
// namespace is the app's name, or what [Metrics] says; "" is none. Their dimensions are handler and type:
//
//	Handled, Failed                  messages by how their handling ended
//	Retried, DeadLettered, Dropped   what became of the failed ones
//	Unstarted                        messages given back without a call, for want of time or behind a failure in their group
//	Duration                         milliseconds that each message took to be handled
//	Age                              milliseconds from each event's time to the end of its handling
//	ColdStart                        1 in a runtime's first invocation; its dimension is handler
//
// Events count as the type or the prefix that they were registered by, aliases as their event, and what no function is for as "unknown".
//
// # Tracing
//
// [TraceHeader] returns the X-Ray header that came with the message, or else that of the invocation. [Send] passes it on, and so does
// the way to the dead-letter queue. Package sdkotel makes OpenTelemetry spans.
//
// # Many invocations at once
//
// Lambda usually gives a runtime one invocation at a time. With AWS_LAMBDA_MAX_CONCURRENCY, as on Lambda Managed Instances, it gives it
// several, and so does local-drain. Then up to [Concurrency] messages of each are handled at the same time, for all of which a pool needs
// connections. [OnThaw] is called only if no invocation was under way, [OnFreeze] at the end of each, while others may run. Of those
// that find secrets old, one loads them and the others go on.
//
// # Testing
//
// Package sdktest hands batches to a handler in a test, through the very code that runs in Lambda, and tells what became of each message
// and what was sent, without Lambda, queues or a network. It works in the fake time of [testing/synctest], and a goroutine that outlives
// its invocation fails the test.
//
// # Other packages
//
//   - idempotency: middleware that has each event handled once, with its entries in DynamoDB (dynamostore) or in memory;
//   - sdkotel: traces by OpenTelemetry, flushed before each freeze;
//   - localdrain: "backend local-drain", all handlers with their queues in one process on a laptop; never part of an image;
//   - secretenv: which secrets become which environment variables, as the provider's plans check them;
//   - localaws: an AWS on one port of the machine, on which all of it runs without an account.
package sdk
