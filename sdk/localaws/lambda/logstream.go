package lambda

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/logs"
)

// logStream is where one runtime logs.
type logStream struct {
	logs   Logs
	region string
	group  string
	name   string
	json   bool // the function's LogFormat
}

func newLogStream(d *deployment) *logStream {
	return &logStream{
		logs:   d.service.config.Logs,
		region: d.region,
		group:  d.logging.LogGroup,
		name: fmt.Sprintf("%s/[%s]%s", time.Now().UTC().Format("2006/01/02"), d.version,
			strings.ReplaceAll(uuid.NewString(), "-", "")),
		json: d.logging.LogFormat == "JSON",
	}
}

func (l *logStream) put(message string) {
	l.logs.Put(l.region, l.group, l.name, logs.Event{Time: time.Now(), Message: message})
}

// platform writes one of Lambda's own lines and returns it: text, or a record of the kind in JSON.
func (l *logStream) platform(text, kind string, record map[string]any) string {
	message := text
	if l.json {
		encoded, err := json.Marshal(map[string]any{
			"time": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), "type": kind, "record": record,
		})
		if err == nil { // strings and numbers always encode
			message = string(encoded) + "\n"
		}
	}
	if message != "" {
		l.put(message)
	}
	return message
}

func (l *logStream) start(i *invocation, version string) {
	i.log(l.platform(fmt.Sprintf("START RequestId: %s Version: %s\n", i.requestID, version), "platform.start",
		map[string]any{"requestId": i.requestID, "version": version}))
}

// failure tells of an end that the function did not report itself.
func (l *logStream) failure(i *invocation, f *functionError) {
	if f == nil || f.status == "" || l.json { // in JSON the report says it
		return
	}
	message := fmt.Sprintf("RequestId: %s Error: %s\n%s\n", i.requestID, f.reason, f.kind)
	if f.status == "timeout" {
		message = fmt.Sprintf("%s %s %s\n\n", time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), i.requestID, f.reason)
	}
	l.put(message)
	i.log(message)
}

// report ends the log of an invocation. initialized is how long the runtime took to start for it, 0 if it was warm.
func (l *logStream) report(i *invocation, d *deployment, took, initialized time.Duration, memory int, f *functionError) {
	if !l.json {
		i.log(l.platform(fmt.Sprintf("END RequestId: %s\n", i.requestID), "", nil))
	}
	billed := math.Ceil(milliseconds(took + initialized))
	text := fmt.Sprintf("REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %.0f ms\tMemory Size: %d MB\tMax Memory Used: %d MB\t",
		i.requestID, milliseconds(took), billed, d.memory, memory)
	metrics := map[string]any{
		"durationMs": round(milliseconds(took)), "billedDurationMs": billed, "memorySizeMB": d.memory, "maxMemoryUsedMB": memory,
	}
	record := map[string]any{"requestId": i.requestID, "metrics": metrics, "status": "success"}
	if initialized > 0 {
		text += fmt.Sprintf("Init Duration: %.2f ms\t", milliseconds(initialized))
		metrics["initDurationMs"] = round(milliseconds(initialized))
	}
	if f != nil {
		record["status"] = "error"
		if f.kind != "" {
			record["errorType"] = f.kind
		}
	}
	if f != nil && f.status != "" {
		record["status"] = f.status
		text += "Status: " + f.status + "\t"
		if f.status == "error" {
			text += "Error Type: " + f.kind + "\t"
		}
	}
	i.log(l.platform(text+"\n", "platform.report", record))
}

// initFailed tells how an initialization ended that did not succeed, in the phase "init" or, retried, "invoke".
func (l *logStream) initFailed(phase string, took time.Duration, f *functionError) {
	text := fmt.Sprintf("INIT_REPORT Init Duration: %.2f ms\tPhase: %s\tStatus: %s\t", milliseconds(took), phase, f.initStatus())
	if f.initStatus() == "error" {
		text += "Error Type: " + f.kind
	}
	l.platform(text+"\n", "platform.initReport", map[string]any{
		"initializationType": "on-demand", "phase": phase, "status": f.initStatus(), "errorType": f.kind,
		"metrics": map[string]any{"durationMs": round(milliseconds(took))},
	})
}

func (f *functionError) initStatus() string {
	if f.status == "" {
		return "error"
	}
	return f.status
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func round(ms float64) float64 { return math.Round(ms*1000) / 1000 }
