package provider

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// TestCallsThatAreNeverAnswered has AWS take a call and be silent, at first or for ever.
func TestCallsThatAreNeverAnswered(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		silent int32 // how many calls get no answer
		want   string
	}{
		"once":   {1, ""},
		"always": {1000, "AWS cannot be reached or does not answer; check the network"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			end := make(chan struct{})
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if calls.Add(1) > test.silent {
					_, _ = w.Write([]byte(`{"Attributes":{}}`))
					return
				}
				select {
				case <-end:
				case <-r.Context().Done():
				}
			}))
			t.Cleanup(server.Close)
			t.Cleanup(func() { close(end) })
			var diags diag.Diagnostics
			p := &handlerProvider{version: "test", patience: 100 * time.Millisecond}
			c := p.connect(t.Context(), &providerModel{
				Region: text(testRegion), AccessKey: text("test"), SecretKey: text("test"),
				Endpoints: []endpointsModel{{SQS: text(server.URL)}}, MaxRetries: types.Int64Value(2),
			}, &diags)
			if diags.HasError() {
				t.Fatal(diags)
			}
			_, err := c.FindQueue(t.Context(), server.URL+"/000000000000/acme")
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if got := calls.Load(); got != 2 {
				t.Errorf("tried %d times, want 2", got)
			}
		})
	}
}
