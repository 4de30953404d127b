package lambda

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// deployment is the code and configuration of a version of a function, together with the runtimes that were started from it. It
// never changes: an update makes another one.
type deployment struct {
	service     *Service
	arn         string // of the function, unqualified
	name        string
	version     string
	region      string
	role        string // ARN
	memory      int    // MB
	timeout     time.Duration
	environment map[string]string
	logging     LoggingConfig
	digest      string    // of the image, in hex
	root        string    // where the image's files are
	described   v1.Config // what the image says about how to run it
	image       v1.Config // the same with the function's overrides

	pool
}

// newDeployment combines what the image says with the function's configuration.
func (s *Service) newDeployment(c FunctionConfiguration, root string, image v1.Config) *deployment {
	ref := referenceOfARN(c.FunctionArn)
	d := &deployment{
		service: s, arn: ref.arn, name: c.FunctionName, version: c.Version, region: regionOf(ref.arn),
		role: c.Role, memory: c.MemorySize, timeout: time.Duration(c.Timeout) * time.Second, logging: *c.LoggingConfig, digest: c.CodeSha256,
		root: root, described: image, image: image,
	}
	d.init()
	if c.Environment != nil {
		d.environment = c.Environment.Variables
	}
	if c.ImageConfigResponse != nil {
		override := c.ImageConfigResponse.ImageConfig
		if len(override.EntryPoint) > 0 {
			d.image.Entrypoint, d.image.Cmd = override.EntryPoint, nil
		}
		if len(override.Command) > 0 {
			d.image.Cmd = override.Command
		}
		if override.WorkingDirectory != "" {
			d.image.WorkingDir = override.WorkingDirectory
		}
	}
	return d
}

// entryPointError tells why an image cannot be started, in Lambda's words.
type entryPointError struct {
	kind   string // such as "Runtime.InvalidEntrypoint"
	reason string
}

func (e *entryPointError) Error() string { return e.reason }

// startProcess starts the image's entry point for a runtime.
func (d *deployment) startProcess(rt *runtime) (*process, error) {
	argv := slices.Concat(d.image.Entrypoint, d.image.Cmd)
	if len(argv) == 0 {
		return nil, &entryPointError{"Runtime.InvalidEntrypoint", "entrypoint requires the handler name to be the first argument"}
	}
	dir, err := d.resolve(filepath.Join("/", d.image.WorkingDir))
	if err == nil {
		var info os.FileInfo
		if info, err = os.Stat(dir); err == nil && !info.IsDir() {
			err = errors.New("not a directory")
		}
	}
	if err != nil {
		return nil, &entryPointError{"Runtime.InvalidWorkingDir", fmt.Sprintf("chdir %s: %s", d.image.WorkingDir, describe(err))}
	}
	file, err := d.lookUp(argv[0])
	if err != nil {
		return nil, &entryPointError{"Runtime.InvalidEntrypoint", fmt.Sprintf("fork/exec %s: %s", argv[0], describe(err))}
	}
	p, err := startProcess(file, argv, dir, d.processEnvironment(rt, dir), rt.logLine)
	if err != nil {
		return nil, &entryPointError{"Runtime.InvalidEntrypoint", fmt.Sprintf("fork/exec %s: %s", argv[0], describe(err))}
	}
	return p, nil
}

// describe drops the path from an error: it is one of this machine, which nobody who wrote the function knows.
func describe(err error) string {
	if pathErr, ok := errors.AsType[*os.PathError](err); ok {
		return pathErr.Err.Error()
	}
	return err.Error()
}

// lookUp finds the file of a command as the image would: along its PATH unless the command has a slash.
func (d *deployment) lookUp(command string) (string, error) {
	if strings.Contains(command, "/") {
		if !filepath.IsAbs(command) {
			command = filepath.Join("/", d.image.WorkingDir, command)
		}
		return d.resolve(command)
	}
	searched := "/usr/local/bin:/usr/bin:/bin"
	for _, variable := range d.image.Env {
		if value, ok := strings.CutPrefix(variable, "PATH="); ok {
			searched = value
		}
	}
	for _, dir := range filepath.SplitList(searched) {
		if file, err := d.resolve(filepath.Join("/", dir, command)); err == nil {
			return file, nil
		}
	}
	return "", errors.New("executable file not found in $PATH")
}

// resolve maps an absolute path of the image to this machine, and refuses one that leads out of the image.
func (d *deployment) resolve(name string) (string, error) {
	root, err := filepath.EvalSymlinks(d.root)
	if err != nil {
		return "", err
	}
	file, err := filepath.EvalSymlinks(filepath.Join(root, name))
	if err != nil {
		return "", err
	}
	if file != root && !strings.HasPrefix(file, root+string(filepath.Separator)) {
		return "", os.ErrPermission
	}
	return file, nil
}

// processEnvironment is all of a process's environment: the image's, overridden by the function's, overridden by Lambda's own.
func (d *deployment) processEnvironment(rt *runtime, dir string) []string {
	all := map[string]string{}
	for _, variable := range d.image.Env {
		key, value, _ := strings.Cut(variable, "=")
		all[key] = value
	}
	all["TZ"] = ":UTC"
	all["AWS_ENDPOINT_URL"] = d.service.config.Endpoint()
	maps.Copy(all, d.environment)
	maps.Copy(all, map[string]string{
		"AWS_LAMBDA_RUNTIME_API":          rt.api.address,
		"AWS_LAMBDA_FUNCTION_NAME":        d.name,
		"AWS_LAMBDA_FUNCTION_VERSION":     d.version,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(d.memory),
		"AWS_LAMBDA_LOG_GROUP_NAME":       rt.log.group,
		"AWS_LAMBDA_LOG_STREAM_NAME":      rt.log.name,
		"AWS_REGION":                      d.region,
		"AWS_DEFAULT_REGION":              d.region,
		"AWS_ACCESS_KEY_ID":               d.service.config.Roles.Credentials(d.role, d.arn),
		"AWS_SECRET_ACCESS_KEY":           "localaws",
		"AWS_SESSION_TOKEN":               "localaws",
		"LAMBDA_TASK_ROOT":                dir,
	})
	all["AWS_LAMBDA_LOG_FORMAT"] = d.logging.LogFormat
	if level := d.logging.ApplicationLogLevel; level != "" { // of functions that log in JSON
		all["AWS_LAMBDA_LOG_LEVEL"] = level
	}
	environment := make([]string, 0, len(all))
	for _, key := range slices.Sorted(maps.Keys(all)) {
		environment = append(environment, key+"="+all[key])
	}
	return environment
}
