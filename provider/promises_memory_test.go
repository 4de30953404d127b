package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// recordStarts makes a directory with a command that starts a provider's binary and before writes down the id of its process. It
// returns the directory, and the file with the ids.
func recordStarts(b *testing.B, binary, name string) (directory, started string) {
	b.Helper()
	directory = b.TempDir()
	started = filepath.Join(directory, "started")
	script := fmt.Sprintf("#!/bin/sh\necho $$ >>'%s'\nexec '%s' \"$@\"\n", started, binary)
	if err := os.WriteFile(filepath.Join(directory, name), []byte(script), 0o700); err != nil {
		b.Fatal(err)
	}
	return directory, started
}

// overridden is a CLI configuration that takes a provider from a directory.
func overridden(source, directory string) string {
	return fmt.Sprintf("provider_installation {\n  dev_overrides {\n    %q = %q\n  }\n  direct {}\n}\n", source, directory)
}

// watchMemory looks at processes again and again until it is told to stop, and then sends the largest peak that it saw, in MB. It looks
// rarely, as a peak can be read until its process ends, and what is measured meanwhile shall not notice.
func watchMemory(started string, stop <-chan struct{}) <-chan float64 {
	result := make(chan float64, 1)
	go func() {
		largest, over := 0, map[string]bool{}
		for again := time.NewTicker(10 * time.Millisecond); ; {
			ids, _ := os.ReadFile(started) // none yet
			for id := range strings.FieldsSeq(string(ids)) {
				if !over[id] {
					peak := peakOf(id)
					largest, over[id] = max(largest, peak), peak == 0
				}
			}
			select {
			case <-stop:
				again.Stop()
				result <- float64(largest) * 1024 / 1e6
				return
			case <-again.C:
			}
		}
	}()
	return result
}

// peakOf returns the largest memory that a process has had, in KB; 0 if it is over.
func peakOf(id string) int {
	status, _ := os.ReadFile("/proc/" + id + "/status")
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	kilobytes, _ := strconv.Atoi(strings.Fields(after + " 0")[0])
	return kilobytes
}
