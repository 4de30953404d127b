package lambda_test

import (
	"archive/tar"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// unpacked makes a function of an image of the layers, and lists the files that come of it.
func unpacked(t *testing.T, layers ...v1.Layer) map[string]string {
	t.Helper()
	f := start(t)
	f.images[repository+":files"] = image(t, v1.Config{Entrypoint: []string{"/app"}}, layers...)
	f.create(t, "files", func(in *awslambda.CreateFunctionInput) { in.Code.ImageUri = aws.String(repository + ":files") })
	digest, err := f.images[repository+":files"].Digest()
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(f.dir, digest.Hex)
	files := map[string]string{}
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name := strings.TrimPrefix(path, root+"/")
		if entry.Type() == fs.ModeSymlink {
			target, err := os.Readlink(path)
			files[name] = "-> " + target
			return err
		}
		content, err := os.ReadFile(path)
		files[name] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func file(name, content string) entry { return entry{name: name, content: []byte(content)} }
func symlink(name, target string) entry {
	return entry{name: name, link: target, kind: tar.TypeSymlink}
}
func hardLink(name, target string) entry { return entry{name: name, link: target, kind: tar.TypeLink} }
func folder(name string) entry           { return entry{name: name, kind: tar.TypeDir} }

func TestUnpack(t *testing.T) {
	t.Parallel()
	outside := filepath.Join(t.TempDir(), "outside")
	for name, test := range map[string]struct {
		layers [][]entry
		want   map[string]string
	}{
		"later layers win": {
			[][]entry{{file("a", "1"), file("d/b", "1")}, {file("a", "2"), folder("d")}}, map[string]string{"a": "2", "d/b": "1"},
		},
		"whiteout": {
			[][]entry{{file("a", "1"), file("d/b", "1"), file("d/c", "1")}, {file(".wh.a", ""), file("d/.wh.b", "")}}, map[string]string{"d/c": "1"},
		},
		"opaque whiteout, after what it must not hide": {
			[][]entry{{file("d/a", "1"), file("d/e/b", "1")}, {file("d/e/c", "2"), file("d/.wh..wh..opq", "")}}, map[string]string{"d/e/c": "2"},
		},
		"links": {
			[][]entry{{file("usr/lib/a", "1"), symlink("lib", "/usr/lib"), symlink("usr/b", "lib/a")}, {file("lib/c", "2"), hardLink("d", "usr/lib/a")}},
			map[string]string{"lib": "-> usr/lib", "usr/lib/a": "1", "usr/lib/c": "2", "usr/b": "-> lib/a", "d": "1"},
		},
		"a file replaces one that is linked": {
			[][]entry{{file("a", "1"), hardLink("b", "a")}, {file("a", "2")}}, map[string]string{"a": "2", "b": "1"},
		},
		"a file replaces a folder, and a folder a file": {
			[][]entry{{file("a/b", "1"), file("c", "1")}, {file("a", "2"), folder("c"), file("c/d", "2")}}, map[string]string{"a": "2", "c/d": "2"},
		},
		"nothing leads outside": {
			[][]entry{{
				symlink("up", "../../../.."), symlink("abs", outside), file("../../escaped", "1"), file("/rooted", "1"), symlink("d/up", "../../x"),
			}},
			map[string]string{"up": "-> .", "abs": "-> " + strings.TrimPrefix(outside, "/"), "escaped": "1", "rooted": "1", "d/up": "-> ../x"},
		},
		"devices are left out": {[][]entry{{{name: "null", kind: tar.TypeChar}, {name: "pipe", kind: tar.TypeFifo}, file("a", "1")}}, map[string]string{"a": "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var layers []v1.Layer
			for _, entries := range test.layers {
				layers = append(layers, layer(t, entries...))
			}
			if diff := cmp.Diff(test.want, unpacked(t, layers...)); diff != "" {
				t.Error(diff)
			}
		})
	}
	if _, err := os.Lstat(outside); err == nil {
		t.Error("an entry was written outside of the image")
	}
}

func TestImageThatCannotBeUnpackedFailsTheFunction(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.images[repository+":bad"] = image(t, v1.Config{Entrypoint: []string{"/app"}}, layer(t, hardLink("a", "nowhere")))
	f.createFailing(t, "bad", "layer 0: a: ")
}

// createFailing makes a function of an image that cannot be unpacked, and looks for the reason.
func (f *fixture) createFailing(t *testing.T, tag, reason string) {
	t.Helper()
	_, err := f.lambda.CreateFunction(t.Context(), &awslambda.CreateFunctionInput{
		FunctionName: &tag, Role: aws.String(role), PackageType: types.PackageTypeImage,
		Code: &types.FunctionCode{ImageUri: aws.String(repository + ":" + tag)},
	})
	if err != nil {
		t.Fatal(err)
	}
	var out *awslambda.GetFunctionConfigurationOutput
	eventually(t, "the function failed", func() bool {
		out, err = f.lambda.GetFunctionConfiguration(t.Context(), &awslambda.GetFunctionConfigurationInput{FunctionName: &tag})
		return err == nil && out.State != types.StatePending
	})
	if out.State != types.StateFailed || out.StateReasonCode != types.StateReasonCodeInvalidImage || !strings.Contains(*out.StateReason, reason) {
		t.Errorf("%s: got %s, %s: %s", tag, out.State, out.StateReasonCode, aws.ToString(out.StateReason))
	}
}

func TestImageIsCheckedAgainstItsConfiguration(t *testing.T) {
	t.Parallel()
	f := start(t)
	img := image(t, v1.Config{Entrypoint: []string{"/app"}}, layer(t, file("a", "1")))
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	for tag, ids := range map[string][]v1.Hash{"other": {{Algorithm: "sha256", Hex: strings.Repeat("0", 64)}}, "none": {}} {
		changed := config.DeepCopy()
		changed.RootFS.DiffIDs = ids
		if f.images[repository+":"+tag], err = mutate.ConfigFile(img, changed); err != nil {
			t.Fatal(err)
		}
		f.createFailing(t, tag, "image says")
	}
}

func TestFailedUpdateLeavesTheFunctionAsItWas(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.create(t, "acme")
	before := f.ask(t, "acme", `{}`)
	f.images[repository+":bad"] = image(t, v1.Config{Entrypoint: []string{"/app"}}, layer(t, hardLink("a", "nowhere")))
	_, err := f.lambda.UpdateFunctionCode(t.Context(), &awslambda.UpdateFunctionCodeInput{
		FunctionName: aws.String("acme"), ImageUri: aws.String(repository + ":bad"),
	})
	if err != nil {
		t.Fatal(err)
	}
	var out *awslambda.GetFunctionConfigurationOutput
	eventually(t, "the update failed", func() bool {
		out, err = f.lambda.GetFunctionConfiguration(t.Context(), &awslambda.GetFunctionConfigurationInput{FunctionName: aws.String("acme")})
		return err == nil && out.LastUpdateStatus == types.LastUpdateStatusFailed
	})
	if out.State != types.StateActive || out.LastUpdateStatusReasonCode != types.LastUpdateStatusReasonCodeInvalidImage {
		t.Errorf("got state %s, reason %s", out.State, out.LastUpdateStatusReasonCode)
	}
	if after := f.ask(t, "acme", `{}`); after.PID != before.PID {
		t.Error("the runtime was thrown away although nothing replaces it")
	}
}
