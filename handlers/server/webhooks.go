package server

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/lambda-land/terraform-provider-handler/sdk"
)

// maxBody is the largest webhook that is taken, in bytes. SQS takes messages of at most 1 MiB (1 048 576 bytes), of which the
// envelope around the webhook gets 1 KiB. GitHub itself stops at 25 MB. On the queue, as in all JSON that Go writes, each of
// the characters <, > and & takes six bytes; the limit holds there too.
const maxBody = 1<<20 - 1<<10

const tooLarge = "the payload does not fit a message of SQS, 1 MiB with its envelope"

// webhooks takes GitHub's webhooks. It answers
//
//	202  the event is on the queue webhooks
//	400  GitHub's headers are missing, or the body is no JSON object
//	401  the signature is missing or wrong
//	413  the body is larger than [maxBody]
//	503  the queue cannot be reached; GitHub shows the delivery as failed, and it can be sent again from there
type webhooks struct {
	key []byte
}

func (h webhooks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status, reply := h.take(w, r)
	answer(w, r, status, reply)
}

// take checks a webhook and sends it to the queue. It returns the status and text to answer with.
func (h webhooks) take(w http.ResponseWriter, r *http.Request) (int, string) {
	signature, ok := parseSignature(r.Header.Get("X-Hub-Signature-256"))
	if !ok {
		return http.StatusUnauthorized, "X-Hub-Signature-256 is missing or malformed: give the webhook a secret"
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return http.StatusRequestEntityTooLarge, tooLarge
		}
		return http.StatusBadRequest, "the payload broke off"
	}
	if !signed(h.key, body, signature) {
		return http.StatusUnauthorized, "X-Hub-Signature-256 does not match: the webhook's secret is another one"
	}
	event, delivery := r.Header.Get("X-GitHub-Event"), r.Header.Get("X-GitHub-Delivery")
	if !validEvent(event) || !validDelivery(delivery) {
		return http.StatusBadRequest, "X-GitHub-Event or X-GitHub-Delivery is missing or malformed"
	}
	data, ok := object(body)
	if !ok {
		return http.StatusBadRequest, "the payload is no JSON object: set the webhook's content type to application/json"
	}
	if len(data) > maxBody {
		return http.StatusRequestEntityTooLarge, tooLarge
	}
	return enqueue(r, "github."+event, delivery, data)
}

// enqueue sends the webhook to its queue. The delivery's ID becomes the event's, so that all that follows from it can tell
// when GitHub delivers it again.
func enqueue(r *http.Request, eventType, delivery string, data json.RawMessage) (int, string) {
	err := sdk.Send(r.Context(), "webhooks", eventType, data, sdk.WithID(delivery))
	if err != nil {
		sdk.Logger(r.Context()).ErrorContext(r.Context(), "webhook not queued",
			slog.String("type", eventType), slog.String("id", delivery), slog.Any("error", err))
		return http.StatusServiceUnavailable, "the queue cannot be reached: deliver again later"
	}
	return http.StatusAccepted, "accepted"
}

// object returns body as it will be on the queue. It tells whether body is JSON in UTF-8, and an object.
func object(body []byte) (json.RawMessage, bool) {
	data, err := json.Marshal(json.RawMessage(body))
	return data, err == nil && data[0] == '{' && utf8.Valid(data)
}

// validEvent tells whether event could be a name that GitHub gives an event.
func validEvent(event string) bool {
	return event != "" && len(event) <= 64 && strings.Trim(event, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// validDelivery tells whether delivery could be the ID of a delivery, which is a UUID.
func validDelivery(delivery string) bool {
	return delivery != "" && len(delivery) <= 64 &&
		strings.Trim(delivery, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}

// answer writes the answer to a request and logs it. Webhooks that are taken are logged at debug level only, as their handling
// has a line of its own.
func answer(w http.ResponseWriter, r *http.Request, status int, reply string) {
	level := slog.LevelDebug
	if status >= 400 {
		level = slog.LevelWarn
	}
	sdk.Logger(r.Context()).Log(r.Context(), level, "request answered", slog.String("path", r.URL.Path),
		slog.Int("status", status), slog.String("id", r.Header.Get("X-GitHub-Delivery")), slog.String("reply", reply))
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, reply+"\n") // a client that has gone needs no answer
}
