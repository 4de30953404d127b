package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"

	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"google.golang.org/grpc"
)

// What Terraform and a provider agree on before they speak.
const (
	protocolVersion = 6
	cookieVariable  = "TF_PLUGIN_MAGIC_COOKIE"
	cookie          = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"
	maxMessage      = 256 << 20 // bytes
)

// serve serves a provider to the Terraform that started this process, until Terraform ends it.
//
// It greets Terraform as go-plugin's Serve does, which cannot be used: it also offers net/rpc, whose reflection makes the linker keep
// every operation of every AWS client, half as much again of the binary.
func serve(p provider.Provider) error {
	if os.Getenv(cookieVariable) != cookie {
		return errors.New("this is a Terraform provider, which terraform starts by itself: name it in required_providers and run terraform init")
	}
	if err := quiet(); err != nil {
		return err
	}
	ours, encryption, err := mutualTLS(os.Getenv("PLUGIN_CLIENT_CERT"))
	if err != nil {
		return err
	}
	listener, done, err := listen()
	if err != nil {
		return err
	}
	defer done()
	watch := new(connectionWatch)
	server, err := newServer(p, encryption, grpc.StatsHandler(watch))
	if err != nil {
		return err
	}
	watch.stop = server.Stop
	// Ctrl-C reaches both; Terraform then tells the provider what to stop.
	signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	fmt.Printf("%d|%d|%s|%s|%s|%s\n", plugin.CoreProtocolVersion, protocolVersion, listener.Addr().Network(), listener.Addr(),
		plugin.ProtocolGRPC, base64.RawStdEncoding.EncodeToString(ours))
	err = server.Serve(listener)
	if watch.lost.Load() {
		return errTerraformGone
	}
	return err
}

// serveDebugger serves a provider to every Terraform that has what it prints in its environment, until it is interrupted.
func serveDebugger(p provider.Provider) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	listener, done, err := listen()
	if err != nil {
		return err
	}
	defer done()
	server, err := newServer(p, nil)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, server.Stop)
	type addr struct{ Network, String string }
	type reattach struct {
		Protocol        plugin.Protocol
		ProtocolVersion int
		Pid             int
		Test            bool // Terraform leaves the process running
		Addr            addr
	}
	how, err := json.Marshal(map[string]reattach{address: {
		plugin.ProtocolGRPC, protocolVersion, os.Getpid(), true, addr{listener.Addr().Network(), listener.Addr().String()},
	}})
	if err != nil {
		return fmt.Errorf("describe how to attach: %w", err)
	}
	fmt.Printf("The provider runs. Terraform attaches to it with this in its environment:\n\n\tTF_REATTACH_PROVIDERS='%s'\n\n", how)
	return server.Serve(listener)
}

// quiet keeps the framework and the provider from writing logs, which take them and Terraform a fifth of their time, where Terraform
// throws them away.
func quiet() error {
	const ofFramework, ofProvider = "TF_LOG_SDK", "TF_LOG_PROVIDER_HANDLER"
	for _, name := range []string{"TF_LOG", "TF_LOG_PROVIDER", ofFramework, ofProvider} {
		if os.Getenv(name) != "" {
			return nil
		}
	}
	return errors.Join(os.Setenv(ofFramework, "off"), os.Setenv(ofProvider, "off"))
}

// listen returns a listener that only this machine reaches, and what closes it.
func listen() (listener net.Listener, done func(), err error) {
	if runtime.GOOS == "windows" {
		listener, err = net.Listen("tcp", "127.0.0.1:0")
		return listener, func() { _ = listener.Close() }, err
	}
	dir, err := os.MkdirTemp(os.Getenv("PLUGIN_UNIX_SOCKET_DIR"), "handler")
	if err != nil {
		return nil, nil, fmt.Errorf("make a directory for the socket: %w", err)
	}
	if listener, err = net.Listen("unix", filepath.Join(dir, "socket")); err != nil {
		return nil, nil, errors.Join(err, os.Remove(dir))
	}
	return listener, func() { _ = errors.Join(listener.Close(), os.Remove(dir)) }, nil
}

// newServer returns a server of a provider, and of what Terraform expects beside it, such as a way to end the process.
func newServer(p provider.Provider, encryption *tls.Config, options ...grpc.ServerOption) (*grpc.Server, error) {
	var server *grpc.Server
	silence, _ := io.Pipe() // nothing is printed for people: logs go to stderr
	services := plugin.GRPCServer{
		Plugins: plugin.PluginSet{"provider": &tf6server.GRPCProviderPlugin{GRPCProvider: providerserver.NewProtocol6(p), Name: address}},
		Server: func(its []grpc.ServerOption) *grpc.Server {
			server = grpc.NewServer(append(append(its, options...), grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage))...)
			return server
		},
		TLS:    encryption,
		Stdout: silence,
		Stderr: silence,
	}
	if err := services.Init(); err != nil {
		return nil, fmt.Errorf("prepare the server: %w", err)
	}
	return server, nil
}

// mutualTLS returns a certificate of this process in DER, and how it talks to nobody but who has the other one, which is in PEM. Without
// the other one it returns nothing: a Terraform with TF_DISABLE_PLUGIN_TLS in its environment talks in plain text.
func mutualTLS(theirs string) (ours []byte, config *tls.Config, err error) {
	if theirs == "" {
		return nil, nil, nil
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM([]byte(theirs)) {
		return nil, nil, errors.New("the certificate that Terraform gave in PLUGIN_CLIENT_CERT is no certificate in PEM")
	}
	certificate, err := newCertificate()
	if err != nil {
		return nil, nil, fmt.Errorf("make a certificate for this process: %w", err)
	}
	return certificate.Certificate[0], &tls.Config{
		Certificates: []tls.Certificate{certificate},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    trusted,
		MinVersion:   tls.VersionTLS12,
	}, nil
}
