// Command acme answers `backend handlers -json` as an app on the SDK does, with nothing but the standard library.
package main

import (
	"embed"
	"fmt"
	"os"
	"strings"

	"example.com/acme/greeting"
)

//go:embed pages
var pages embed.FS

var version = "dev"

func main() {
	if strings.Join(os.Args[1:], " ") == "backend handlers -json" {
		fmt.Println(`{
	"app": "acme",
	"handlers": {"jobs": {"events": ["run.requested"], "send_to": ["deliveries"], "timeout": 60, "batch_size": 10}, "cron": {}}
}`)
		return
	}
	page, err := pages.ReadFile("pages/index.html")
	fmt.Println(version, greeting.Text, string(page), err)
}
