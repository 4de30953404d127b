package sdk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/lambda-land/terraform-provider-handler/sdk/internal/environ"
)

// runtimeAPI is the variable with the address of Lambda's Runtime API. Nothing but Lambda sets it.
const runtimeAPI = "AWS_LAMBDA_RUNTIME_API"

func inLambda() bool { return os.Getenv(runtimeAPI) != "" }

// Reasons why a function cannot start, as Lambda shows them.
const (
	invalidApp     = "Config.InvalidApp"
	invalidQueues  = "Config.InvalidQueues"
	unknownHandler = "Config.UnknownHandler"
)

// configError is an error in what surrounds the app, with its kind as Lambda's telemetry and logs show it.
type configError struct {
	kind string // "Category.Reason"
	err  error
}

func (e *configError) Error() string { return e.err.Error() }
func (e *configError) Unwrap() error { return e.err }

// How long an app may take to get ready, so that it can still report a failure within the time that Lambda gives it: 10 s on demand, at
// least 130 s with provisioned concurrency and on Managed Instances.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib
const (
	initTime     = 9 * time.Second
	longInitTime = 2 * time.Minute
)

func initTimeout() time.Duration {
	switch os.Getenv("AWS_LAMBDA_INITIALIZATION_TYPE") {
	case "", "on-demand":
		return initTime
	}
	return longInitTime
}

// serveLambda runs the handler that HANDLER names. Where aws-lambda-go only exits, it tells Lambda why a function cannot start.
func (a *App) serveLambda(ctx context.Context, lines *output) error {
	limitMemory()
	handler, err := a.initLambda(ctx, lines)
	if err != nil {
		if reportErr := reportInitError(ctx, err); reportErr != nil {
			return errors.Join(err, reportErr)
		}
		return err
	}
	options := []lambda.Option{lambda.WithContext(ctx)}
	if len(a.onShutdown) > 0 {
		options = append(options, lambda.WithEnableSIGTERM(func() {
			a.shutdown(a.Context(ctx))
			if lambdacontext.MaxConcurrency() <= 1 { // or else invocations may be running, which have the rest of the 500 ms
				os.Exit(0)
			}
		}))
	}
	lambda.StartWithOptions(handler, options...)
	return errors.New("the Lambda loop ended") // it exits the process instead
}

func (a *App) initLambda(ctx context.Context, lines *output) (*invoker, error) {
	ctx = a.Context(ctx)
	limited, cancel := context.WithTimeout(ctx, initTimeout())
	defer cancel()
	if err := a.loadSecrets(limited); err != nil {
		return nil, err
	}
	if _, err := environ.ParseQueues(os.Getenv("HANDLER_QUEUES")); err != nil {
		return nil, &configError{invalidQueues, err}
	}
	h, err := a.handler(os.Getenv("HANDLER"))
	if err != nil {
		return nil, &configError{unknownHandler, fmt.Errorf("the environment variable HANDLER must name a handler: %w", err)}
	}
	if err := a.initWithin(limited, ctx); err != nil {
		return nil, err
	}
	return &invoker{app: a, handler: h, logger: newLogger(lines), lines: lines, thawing: &thawing{idle: now()}}, nil
}

// reportInitError tells Lambda why the function cannot start.
func reportInitError(ctx context.Context, cause error) error {
	kind := "Runtime.InitError"
	if configured, ok := errors.AsType[*configError](cause); ok {
		kind = configured.kind
	}
	body, err := json.Marshal(map[string]any{"errorMessage": cause.Error(), "errorType": kind, "stackTrace": []string{}})
	if err != nil {
		return err
	}
	url := "http://" + os.Getenv(runtimeAPI) + "/2018-06-01/runtime/init/error"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("report the failed start to Lambda: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Lambda-Runtime-Function-Error-Type", kind)
	client := http.Client{Transport: &http.Transport{}, Timeout: time.Second} // no proxy: the API is on this machine
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("report the failed start to Lambda: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // nothing is read from it
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("report the failed start to Lambda: it answered %s", response.Status)
	}
	return nil
}
