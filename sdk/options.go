package sdk

// AppOption is a part of an app: [Server], [Handler], [Command], [Use], [Metrics], [Transports], [EnvironmentWins], [SecretsTTL], or one
// of the hooks [OnInit], [OnThaw], [OnFreeze], [OnShutdown] and [OnSecretsChange]; or several of them as [Options].
type AppOption interface{ applyToApp(*App) }

// HandlerOption is a part of a handler: [On], [SendsTo], [BatchSize], [Concurrency], [Margin], [Unhandled],
// [DefaultType], [Use] or a
// [SharedOption].
type HandlerOption interface{ applyToHandler(*handler) }

// EventOption is a part of what [On] registers: [Alias], [Use] or a [SharedOption].
type EventOption interface{ applyToEvent(*route) }

// SharedOption is a part of a handler, for all its events, or of one event: [Timeout], [Backoff], [Strict] or [LogData].
type SharedOption interface {
	HandlerOption
	EventOption
}

// Options makes one part of several, in their order: packages that bring middleware and what it needs around it return that.
func Options(parts ...AppOption) AppOption {
	return appOption(func(a *App) {
		for _, part := range parts {
			part.applyToApp(a)
		}
	})
}

type appOption func(*App)

func (o appOption) applyToApp(a *App) { o(a) }

type handlerOption func(*handler)

func (o handlerOption) applyToHandler(h *handler) { o(h) }

type eventOption func(*route)

func (o eventOption) applyToEvent(r *route) { o(r) }

type sharedOption func(*handling) error

func (o sharedOption) applyToHandler(h *handler) {
	if err := o(&h.handling); err != nil {
		h.fail(err)
	}
}

func (o sharedOption) applyToEvent(r *route) {
	if err := o(&r.handling); err != nil {
		r.errs = append(r.errs, err)
	}
}
