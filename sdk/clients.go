package sdk

import "log/slog"

type clients struct{}

func (c *clients) logger() *slog.Logger { return slog.Default() }

type queueCache struct{}
