package scheduler

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

// newRoutes maps the API's requests to operations. What is in the path or the query is put into the input by hand.
func (s *Service) newRoutes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("POST /schedules/{Name}", operation(s, scheduleInput, s.CreateSchedule))
	mux.Handle("PUT /schedules/{Name}", operation(s, scheduleInput, s.UpdateSchedule))
	mux.Handle("GET /schedules/{Name}", operation(s, nameInput, s.GetSchedule))
	mux.Handle("DELETE /schedules/{Name}", operation(s, nameInput, s.DeleteSchedule))
	mux.Handle("GET /schedules", operation(s, listInput, s.ListSchedules))
	mux.Handle("GET /schedule-groups", operation(s, listInput, s.ListScheduleGroups))
	mux.Handle("GET /schedule-groups/{Name}", operation(s, nameInput, s.GetScheduleGroup))
	mux.Handle("GET /tags/{ResourceArn...}", operation(s, tagsInput, s.ListTagsForResource))
	mux.Handle("POST /tags/{ResourceArn...}", operation(s, tagsInput, s.TagResource))
	mux.Handle("DELETE /tags/{ResourceArn...}", operation(s, tagsInput, s.UntagResource))
	mux.HandleFunc("/", s.serveUnknown)
	return mux
}

func (s *Service) serveUnknown(w http.ResponseWriter, r *http.Request) {
	s.log.WarnContext(r.Context(), "unsupported operation", "method", r.Method, "path", r.URL.Path)
	s.fail(w, r, wire.Errorf("UnknownOperationException", "The operation %s %s is not supported by localaws.", r.Method, r.URL.Path).
		WithStatus(http.StatusNotFound))
}

func scheduleInput(in *ScheduleInput, r *http.Request, _ url.Values) error {
	in.Name = r.PathValue("Name")
	return nil
}

func nameInput(in *NameInput, r *http.Request, query url.Values) error {
	in.Name, in.GroupName, in.ClientToken = r.PathValue("Name"), query.Get("groupName"), query.Get("clientToken")
	return nil
}

func listInput(in *ListInput, _ *http.Request, query url.Values) error {
	in.GroupName, in.NamePrefix, in.State = query.Get("ScheduleGroup"), query.Get("NamePrefix"), query.Get("State")
	in.NextToken, in.MaxResults = query.Get("NextToken"), maxPage
	if !query.Has("MaxResults") {
		return nil
	}
	var err error
	if in.MaxResults, err = strconv.Atoi(query.Get("MaxResults")); err != nil {
		return wire.Errorf("SerializationException", "%s is not a number", query.Get("MaxResults"))
	}
	return within(&in.MaxResults, "maxResults", 1, maxPage)
}

func tagsInput(in *TagsInput, r *http.Request, query url.Values) error {
	in.ResourceArn, in.TagKeys = r.PathValue("ResourceArn"), query["TagKeys"]
	return nil
}

// operation serves fn, whose input comes from the body and from what complete finds elsewhere in the request.
func operation[In, Out any](
	s *Service, complete func(*In, *http.Request, url.Values) error, fn func(context.Context, In) (Out, error),
) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in In
		out, err := func() (out Out, err error) {
			body, err := io.ReadAll(r.Body)
			if err == nil && len(body) > 0 {
				err = json.Unmarshal(body, &in)
			}
			if err != nil {
				return out, wire.Errorf("SerializationException", "%s", err)
			}
			if err := complete(&in, r, r.URL.Query()); err != nil {
				return out, err
			}
			return fn(r.Context(), in)
		}()
		if err != nil {
			s.fail(w, r, err)
			return
		}
		s.write(w, r, http.StatusOK, out)
	})
}

func (s *Service) fail(w http.ResponseWriter, r *http.Request, err error) {
	answer := wire.AsError(err)
	if _, ok := errors.AsType[*wire.Error](err); !ok {
		s.log.ErrorContext(r.Context(), "operation failed", "method", r.Method, "path", r.URL.Path, "error", err)
		answer.Code = "InternalServerException"
	}
	w.Header().Set("x-amzn-ErrorType", answer.Code)
	s.write(w, r, answer.HTTPStatus(), map[string]string{"Message": answer.Message})
}

func (s *Service) write(w http.ResponseWriter, r *http.Request, status int, body any) {
	encoded, err := json.Marshal(body)
	if err != nil {
		s.log.ErrorContext(r.Context(), "encode answer", "error", err)
		status, encoded = http.StatusInternalServerError, nil
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("x-amzn-RequestId", wire.CallFrom(r.Context()).RequestID)
	w.WriteHeader(status)
	_, _ = w.Write(encoded) // a client that hung up is no concern of ours
}
