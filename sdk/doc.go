// Package sdk is the inside of an app: one Go binary that serves HTTP, and on AWS Lambda handles the events of its queues.
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
//		return sdk.Send(ctx, "jobs", "run.requested", Run{Commit: e.Data.After})
//	}
//
// # Which code runs
//
// In Lambda, [App.Main] runs the handler that the environment variable HANDLER names. Everywhere else the command line
// decides: "acme backend server" serves, "acme backend handlers" lists what is registered, "acme backend send" sends one
// event, and [Command] adds more.
//
// # Secrets
//
// Before any of the app's own code, each key of the JSON objects in the secrets that SECRETS_MANAGER_ENVIRONMENT_VARIABLE_KEYS lists
// becomes an environment variable; a secret that cannot be loaded ends the start with a [*SecretError]. Package-level variables are
// initialised earlier still, so read such variables inside functions. [SecretsTTL] has old secrets loaded again at the start of an
// invocation, [RefreshSecrets] at once, and [OnSecretsChange] tells what changed. [EnvironmentWins] leaves alone what is there already.
//
// # Messages and batches
//
// Lambda hands over messages in batches; handlers never see them. Up to [Concurrency] messages of a batch are handled at the
// same time, so handler functions must be safe for concurrent use. On a FIFO queue the messages of one group are handled one
// after the other, and when one of them fails, the rest of its group waits for it. The answer to Lambda names exactly the
// messages that failed: no failure, panic or timeout makes another message come again. Only what ends the whole process does,
// such as a panic in a goroutine that was not started with [Go].
//
// What a handler function returns decides what happens to its message:
//
//   - nil: it is done and leaves the queue;
//   - [Permanent]: it goes to the queue's dead-letter queue at once, with the error in its attributes;
//   - [RetryAfter]: it comes again after that time;
//   - any other error, a panic, or no return before the deadline: it comes again after attempt⁴ seconds, at most an hour,
//     ±25 % (1 s, 16 s, 81 s, 256 s, …), until the queue's redrive policy moves it to the dead-letter queue.
//
// An event that cannot be decoded, or whose type the handler has no function for, fails permanently.
//
// # Deadlines
//
// The context of a handler function ends at the handler's [Timeout], and in any case a tenth of the function's timeout, at most
// 500 ms (see [Margin]), before Lambda would end the invocation. Messages that have not been started by then go back to the queue.
// A function that ignores the end of its context is left behind: its message counts as failed, the others are not touched.
//
// SQS counts receives, not starts. A message that was not started, for want of time or because of a failure before it in its
// group, is one receive nearer to the dead-letter queue. Batches should therefore fit into the function's timeout, and a FIFO
// queue whose messages may fail for long needs a batch size of 1, or those behind a message end with it.
//
// # Events
//
// [Send] and [SendAll] write CloudEvents 1.0 in JSON, and try again what SQS rejects for the moment. A handler whose message comes again
// sends again: give events IDs that derive from the event being handled ([WithID]), so that their consumers, and FIFO queues, can tell.
// Handlers understand these, EventBridge events (the detail-type is the event's type),
// SNS notifications around any of them, and bare bodies whose type is in the message attribute "type".
package sdk
