package localaws

import (
	"cmp"
	"context"
	_ "embed"
	"html/template"
	"net/http"
	"path"

	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/lambda"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/logs"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/sqs"
	"github.com/lambda-land/terraform-provider-handler/sdk/localaws/wire"
)

//go:embed status.html
var statusPage string

var statusTemplate = template.Must(template.New("status").Parse(statusPage))

// status is what the page at "/" shows of one region.
type status struct {
	Endpoint, Region string
	Queues           []queueStatus
	Functions        []lambda.FunctionConfiguration
	Mappings         []*lambda.EventSourceMappingConfiguration
	LogGroups        []logs.LogGroup
}

type queueStatus struct{ Name, Visible, InFlight, Delayed string }

// serveStatus shows a browser what there is in a region: "/?region=eu-west-1".
func (s *Server) serveStatus(w http.ResponseWriter, r *http.Request) {
	region := cmp.Or(r.URL.Query().Get("region"), wire.DefaultRegion)
	status, err := s.status(wire.WithRegion(r.Context(), region))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := statusTemplate.Execute(w, status); err != nil {
		s.log.WarnContext(r.Context(), "write status page", "error", err)
	}
}

func (s *Server) status(ctx context.Context) (status, error) {
	st := status{Endpoint: s.endpoint, Region: wire.CallFrom(ctx).Region}
	queues, err := s.sqs.ListQueues(ctx, sqs.ListQueuesInput{})
	if err != nil {
		return status{}, err
	}
	for _, url := range queues.QueueURLs {
		got, err := s.sqs.GetQueueAttributes(ctx, sqs.GetQueueAttributesInput{QueueURL: url, AttributeNames: []string{"All"}})
		if err != nil {
			continue // deleted since it was listed
		}
		st.Queues = append(st.Queues, queueStatus{
			Name:     path.Base(url),
			Visible:  got.Attributes["ApproximateNumberOfMessages"],
			InFlight: got.Attributes["ApproximateNumberOfMessagesNotVisible"],
			Delayed:  got.Attributes["ApproximateNumberOfMessagesDelayed"],
		})
	}
	functions, err := s.lambda.ListFunctions(ctx, lambda.ListFunctionsInput{})
	if err != nil {
		return status{}, err
	}
	mappings, err := s.lambda.ListEventSourceMappings(ctx, lambda.ListMappingsInput{})
	if err != nil {
		return status{}, err
	}
	groups, err := s.logs.DescribeLogGroups(ctx, logs.DescribeLogGroupsInput{})
	st.Functions, st.Mappings, st.LogGroups = functions.Functions, mappings.EventSourceMappings, groups.LogGroups
	return st, err
}
