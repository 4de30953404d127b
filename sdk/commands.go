package sdk

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// parse reads a command's flags. What is wrong with them is a usageError.
func parse(flags *flag.FlagSet, args []string, io console) error {
	flags.SetOutput(io.stderr)
	err := flags.Parse(args)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return err
	}
	return &usageError{err.Error()}
}

// runHandlers lists what is registered. Images are labelled with its JSON at build time, so it depends on nothing but the code.
func runHandlers(_ context.Context, a *App, args []string, io console) error {
	flags := flag.NewFlagSet("backend handlers", flag.ContinueOnError)
	asJSON := flags.Bool("json", false, "print JSON")
	if err := parse(flags, args, io); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return &usageError{"backend handlers takes no arguments"}
	}
	if *asJSON {
		return json.NewEncoder(io.stdout).Encode(a.Describe())
	}
	table := tabwriter.NewWriter(io.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "HANDLER\tTIMEOUT\tBATCH SIZE\tSENDS TO\tEVENTS")
	described := a.Describe()
	for _, name := range a.handlerNames() {
		h := described.Handlers[name]
		timeout, batchSize := "-", "-"
		if h.Timeout > 0 {
			timeout = (time.Duration(h.Timeout) * time.Second).String()
		}
		if h.BatchSize > 0 {
			batchSize = strconv.Itoa(h.BatchSize)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n",
			name, timeout, batchSize, cmp.Or(strings.Join(h.SendTo, " "), "-"), strings.Join(h.Events, " "))
	}
	return table.Flush()
}

// runSend sends one event and prints its ID.
func runSend(ctx context.Context, _ *App, args []string, io console) error {
	flags := flag.NewFlagSet("backend send", flag.ContinueOnError)
	id := flags.String("id", rand.Text(), "the event's `ID`")
	group := flags.String("group", "", "the event's `group`, which FIFO queues need")
	delay := flags.Duration("delay", 0, "hide the event for this time, 15m at most")
	if err := parse(flags, args, io); err != nil {
		return err
	}
	if flags.NArg() < 2 || flags.NArg() > 3 {
		return &usageError{"backend send takes the label of a queue, an event type, and data as JSON or \"-\" for standard input"}
	}
	data, err := sendData(flags.Arg(2), io.stdin)
	if err != nil {
		return err
	}
	options := []SendOption{WithID(*id), WithDelay(*delay), WithGroup(*group)}
	if err := Send(ctx, flags.Arg(0), flags.Arg(1), data, options...); err != nil {
		return err
	}
	_, err = fmt.Fprintln(io.stdout, *id)
	return err
}

// sendData is the JSON that an argument of "backend send" stands for, or nil.
func sendData(argument string, stdin io.Reader) (any, error) {
	data := []byte(argument)
	switch argument {
	case "":
		return nil, nil
	case "-":
		var err error
		if data, err = io.ReadAll(stdin); err != nil {
			return nil, fmt.Errorf("read the event's data from standard input: %w", err)
		}
	}
	if !json.Valid(data) {
		return nil, &usageError{"the event's data is not JSON"}
	}
	return json.RawMessage(data), nil
}
