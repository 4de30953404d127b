package image

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// goPackage is what `go list -json` says of a package; the fields of files hold names relative to Dir.
type goPackage struct {
	Dir, ImportPath, Name, DefaultGODEBUG               string
	Standard, DepOnly                                   bool
	Module                                              *goModule
	GoFiles, SFiles, HFiles, SysoFiles, EmbedFiles      []string
	EmbedPatterns                                       []string
	CgoFiles, IgnoredGoFiles, TestGoFiles, XTestGoFiles []string
	Error                                               *struct{ Pos, Err string }
}

// goModule is what `go list -json` says of a package's module.
type goModule struct {
	Path, Version, Sum, GoVersion string
	Replace                       *goModule
}

const listFields = "-json=Dir,ImportPath,Name,DefaultGODEBUG,Standard,DepOnly,Module,Error," +
	"GoFiles,SFiles,HFiles,SysoFiles,EmbedFiles,EmbedPatterns,CgoFiles,IgnoredGoFiles,TestGoFiles,XTestGoFiles"

// list returns the main package and all it imports but the standard library, sorted by import path, and the main package by itself.
func (g *goCommand) list(ctx context.Context) (packages []*goPackage, command *goPackage, err error) {
	out, err := g.run(ctx, g.env, "list", "-e", "-deps", "-pgo=off", "-tags="+strings.Join(g.src.buildTags(), ","), listFields, g.pattern)
	if failed, ok := errors.AsType[*goError](err); ok {
		return nil, nil, g.buildError(failed.output)
	} else if err != nil {
		return nil, nil, err
	}
	var problems []string
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		p := new(goPackage)
		if err := decoder.Decode(p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, nil, fmt.Errorf("read what go list says of %s: %w", g.src.Package, err)
		}
		if !p.DepOnly {
			command = p
		}
		if p.Error != nil {
			problems = append(problems, strings.TrimPrefix(p.Error.Pos+": "+p.Error.Err, ": "))
		}
		if !p.Standard {
			packages = append(packages, p)
		}
	}
	if command == nil {
		return nil, nil, fmt.Errorf("go list says nothing of %s in %s", g.pattern, g.root)
	}
	if err := g.checkMain(command); err != nil {
		return nil, nil, g.withCommands(ctx, err)
	}
	if problems != nil {
		return nil, nil, g.buildError(g.tidy(strings.Join(problems, "\n"), maxOutputLines))
	}
	slices.SortFunc(packages, func(a, b *goPackage) int { return strings.Compare(a.ImportPath, b.ImportPath) })
	return packages, command, nil
}

// checkMain returns a *SourceError when there is nothing to build or it would not be a command.
func (g *goCommand) checkMain(p *goPackage) *SourceError {
	none := func(reason string) *SourceError {
		return &SourceError{Field: "Package", Reason: fmt.Sprintf("package %s has no Go files%s", g.src.Package, reason), Err: ErrNoGoFiles}
	}
	switch {
	case len(p.GoFiles) > 0 && p.Name != "main":
		return &SourceError{Field: "Package", Err: ErrNotMain, Reason: fmt.Sprintf(
			"package %s is package %s, not package main: give the directory of a command, often below cmd/", g.src.Package, p.Name)}
	case len(p.GoFiles) > 0:
		return nil
	case len(p.CgoFiles) > 0:
		return none(" that build without cgo: images hold static binaries")
	case len(p.IgnoredGoFiles) > 0:
		return none(fmt.Sprintf(" for linux/%s with the tags %s: look at its //go:build lines and the files' names",
			g.src.goArch(), strings.Join(g.src.buildTags(), ", ")))
	case len(p.TestGoFiles)+len(p.XTestGoFiles) > 0:
		return none(" but tests: give the directory of a main package")
	case p.Error != nil && !strings.HasPrefix(p.Error.Err, "no Go files"):
		return nil // such as a syntax error in the package clause: the compiler's line says more
	}
	return none(": give the directory of a main package")
}

// withCommands completes the error of a package that is no command by the commands below its directory, if there are any.
func (g *goCommand) withCommands(ctx context.Context, err *SourceError) error {
	out, failed := g.run(ctx, g.env, "list", "-e", "-tags="+strings.Join(g.src.buildTags(), ","), `-f={{if eq .Name "main"}}{{.Dir}}{{end}}`,
		strings.TrimSuffix(g.pattern, "/")+"/...")
	if failed != nil {
		return err //nolint:nilerr // the question was only asked for the sake of a better error
	}
	var commands []string
	for dir := range strings.FieldsFuncSeq(string(out), func(r rune) bool { return r == '\n' || r == '\r' }) {
		if below, relErr := filepath.Rel(filepath.Join(g.root, filepath.FromSlash(g.pattern)), dir); relErr == nil {
			commands = append(commands, filepath.Join(g.src.Package, below))
		}
	}
	const most = 10
	if more := len(commands) - most; more > 0 {
		commands = append(commands[:most], fmt.Sprintf("%d more", more))
	}
	reason, _, _ := strings.Cut(err.Reason, ": give")
	switch len(commands) {
	case 0:
	case 1:
		err.Reason = fmt.Sprintf("%s, but there is a main package below it: give %s", reason, commands[0])
	default:
		err.Reason = fmt.Sprintf("%s, but there are several main packages below it: give one of %s", reason, strings.Join(commands, ", "))
	}
	return err
}

// inModuleCache reports whether the package's files are those of a published module, which its checksum pins.
func (p *goPackage) inModuleCache(cache string) bool {
	return cache != "" && strings.HasPrefix(p.Dir, cache+string(filepath.Separator)) && p.Module != nil && p.Module.source().Sum != ""
}

// source is the module that the files come from.
func (m *goModule) source() *goModule {
	if m.Replace != nil {
		return m.Replace
	}
	return m
}
