package wire

import (
	"context"
	"encoding/xml"
	"log/slog"
	"net/http"
	"net/url"
)

// QueryOperation takes the form's parameters and returns a value whose XML fields are the members of the result, or nil.
type QueryOperation func(ctx context.Context, form url.Values) (any, error)

// QueryService serves the operations of one service that speaks AWS query: form parameters in, XML out.
type QueryService struct {
	Namespace  string // XML namespace, which names the API version
	Operations map[string]QueryOperation
	Log        *slog.Logger
}

type queryAnswer struct {
	XMLName   xml.Name
	Namespace string `xml:"xmlns,attr"`
	Result    any
	RequestID string `xml:"ResponseMetadata>RequestId"`
}

// queryResult names the element of a result after its action, whatever the type that holds its members.
type queryResult struct {
	name    string
	members any
}

func (r queryResult) MarshalXML(e *xml.Encoder, _ xml.StartElement) error {
	return e.EncodeElement(r.members, xml.StartElement{Name: xml.Name{Local: r.name}})
}

type queryError struct {
	XMLName   xml.Name `xml:"ErrorResponse"`
	Namespace string   `xml:"xmlns,attr"`
	Type      string   `xml:"Error>Type"`
	Code      string   `xml:"Error>Code"`
	Message   string   `xml:"Error>Message"`
	RequestID string   `xml:"RequestId"`
}

func (s *QueryService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		s.Fail(w, r, Errorf("MalformedInput", "%s", err))
		return
	}
	action := r.Form.Get("Action")
	operation, ok := s.Operations[action]
	if !ok {
		s.Log.WarnContext(r.Context(), "unsupported operation", "action", action)
		s.Fail(w, r, Errorf("InvalidAction", "The action %s is not supported by localaws.", action))
		return
	}
	result, err := operation(r.Context(), r.Form)
	if err != nil {
		s.Fail(w, r, err)
		return
	}
	answer := queryAnswer{
		XMLName:   xml.Name{Local: action + "Response"},
		Namespace: s.Namespace,
		RequestID: CallFrom(r.Context()).RequestID,
	}
	if result != nil {
		answer.Result = queryResult{name: action + "Result", members: result}
	}
	s.write(w, r, http.StatusOK, answer)
}

// Fail answers a request with an error.
func (s *QueryService) Fail(w http.ResponseWriter, r *http.Request, err error) {
	apiErr := AsError(err)
	kind := "Sender"
	if apiErr.HTTPStatus() >= http.StatusInternalServerError {
		kind = "Receiver"
		s.Log.ErrorContext(r.Context(), "operation failed", "action", r.Form.Get("Action"), "error", err)
	}
	s.write(w, r, apiErr.HTTPStatus(), queryError{
		Namespace: s.Namespace,
		Type:      kind,
		Code:      apiErr.Code,
		Message:   apiErr.Message,
		RequestID: CallFrom(r.Context()).RequestID,
	})
}

func (s *QueryService) write(w http.ResponseWriter, r *http.Request, status int, body any) {
	encoded, err := xml.Marshal(body)
	if err != nil {
		s.Log.ErrorContext(r.Context(), "encode answer", "error", err)
		status, encoded = http.StatusInternalServerError, nil
	}
	w.Header().Set("Content-Type", "text/xml")
	w.Header().Set("x-amzn-RequestId", CallFrom(r.Context()).RequestID)
	w.WriteHeader(status)
	_, _ = w.Write(encoded) // a client that hung up is no concern of ours
}
