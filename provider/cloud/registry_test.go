package cloud

import (
	"strings"
	"testing"
)

func TestRegistryRegion(t *testing.T) {
	for host, want := range map[string]string{
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com":             "123456789012 eu-west-1",
		"123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com":    "123456789012 us-gov-west-1",
		"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn":         "123456789012 cn-north-1",
		"123456789012.dkr-ecr.eu-west-1.on.aws":                    "123456789012 eu-west-1",
		"123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com": "",
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com.example":     "",
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com.cn":          "",
		"123456789012.dkr.ecr.nowhere.amazonaws.com":               "",
		"evil.example/123456789012.dkr.ecr.eu-west-1.on.aws":       "",
		"public.ecr.aws": "", "127.0.0.1:4566": "", "": "",
	} {
		account, region, ok := RegistryRegion(host)
		if got := strings.TrimSpace(account + " " + region); got != want || ok != (want != "") {
			t.Errorf("%s: got %q, %v, want %q", host, got, ok, want)
		}
	}
}

func TestLoginIsAskedForOnce(t *testing.T) {
	t.Parallel()
	w := watch(t)
	for range 3 {
		for _, host := range []string{
			strings.TrimPrefix(w.server.Endpoint(), "http://"),
			"111111111111.dkr.ecr." + w.Region + ".amazonaws.com", "222222222222.dkr.ecr." + w.Region + ".amazonaws.com",
		} {
			if login, err := w.LoginTo(t.Context(), host); err != nil || login == nil || login.Username != "AWS" {
				t.Errorf("%s: got %v, %v", host, login, err)
			}
		}
	}
	if n := w.take()["GetAuthorizationToken"]; n != 1 {
		t.Errorf("asked %d times", n)
	}
	login := w.logins.byRegion[w.Region]
	login.since = login.since.Add(-loginLife - 1)
	if _, err := w.Login(t.Context()); err != nil || w.take()["GetAuthorizationToken"] != 1 {
		t.Errorf("an old login is not renewed, %v", err)
	}
	if login, err := w.LoginTo(t.Context(), "public.ecr.aws"); login != nil || err != nil {
		t.Errorf("public registry: got %v, %v", login, err)
	}
	w.deny("GetAuthorizationToken")
	if _, err := w.LoginTo(t.Context(), "111111111111.dkr.ecr.eu-west-3.amazonaws.com"); !IsDenied(err) {
		t.Errorf("without permission: got %v", err)
	}
}
