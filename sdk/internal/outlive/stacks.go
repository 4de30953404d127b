package outlive

import (
	"bytes"
	"fmt"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
)

// frame is a call on a stack, or a go statement.
type frame struct {
	function string
	position string        // file:line
	fn       *runtime.Func // nil where it is not known
}

// declared is the line at which the frame's function begins, which is that of the call for a function literal among its arguments.
func (f frame) declared() string {
	if f.fn == nil {
		return f.position
	}
	file, line := f.fn.FileLine(f.fn.Entry())
	return fmt.Sprintf("%s:%d", file, line)
}

// hidden tells which functions dumps leave out, more or less: neither kind of stack is to have them.
func hidden(function string) bool {
	return strings.HasPrefix(function, "runtime.") || strings.HasPrefix(function, "internal/runtime/")
}

// stack is that of a number of goroutines.
type stack struct {
	count  int
	frames []frame // innermost first
}

// labelled returns the stacks of the goroutines whose label is that of an invocation of a watch which has ended. In the text of a
// goroutine profile a blank line ends each stack, which begins with
//
//	2 @ 0x4885ee 0x4191ae 0x6c17bc 0x48fe41
//	# labels: {"key":"value", "sdk.invocation":"name-1"}
func labelled(name string, ended func(invocation int) bool) []stack {
	var text bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&text, 1) // a buffer takes all
	_, records, _ := strings.Cut(text.String(), "\n")
	mark := fmt.Sprintf("%q:\"%s-", label, name)
	var stacks []stack
	for record := range strings.SplitSeq(records, "\n\n") {
		head, rest, _ := strings.Cut(record, "\n")
		labels, _, _ := strings.Cut(rest, "\n")
		_, value, marked := strings.Cut(labels, mark)
		digits, _, _ := strings.Cut(value, `"`)
		if invocation, err := strconv.Atoi(digits); !marked || err != nil || !ended(invocation) {
			continue
		}
		number, addresses, _ := strings.Cut(head, " @ ")
		count, err := strconv.Atoi(number)
		if err != nil {
			continue
		}
		stacks = append(stacks, stack{count: count, frames: frames(addresses)})
	}
	return stacks
}

// frames makes a stack of its addresses.
func frames(addresses string) []frame {
	var counters []uintptr
	for address := range strings.FieldsSeq(addresses) {
		if counter, err := strconv.ParseUint(address, 0, 64); err == nil {
			counters = append(counters, uintptr(counter))
		}
	}
	var stack []frame
	for calls, more := runtime.CallersFrames(counters), len(counters) > 0; more; {
		var call runtime.Frame
		call, more = calls.Next()
		if !hidden(call.Function) {
			stack = append(stack, frame{call.Function, fmt.Sprintf("%s:%d", call.File, call.Line), call.Func})
		}
	}
	return stack
}

// goroutine is what a dump tells of one.
type goroutine struct {
	header  string
	frames  []frame // innermost first
	creator frame   // the go statement; zero for the first goroutine
}

// runs tells whether a goroutine runs or is about to, rather than waits.
func (g goroutine) runs() bool { return strings.Contains(g.header, " [run") }

// maxDump is the size in bytes to which the text of a dump is cut.
const maxDump = 64 << 20

// dump returns all goroutines. The world stands still meanwhile, some 10 ms for a thousand of them.
func dump() []goroutine {
	text := make([]byte, 64<<10+runtime.NumGoroutine()<<11)
	for {
		n := runtime.Stack(text, true)
		if n < len(text) || n >= maxDump {
			text = text[:n]
			break
		}
		text = make([]byte, 2*len(text))
	}
	var all []goroutine
	for block := range strings.SplitSeq(string(text), "\n\n") {
		all = append(all, parse(block))
	}
	return all
}

// parse reads one goroutine of a dump:
//
//	goroutine 28 [chan receive]:
//	example.com/acme.(*T).m(0x2fca4106c200, {0x1, 0x2})
//		/src/acme/t.go:58 +0x24
//	created by example.com/acme.onPush in goroutine 21
//		/src/acme/push.go:37 +0x196
func parse(block string) goroutine {
	header, calls, _ := strings.Cut(block, "\n")
	g := goroutine{header: header}
	var function string
	var created bool
	for line := range strings.SplitSeq(calls, "\n") {
		position, isPosition := strings.CutPrefix(line, "\t")
		if !isPosition {
			if function, created = strings.CutPrefix(line, "created by "); created {
				function, _, _ = strings.Cut(function, " in goroutine ")
			} else if i := strings.LastIndexByte(function, '('); i >= 0 {
				function = function[:i]
			}
			continue
		}
		position, _, _ = strings.Cut(position, " +0x")
		switch f := (frame{function: function, position: position}); {
		case created:
			g.creator = f
		case !hidden(function):
			g.frames = append(g.frames, f)
		}
	}
	return g
}

// alike returns the goroutines that may be those with a given stack: of those that run the same function, the ones that share most
// frames with it, as a goroutine may have moved on between profile and dump. There are none if it has ended. They are settled if all of
// them wait exactly where the stack says.
func alike(all []goroutine, stack []frame) (found []goroutine, settled bool) {
	best := 0
	for _, g := range all {
		if len(g.frames) == 0 || len(stack) == 0 || g.frames[len(g.frames)-1].function != stack[len(stack)-1].function {
			continue
		}
		n := shared(g.frames, stack)
		if n > best {
			found, best = nil, n
		}
		if n == best {
			found = append(found, g)
		}
	}
	return found, len(found) > 0 && !slices.ContainsFunc(found, func(g goroutine) bool { return g.runs() || len(g.frames) != best }) &&
		best == len(stack)
}

// shared counts the outermost frames that two stacks have in common.
func shared(a, b []frame) int {
	n := 0
	for n < min(len(a), len(b)) {
		x, y := a[len(a)-1-n], b[len(b)-1-n]
		if x.function != y.function || x.position != y.position {
			break
		}
		n++
	}
	return n
}
