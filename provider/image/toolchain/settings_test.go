package toolchain

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/module"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	home, other := t.TempDir(), t.TempDir()
	write(t, filepath.Join(home, ".config/go/env"), "# comment\nGOPROXY=https://home\nlower=x\nGOSUMDB=sum.home\r\n\n")
	write(t, filepath.Join(home, "Library/Application Support/go/env"), "GOPROXY=https://home\nGOSUMDB=sum.home\n")
	write(t, filepath.Join(other, "go/env"), "GOPROXY=https://other\n")
	for name, test := range map[string]struct {
		environment  []string
		proxy, sumDB string
	}{
		"nothing":          {nil, defaults["GOPROXY"], "sum.golang.org"},
		"home":             {[]string{"HOME=" + home}, "https://home", "sum.home"},
		"environment":      {[]string{"HOME=" + home, "GOPROXY=off", "GOPROXY=https://last"}, "https://last", "sum.home"},
		"empty variable":   {[]string{"HOME=" + home, "GOPROXY="}, "https://home", "sum.home"},
		"GOENV":            {[]string{"HOME=" + home, "GOENV=" + filepath.Join(other, "go/env")}, "https://other", "sum.golang.org"},
		"GOENV=off":        {[]string{"HOME=" + home, "GOENV=off"}, defaults["GOPROXY"], "sum.golang.org"},
		"GOENV to no file": {[]string{"HOME=" + home, "GOENV=" + other}, defaults["GOPROXY"], "sum.golang.org"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := NewSettings(test.environment)
			if proxy, sumDB := s.Get("GOPROXY"), s.Get("GOSUMDB"); proxy != test.proxy || sumDB != test.sumDB {
				t.Errorf("GOPROXY %s, GOSUMDB %s", proxy, sumDB)
			}
		})
	}
}

func TestWanted(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		mod, work string
		variables []string
		want      string
	}{
		"no module":            {want: Default},
		"module says nothing":  {mod: "module m\n", want: Default},
		"language":             {mod: "module m\n\ngo 1.24\n", want: "1.24.0"},
		"release":              {mod: "module m\n\ngo 1.24.3 // as in production\n", want: "1.24.3"},
		"candidate":            {mod: "go 1.25rc1\n", want: "1.25rc1"},
		"old language":         {mod: "module m\n\ngo 1.20\n", want: Default},
		"toolchain":            {mod: "module m\n\ngo 1.24\n\ntoolchain go1.25.4\n", want: "1.25.4"},
		"older toolchain":      {mod: "module m\n\ngo 1.25.4\n\ntoolchain go1.24.9\n", want: "1.25.4"},
		"a vendor's toolchain": {mod: "module m\n\ngo 1.24\n\ntoolchain go1.25.4-acme\n", want: "1.25.4"},
		"default toolchain":    {mod: "module m\n\ngo 1.24\n\ntoolchain default\n", want: "1.24.0"},
		"comment":              {mod: "module m\n\n// go 1.25\ngo 1.24\n", want: "1.24.0"},
		"workspace":            {mod: "module m\n\ngo 1.24\n", work: "go 1.25.1\n\nuse ./m\n", want: "1.25.1"},
		"no workspace":         {mod: "module m\n\ngo 1.24\n", work: "go 1.25.1\n", variables: []string{"GOWORK=off"}, want: "1.24.0"},
		"nonsense":             {mod: "go go go\ngo one\ntoolchain \x00\n", want: Default},
		"GOTOOLCHAIN":          {mod: "go 1.25.1\n", variables: []string{"GOTOOLCHAIN=go1.24.2"}, want: "1.24.2"},
		"least GOTOOLCHAIN":    {mod: "go 1.25.1\n", variables: []string{"GOTOOLCHAIN=go1.25.2+auto"}, want: "1.25.2"},
		"older GOTOOLCHAIN":    {mod: "go 1.25.1\n", variables: []string{"GOTOOLCHAIN=go1.24.2+auto"}, want: "1.25.1"},
		"local GOTOOLCHAIN":    {mod: "go 1.25.1\n", variables: []string{"GOTOOLCHAIN=local"}, want: "1.25.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if test.mod != "" {
				write(t, filepath.Join(dir, "m/go.mod"), test.mod)
			}
			if test.work != "" {
				write(t, filepath.Join(dir, "go.work"), test.work)
			}
			write(t, filepath.Join(dir, "m/cmd/acme/main.go"), "package main\n")
			if got := Wanted(filepath.Join(dir, "m/cmd/acme"), settings(test.variables...)); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestCanSwitch(t *testing.T) {
	t.Parallel()
	for goVersion, want := range map[string]bool{
		"": false, "go1.20.14": false, "go1.21rc2": true, "go1.21.0": true, "go1.26.8 X:nodwarf5": true, "go1.26.8-acme": true,
		"devel go1.27-0123456789": true, "nonsense": false,
	} {
		if got := CanSwitch(goVersion); got != want {
			t.Errorf("%q: %v", goVersion, got)
		}
	}
}

func TestNetrc(t *testing.T) {
	t.Parallel()
	got := parseNetrc("machine a login x password y\nmachine b\nlogin z account q\n password w\n" +
		"macdef init\nmachine c login m password n\n\nmachine d/path password p login l\nmachine e login only\n" +
		"default login any password thing\n")
	want := []login{{"a", "x", "y"}, {"b", "z", "w"}, {"d/path", "l", "p"}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(login{})); diff != "" {
		t.Errorf("logins (-want +got):\n%s", diff)
	}
}

// TestPinned asks the public checksum database, through GOPROXY.
func TestPinned(t *testing.T) {
	t.Parallel()
	s := NewSettings(os.Environ())
	for version, sum := range pinned {
		db, err := newDatabase(s, newClient(s, nil), t.TempDir())
		if err != nil {
			t.Skipf("there is no checksum database: %v", err)
		}
		got, err := db.lookup(t.Context(), module.Version{Path: modulePath, Version: version})
		if err != nil {
			t.Skipf("the checksum database cannot be asked: %v", err)
		}
		if got != sum {
			t.Errorf("%s has %s, the pin is %s", version, got, sum)
		}
	}
}
