// Command conformance tells STORY.md with HashiCorp's own Go client.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/hashicorp/vault/api"
)

type object = map[string]any

var (
	client *api.Client
	known  struct {
		shares                           []string
		root, ann, roleID, secretID      string
		wrapped, one, oneAccessor, audit string
	}
	failed bool
)

func main() {
	client = connect("")
	boot()
	login()
	kv1()
	kv2()
	policies()
	wrapping()
	tokens()
	mounts()
	audit()
	leases()
	databases()
	cubbyhole()
	keys()
	if failed {
		os.Exit(1)
	}
}

// connect makes a client from VAULT_ADDR and VAULT_CACERT, with no second tries, so that a 5xx is seen as it is.
func connect(token string) *api.Client {
	config := api.DefaultConfig()
	if config.Error != nil {
		panic(config.Error)
	}
	config.MaxRetries = 0
	made := must(api.NewClient(config))
	made.SetToken(token)
	return made
}

// step runs one step and prints its line.
func step(name string, tell func()) {
	defer func() {
		if problem := recover(); problem != nil {
			failed = true
			fmt.Printf("FAIL %s: %s\n", name, strings.ReplaceAll(fmt.Sprint(problem), "\n", " "))
			return
		}
		fmt.Printf("ok %s\n", name)
	}()
	tell()
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// same compares the JSON forms, in which 7 and json.Number("7") are one.
func same(got, want any) {
	gotText, wantText := string(must(json.Marshal(got))), string(must(json.Marshal(want)))
	if gotText != wantText {
		panic(fmt.Sprintf("expected %s, got %s", wantText, gotText))
	}
}

func holds(fact bool, what string) {
	if !fact {
		panic("expected " + what)
	}
}

func part(of object, keys ...string) object {
	found := object{}
	for _, key := range keys {
		found[key] = of[key]
	}
	return found
}

// refused expects an error of the status, with the text among its messages.
func refused(status int, err error, text string) {
	var reply *api.ResponseError
	if !errors.As(err, &reply) {
		panic(fmt.Sprintf("expected %d, got %v", status, err))
	}
	if reply.StatusCode != status || !strings.Contains(err.Error(), text) {
		panic(fmt.Sprintf("expected %d with %q, got %v", status, text, err))
	}
}

func lookup(token string) object {
	return must(connect(token).Auth().Token().LookupSelf()).Data
}

func dead(token string) {
	_, err := connect(token).Auth().Token().LookupSelf()
	refused(http.StatusForbidden, err, "permission denied")
}

// read gives nil where the server says 404.
func read(path string) object {
	secret := must(client.Logical().Read(path))
	if secret == nil {
		return nil
	}
	return secret.Data
}

func list(path string) any {
	secret := must(client.Logical().List(path))
	if secret == nil {
		return nil
	}
	return secret.Data["keys"]
}

func write(path string, data object) *api.Secret {
	return must(client.Logical().Write(path, data))
}
