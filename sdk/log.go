package sdk

import (
	"io"
	"log/slog"
	"os"
	"strings"
)

// newLogger writes JSON lines at the level that LOG_LEVEL names, or else AWS_LAMBDA_LOG_LEVEL, which Lambda sets when the
// function's log format is JSON. Without either, or with a name that is no level, it is INFO.
func newLogger(w io.Writer) *slog.Logger {
	name := os.Getenv("LOG_LEVEL")
	if name == "" {
		name = os.Getenv("AWS_LAMBDA_LOG_LEVEL")
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: logLevel(name)}))
}

// logLevel understands slog's names and the two that only Lambda has.
func logLevel(name string) slog.Level {
	switch strings.ToUpper(name) {
	case "TRACE":
		return slog.LevelDebug - 4
	case "FATAL":
		return slog.LevelError + 4
	}
	level := slog.LevelInfo
	if level.UnmarshalText([]byte(name)) != nil {
		return slog.LevelInfo
	}
	return level
}
