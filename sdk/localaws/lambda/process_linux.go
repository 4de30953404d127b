package lambda

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	goruntime "runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// process is a started entry point with everything that it started in turn, as one process group.
type process struct {
	pid    int
	output *output
	exited chan struct{} // closed when the entry point has ended
	state  *os.ProcessState
	peak   int // MB, as far as anybody looked

	mu   sync.Mutex
	gone bool // the entry point is reaped, its ID may belong to somebody else
}

// startProcess starts argv in dir with nothing but environment. Every line that it writes goes to sink.
func startProcess(file string, argv []string, dir string, environment []string, sink func(line string)) (*process, error) {
	reader, writer, err := outputPipe()
	if err != nil {
		return nil, fmt.Errorf("make pipe: %w", err)
	}
	cmd := &exec.Cmd{
		Path: file, Args: argv, Dir: dir, Env: environment, Stdout: writer, Stderr: writer,
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL},
	}
	p := &process{exited: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The death signal comes when the thread that started the process ends, so that thread must last as long as the process.
		goruntime.LockOSThread()
		defer goruntime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		p.wait(cmd)
	}()
	err = <-started
	_ = writer.Close()
	if err != nil {
		_ = reader.Close()
		if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
			err = pathErr.Err
		}
		return nil, err
	}
	p.pid = cmd.Process.Pid
	p.output = newOutput(reader, sink)
	return p, nil
}

func (p *process) wait(cmd *exec.Cmd) {
	_ = cmd.Wait() // how it ended is in the state
	p.mu.Lock()
	p.gone = true
	p.mu.Unlock()
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what it left behind
	p.state = cmd.ProcessState
	close(p.exited)
}

func (p *process) signal(signal syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.gone {
		_ = syscall.Kill(-p.pid, signal) // fails only if nobody is left
	}
}

func (p *process) freeze()    { p.signal(syscall.SIGSTOP) }
func (p *process) thaw()      { p.signal(syscall.SIGCONT) }
func (p *process) terminate() { p.signal(syscall.SIGTERM) }
func (p *process) kill()      { p.signal(syscall.SIGKILL) }

// exitReason words the end of the process as Lambda does.
func (p *process) exitReason() string {
	<-p.exited
	if p.state.Success() {
		return "Runtime exited without providing a reason"
	}
	return "Runtime exited with error: " + p.state.String()
}

// peakMemory is the most memory that the entry point was seen to have, in MB. A process that has ended cannot be looked at any more;
// what the kernel says about it then includes its parent, from which it was forked.
func (p *process) peakMemory() int {
	const kilobytesPerMB = 1024
	status, _ := os.ReadFile("/proc/" + strconv.Itoa(p.pid) + "/status") // gone: what was seen before counts
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kilobytes, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB")) // 0 if the kernel changed its mind
			p.peak = max(p.peak, kilobytes/kilobytesPerMB)
		}
	}
	return p.peak
}

// maxLine is where longer lines are cut, in bytes: what CloudWatch Logs takes as one event.
const maxLine = 256<<10 - 26

// output turns what a process writes into lines.
type output struct {
	reader *os.File
	conn   syscall.RawConn
	sink   func(line string)

	mu      sync.Mutex
	pending []byte // a line without its end
	closed  bool
}

// outputPipe makes a pipe that is read without blocking and written, by the process, with blocking.
func outputPipe() (reader, writer *os.File, err error) {
	var ends [2]int
	if err := syscall.Pipe2(ends[:], syscall.O_CLOEXEC); err != nil {
		return nil, nil, err
	}
	if err := syscall.SetNonblock(ends[0], true); err != nil {
		return nil, nil, errors.Join(err, syscall.Close(ends[0]), syscall.Close(ends[1]))
	}
	return os.NewFile(uintptr(ends[0]), "output"), os.NewFile(uintptr(ends[1]), "output"), nil
}

func newOutput(reader *os.File, sink func(line string)) *output {
	o := &output{reader: reader, sink: sink}
	conn, err := reader.SyscallConn()
	if err != nil { // a pipe has one
		return o
	}
	o.conn = conn
	go func() {
		_ = conn.Read(o.drain) // ends with the last writer or with close
	}()
	return o
}

// drain takes what is in the pipe until that is empty. It reports whether there can be no more.
func (o *output) drain(fd uintptr) bool {
	for {
		if n, ended := o.read(fd); n == 0 {
			return ended
		}
	}
}

// read takes up to 32 KB out of the pipe. It returns 0 if the pipe is empty, or if it has ended or the output is closed.
func (o *output) read(fd uintptr) (n int, ended bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return 0, true
	}
	buffer := make([]byte, 32<<10)
	n, err := syscall.Read(int(fd), buffer)
	for errors.Is(err, syscall.EINTR) {
		n, err = syscall.Read(int(fd), buffer)
	}
	if n <= 0 {
		return 0, !errors.Is(err, syscall.EAGAIN)
	}
	o.pending = append(o.pending, buffer[:n]...)
	o.split()
	return n, false
}

func (o *output) split() {
	for {
		end := bytes.IndexByte(o.pending, '\n')
		switch {
		case end >= 0 && end <= maxLine:
			o.sink(string(o.pending[:end]))
			o.pending = o.pending[end+1:]
		case len(o.pending) > maxLine:
			o.sink(string(o.pending[:maxLine]))
			o.pending = o.pending[maxLine:]
		default:
			return
		}
	}
}

// pipeSize is what a pipe holds, in bytes.
const pipeSize = 64 << 10

// flush hands on what the process has written until now, ended line or not. What others go on writing does not hold it up.
func (o *output) flush() {
	_ = o.conn.Control(func(fd uintptr) { // closed: nothing to flush
		for left := pipeSize; left > 0; {
			n, _ := o.read(fd)
			if n == 0 {
				return
			}
			left -= n
		}
	})
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.pending) > 0 {
		o.sink(string(o.pending))
		o.pending = nil
	}
}

// close hands on what is left. A process that left the group may write still; nobody reads that.
func (o *output) close() {
	o.flush()
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	_ = o.reader.Close()
}
