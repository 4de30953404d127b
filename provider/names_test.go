package provider

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// named is one of everything that has a name; the schedule sends to a queue of its own.
func named(t *testing.T, name, target, uri string) string {
	t.Helper()
	return imageConfig(t, fmt.Sprintf("name = %q", name), "1") + queueConfig(name, "") + lone(name, uri, `handler = "first"`) +
		bareSchedule(name, "queue_arn = handler_queue.target.arn\n"+scheduledCleanup) +
		"\nresource \"handler_queue\" \"target\" {\n  name = \"" + target + "\"\n  dead_letter = { enabled = false }\n  force_destroy = true\n}\n"
}

// TestAccNamesThatAreTaken has all names taken by another configuration. Each error shows what takes the object over, which works.
func TestAccNamesThatAreTaken(t *testing.T) {
	acceptance(t)
	needsImages(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	other, w := newCLI(t, named(t, name, name+"-d-dlq", uri)), newCLI(t, "")
	if output, ok := other.run(t, []string{"apply", "-auto-approve"}); !ok {
		t.Fatal(output)
	}
	client, role := iam.NewFromConfig(clientConfig()), roleName(name+"-r", testRegion)
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	if _, err := client.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &role, AssumeRolePolicyDocument: &trust}); err != nil {
		t.Fatal(err)
	}
	config := named(t, name, name+"-target", uri)
	w.configure(t, config+strings.ReplaceAll(queueConfig(name+"-d", ""), `"test"`, `"d"`)+
		strings.ReplaceAll(lone(name+"-r", uri, `handler = "first"`), `"test"`, `"r"`))
	said, err := w.command("apply", "-auto-approve").CombinedOutput()
	if err == nil {
		t.Fatal("what is somebody else's was taken")
	}
	imports := ""
	for kind, id := range map[string]string{"function": name, "image": name, "queue": queueURLOf(name), "schedule": name} {
		block := fmt.Sprintf("\nimport {\n  to = handler_%s.… # the address of this resource\n  id = %q\n}\n", kind, id)
		if !strings.Contains(string(said), block) {
			t.Errorf("there is no %s in:\n%s", block, said)
		}
		imports += strings.Replace(block, "… # the address of this resource", "test", 1)
	}
	for _, want := range []string{
		"name = %q Function %[1]s: A function named %[1]s exists; import it or choose another name. If it is to be managed here, import it:",
		"name = %q Queue %[1]s: A queue named %[1]s exists; import it or choose another name.",
		"name = %q Schedule %[1]s: A schedule named %[1]s exists; import it or choose another name.",
		"repository = { name = %q } repository.name: A repository named %[1]s exists; import it or choose another name. If something else owns it,",
		"name = \"%s-d\" Queue %[1]s-d: A queue named %[1]s-d-dlq exists where the dead-letter queue would be; choose another name, delete that queue, or set",
		"name = \"%s-r\" Function %[1]s-r: Create role %[1]s-r-us-east-1: a role named %[1]s-r-us-east-1 exists that was made for something else; " +
			"choose another name, or delete that role.",
	} {
		if want := fmt.Sprintf(want, name); !strings.Contains(flat(said), want) {
			t.Errorf("%q is not said in:\n%s", want, said)
		}
	}
	if _, err := client.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: &role}); err != nil {
		t.Errorf("the other's role is gone: %s", err)
	}
	w.configure(t, config+imports)
	for _, args := range [][]string{{"apply", "-auto-approve"}, {"plan", "-detailed-exitcode"}, {"destroy", "-auto-approve"}} {
		if output, ok := w.run(t, args); !ok {
			t.Fatalf("%v: %s", args, output)
		}
	}
	if output, ok := other.run(t, []string{"destroy", "-auto-approve"}); !ok {
		t.Error(output)
	}
}

// TestAccTwoOfOneName has two resources of each name in one configuration: one is made, the other is refused.
func TestAccTwoOfOneName(t *testing.T) {
	acceptance(t)
	needsImages(t)
	name, uri := uniqueName(t), testImageURI(t, "1")
	config, target, _ := strings.Cut(named(t, name, name+"-target", uri), "\nresource \"handler_queue\" \"target\"")
	w := newCLI(t, config+strings.ReplaceAll(config, `" "test"`, `" "second"`)+"\nresource \"handler_queue\" \"target\""+target)
	output, ok := w.run(t, []string{"apply", "-auto-approve"})
	for _, kind := range []string{"function", "queue", "repository", "schedule"} {
		twice := fmt.Sprintf("A %s named %s exists in this very plan; choose another name", kind, name)
		if got := strings.Count(output, twice); ok || got != 1 {
			t.Errorf("%d of the two of one name fail as %s, want 1, in %s", got, kind, errorsOf(output))
		}
	}
	if output, ok := w.run(t, []string{"destroy", "-auto-approve"}); !ok {
		t.Fatal(errorsOf(output))
	}
	if err := errors.Join(nothingLeft(name)(nil), noSchedules(name)(nil), noQueues(t, name, name+"-dlq")(nil), noRepository(t, name)(nil)); err != nil {
		t.Error(err)
	}
}
