package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"google.golang.org/protobuf/types/known/emptypb"
)

// asProvider tells this package's test binary to be the provider.
const asProvider = "TEST_AS_PROVIDER"

func TestMain(m *testing.M) {
	if os.Getenv(asProvider) == "" {
		os.Exit(m.Run())
	}
	main()
}

// command starts the provider, with an empty directory for its temporary files.
func command(t *testing.T, args ...string) (cmd *exec.Cmd, temporary string) {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd, temporary = exec.Command(executable, args...), t.TempDir()
	cmd.Env = append(os.Environ(), asProvider+"=1", "TMPDIR="+temporary)
	return cmd, temporary
}

// clientConfig is how Terraform, which is go-plugin's client, starts a provider.
func clientConfig() *plugin.ClientConfig {
	return &plugin.ClientConfig{
		HandshakeConfig:  plugin.HandshakeConfig{ProtocolVersion: protocolVersion, MagicCookieKey: cookieVariable, MagicCookieValue: cookie},
		Plugins:          plugin.PluginSet{"provider": &tf6server.GRPCProviderPlugin{}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Logger:           hclog.NewNullLogger(),
	}
}

// ask asks the provider something, and returns the connection.
func ask(t *testing.T, client *plugin.Client) *plugin.GRPCClient {
	t.Helper()
	protocol, err := client.Client()
	if err != nil {
		t.Fatal(err)
	}
	connection, ok := protocol.(*plugin.GRPCClient)
	if !ok {
		t.Fatalf("it speaks %T", protocol)
	}
	if err := connection.Conn.Invoke(t.Context(), "/tfplugin6.Provider/GetMetadata", &emptypb.Empty{}, &emptypb.Empty{}); err != nil {
		t.Fatal(err)
	}
	return connection
}

// ended fails unless the provider has ended by itself and left nothing behind.
func ended(t *testing.T, cmd *exec.Cmd, temporary string) {
	t.Helper()
	if !cmd.ProcessState.Success() {
		t.Errorf("it ended with %s", cmd.ProcessState)
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}
}

func TestServesGoPlugin(t *testing.T) {
	t.Parallel()
	for name, mutual := range map[string]bool{"encrypted": true, "in plain text": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := clientConfig()
			cmd, temporary := command(t)
			config.Cmd, config.AutoMTLS = cmd, mutual
			client := plugin.NewClient(config)
			defer client.Kill()
			ask(t, client)
			if err := cmd.Process.Signal(os.Interrupt); err != nil { // which a terminal sends to both
				t.Fatal(err)
			}
			ask(t, client)
			client.Kill()
			ended(t, cmd, temporary)
		})
	}
}

// TestEndsWithTerraform loses the connection, as when Terraform is killed.
func TestEndsWithTerraform(t *testing.T) {
	t.Parallel()
	config := clientConfig()
	cmd, temporary := command(t)
	config.Cmd, config.AutoMTLS = cmd, true
	client := plugin.NewClient(config)
	defer client.Kill()
	if err := ask(t, client).Conn.Close(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); !client.Exited(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it still runs")
		}
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}
}

func TestServesDebugger(t *testing.T) {
	t.Parallel()
	cmd, temporary := command(t, "-debug")
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	var how string
	for lines := bufio.NewScanner(output); how == "" && lines.Scan(); {
		_, how, _ = strings.Cut(lines.Text(), "TF_REATTACH_PROVIDERS=")
	}
	var providers map[string]struct {
		Protocol        plugin.Protocol
		ProtocolVersion int
		Pid             int
		Test            bool
		Addr            struct{ Network, String string }
	}
	if err := json.Unmarshal([]byte(strings.Trim(how, "'")), &providers); err != nil {
		t.Fatalf("%s: %v", how, err)
	}
	told := providers[address]
	for range 2 { // Terraform comes and goes
		config := clientConfig()
		config.Reattach = &plugin.ReattachConfig{
			Protocol: told.Protocol, ProtocolVersion: told.ProtocolVersion, Pid: told.Pid, Test: told.Test,
			Addr: &net.UnixAddr{Net: told.Addr.Network, Name: told.Addr.String},
		}
		client := plugin.NewClient(config)
		ask(t, client)
		client.Kill()
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	ended(t, cmd, temporary)
}

func TestServesNobodyElse(t *testing.T) {
	t.Parallel()
	for want, environment := range map[string][]string{
		"terraform starts by itself": nil,
		"is no certificate in PEM":   {cookieVariable + "=" + cookie, "PLUGIN_CLIENT_CERT=none"},
		"directory for the socket":   {cookieVariable + "=" + cookie, "PLUGIN_UNIX_SOCKET_DIR=/dev/null"},
	} {
		cmd, _ := command(t)
		cmd.Env = append(cmd.Env, environment...)
		if output, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(output), want) {
			t.Errorf("got %v: %s, want %q", err, output, want)
		}
	}
}

func TestWritesTracesWhereTheyAreWanted(t *testing.T) {
	t.Parallel()
	for level, want := range map[string]bool{"": false, "TRACE": true} {
		config, stderr := clientConfig(), &bytes.Buffer{}
		cmd, _ := command(t)
		cmd.Env = append(cmd.Env, "TF_LOG="+level, "TF_LOG_PROVIDER=", "TF_LOG_PROVIDER_HANDLER=", "TF_LOG_SDK=")
		config.Cmd, config.Stderr = cmd, stderr
		client := plugin.NewClient(config)
		ask(t, client)
		client.Kill()
		if got := strings.Contains(stderr.String(), `"@level":"trace"`); got != want {
			t.Errorf("TF_LOG=%s: got traces %t: %s", level, got, stderr)
		}
	}
}

// TestLinkerLeavesOutWhatIsUnused fails if anything that is linked finds methods by names which the linker cannot know: it would keep
// every operation of every AWS client, half as much again of the binary.
func TestLinkerLeavesOutWhatIsUnused(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "provider")
	output, err := exec.Command("go", "build", "-tags", "grpcnotrace", "-ldflags", "-dumpdep", "-o", binary, ".").CombinedOutput()
	if err != nil {
		t.Fatalf("build the provider: %v\n%s", err, output[max(0, len(output)-4000):])
	}
	for line := range strings.Lines(string(output)) {
		if strings.HasSuffix(line, " <ReflectMethod>\n") {
			t.Error("the linker gives up at: " + line)
		}
	}
	if !strings.Contains(string(output), "main.main -> main.serve") {
		t.Error("the linker does not say what it keeps")
	}
}
