// Package idempotency has each event handled once, although queues deliver at least once and senders send again.
//
//	store := dynamostore.New(os.Getenv("IDEMPOTENCY_TABLE"))
//	app := sdk.New("acme",
//		sdk.Handler("billing",
//			sdk.On("order.paid", charge, sdk.Use(idempotency.Middleware(store))),
//		),
//	)
//
// [Middleware] goes on an app, a handler or an event, by [sdk.Use]. For each event it makes an entry in a [Store] before the event is
// handled, and marks it as done afterwards. Package dynamostore keeps entries in a DynamoDB table; [Memory] keeps them in the process,
// for tests and for running handlers on one machine.
//
// # What happens to a message
//
//   - Nobody has handled its event: it is handled. If that succeeds, the entry is marked as done and kept for the [TTL]. If it fails,
//     for now or permanently, or panics, the entry is removed, so that the event can be handled when its message comes again or is
//     moved back from the dead-letter queue.
//   - The event was done before: the message leaves the queue as if it had been handled. The log says so at debug level.
//   - The event is being handled by somebody else, who may still fail: the message comes again a second after the other's entry
//     expires. This costs it one receive.
//   - The store cannot be asked: the message fails and is retried with backoff. Handling it all the same might handle it twice, and this
//     is what the middleware is there against. A store that knows better returns an error made by [sdk.RetryAfter] or [sdk.Permanent].
//
// An event counts as handled when the function and all goroutines that it started with [sdk.Go] have returned without an error.
// Middleware listed after this one is part of the handling, middleware listed before it is not, and sees a skipped event as a success.
//
// # Keys
//
// By default two events are the same if the same handler gets them and they have the same type, source and ID. CloudEvents defines
// it by the latter two. The name of the queue is not part of it: an event stays the same when it is moved back from a dead-letter queue or comes
// through a second queue. What follows from this:
//
//   - A handler that gets another name handles events again that it has handled.
//   - Apps whose handlers have the same names need a [Prefix] each, or tables of their own.
//   - A second Middleware around one event, say one on the app and one on the handler, needs a prefix too, or it finds the event in
//     progress, by the outer one.
//   - A message whose body is no CloudEvent, EventBridge event or SNS notification has the ID that SQS gave it. That recognises a message
//     which is delivered twice, not one which was sent twice.
//
// Where a sender gives one and the same order, payment or commit a new event ID each time, [Key] makes the key of the event's data.
//
// # How long an entry lives
//
// An entry in progress expires with the invocation that made it, as no code of it runs then: a killed or crashed invocation holds up its
// event no longer than it could have run. Outside Lambda, where invocations have no end, it expires after [DefaultLease].
//
// A function that ignores the end of its context is left behind with its entry in progress, and its message comes again when that has
// expired. Lambda may thaw such a function in a later invocation. If it then succeeds and nobody else has begun meanwhile, the event is
// done after all.
//
// # What it does not do
//
// It cannot make handling and marking one step: if the process ends in between, or the store fails then, the event is handled again.
// What must not happen twice under any circumstances needs the other side's help, such as a unique key in a database or the idempotency
// key of a payment service, for which the event's ID is a good value.
//
// Machines compare the expiry of entries to their own clocks; those of Lambda are less than a second apart.
package idempotency
