// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/caddy-onenote/caddy-onenote/emulator"
	"github.com/caddy-onenote/caddy-onenote/internal/apiclients"
	"github.com/caddy-onenote/caddy-onenote/internal/needs"
	"github.com/caddy-onenote/caddy-onenote/internal/testdns"
	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/signin"
)

// The samples of interception run as they are, but for their folders, and for where they
// listen if Microsoft has the same port on this machine: in a network of their own, in
// which Microsoft's addresses and the DNS servers of the world are the test's, and with a
// hosts file of their own.

// interceptedSample is a sample, and how Microsoft's names lead to it.
type interceptedSample struct {
	names []string // of Microsoft's that lead to the proxy
	hosts string   // the hosts file
	proxy string   // its address in the app's network; DNS says so where hosts does not
	peers string   // of the app's network
}

var microsoftsNames = []string{"www.onenote.com", "login.live.com", "login.microsoftonline.com"}

var interceptedSamples = map[string]interceptedSample{
	"hosts":   {names: microsoftsNames[:1], hosts: "127.0.0.1 localhost\n127.0.0.1 www.onenote.com\n", proxy: "127.0.0.1"},
	"compose": {names: microsoftsNames, hosts: "127.0.0.1 localhost\n", proxy: "172.30.53.2", peers: "172.30.53.2/24"},
}

// Addresses in the test's network.
const (
	addressOfMicrosoft = "203.0.113.10"
	addressOfNames     = "127.0.0.11" // the DNS server of a container network
	inNamespace        = "ONENOTE_TEST_NAMESPACE"
)

func TestInterceptionSamples(t *testing.T) {
	if throughReverseProxy {
		return // each sample is loaded both ways
	}
	if inside := os.Getenv(inNamespace); inside != "" {
		interceptedSamples[inside].run(t, inside)
		return
	}
	unshare := needs.Program(t, "unshare")
	needs.Program(t, "ip")
	needs.Program(t, "curl")
	arguments := []string{"--mount", "--net"}
	if os.Getuid() != 0 {
		arguments = append(arguments, "--map-root-user")
	}
	if output, err := exec.CommandContext(t.Context(), unshare, append(arguments, "ip", "link", "set", "lo", "up")...).CombinedOutput(); err != nil {
		needs.Missing(t, "this machine allows no network of its own (unshare): %v: %s", err, output)
	}
	for name := range interceptedSamples {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program := exec.CommandContext(t.Context(), unshare, append(arguments, os.Args[0], "-test.run", "^TestInterceptionSamples$")...)
			program.Env = append(os.Environ(), inNamespace+"="+name)
			output, err := program.CombinedOutput()
			if err != nil || !strings.Contains(string(output), "PASS") {
				t.Errorf("%v: %s", err, output)
			}
		})
	}
}

// run is in namespaces of its own.
func (c interceptedSample) run(t *testing.T, name string) {
	dir := t.TempDir()
	c.prepareNetwork(t, dir)
	m := c.startMicrosoft(t, dir)
	s := newServer(t)
	s.url = "http://localhost:8080"
	t.Setenv("ONENOTE_CLIENT_ID", "an-old-app")
	t.Setenv("ONENOTE_ENCRYPTION_KEY", tokens.GenerateKey())
	config := regexp.MustCompile(`(?m)^\tadmin .*$`).ReplaceAllString(read(t, "../deploy/interception/Caddyfile."+name),
		"\tadmin "+s.admin+"\n\tpersist_config off\n\tstorage file_system "+dir+"/storage\n\tlog {\n\t\toutput file "+s.dir+"/log\n\t}")
	if name == "hosts" {
		// Beside a storage that is configured, the key has to be, too.
		config = strings.Replace(config, "\tonenote {\n", "\tonenote {\n\t\tencryption_key {env.ONENOTE_ENCRYPTION_KEY}\n", 1)
	} else {
		config = strings.Replace(config, "\ttls internal\n", "\tbind "+c.proxy+"\n\ttls internal\n", 1)
	}
	s.mustLoad(config)
	c.wantTrap(t)

	// Nobody is signed in yet. The page says how, where a browser would come here.
	meets := slices.Contains(c.names, "login.live.com")
	if got := s.get("/").body; strings.Contains(got, "may lead to this proxy") != meets {
		t.Errorf("page: got %s, want that signing in uses another device: %t", got, meets)
	}
	root := filepath.Join(dir, "storage", "pki", "authorities", "local", "root.crt")
	var last curled
	for deadline := time.Now().Add(time.Minute); last.status != "401"; { // Caddy makes the certificate in the background
		if time.Now().After(deadline) {
			t.Fatalf("the site has no certificate: got %+v", last)
		}
		last = c.curl(root, notebooks, "--max-time", "5")
	}
	c.signIn(t, s, m)

	c.wantNotes(t, root)
	s.mustLoad(strings.Replace(config, "\t\tlinks off\n", "\t\tlinks off\n\t\tlb_retries 1\n", 1)) // through reverse_proxy
	c.wantNotes(t, root)
	if res := s.adminDo("POST", "/onenote/accounts/default/refresh", ""); res.StatusCode != http.StatusOK {
		t.Errorf("refresh: got %s: %s", res.Status, res.body)
	}
	if name == "hosts" {
		t.Setenv("NODE_EXTRA_CA_CERTS", root)
		report := apiclients.OneNoteAPI.RunInNode(t, "../internal/apiclients", "https://www.onenote.com")
		if len(report.Notebooks) == 0 || len(report.Addresses) == 0 || !strings.HasPrefix(report.Addresses[0], "https://www.onenote.com/") {
			t.Errorf("onenoteapi: got %+v, want notebooks, and addresses of www.onenote.com", report)
		}
	}
	for _, r := range m.requests("/") {
		if strings.HasPrefix(r.Path, "/api/") && r.Headers.Get("Authorization") == "Bearer of-the-app" {
			t.Errorf("%s: Microsoft got the app's own token", r.Path)
		}
	}
}

// prepareNetwork gives the addresses of the world to this machine, and lets the hosts file
// and the machine's DNS server lead the names to the proxy.
func (c interceptedSample) prepareNetwork(t *testing.T, dir string) {
	t.Helper()
	commands := [][]string{{"link", "set", "lo", "up"}}
	for _, address := range []string{"1.1.1.1/32", "9.9.9.9/32", addressOfMicrosoft + "/32", c.peers} {
		if address != "" {
			commands = append(commands, []string{"address", "add", address, "dev", "lo"})
		}
	}
	for _, command := range commands {
		if output, err := exec.CommandContext(t.Context(), "ip", command...).CombinedOutput(); err != nil {
			t.Fatalf("ip %q: %v: %s", command, err, output)
		}
	}
	for path, text := range map[string]string{"/etc/hosts": c.hosts, "/etc/resolv.conf": "nameserver " + addressOfNames + "\n"} {
		own := filepath.Join(dir, filepath.Base(path))
		write(t, own, text)
		if err := syscall.Mount(own, path, "", syscall.MS_BIND, ""); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	var here, there []string
	for _, name := range microsoftsNames {
		there = append(there, name+". A "+addressOfMicrosoft)
		if slices.Contains(c.names, name) {
			here = append(here, name+". A "+c.proxy)
		}
	}
	testdns.StartAt(t, addressOfNames+":53", here...)
	testdns.StartAt(t, "1.1.1.1:53", there...)
	testdns.StartAt(t, "9.9.9.9:53", there...)
}

// startMicrosoft starts the emulator under its real names, with a certificate that this
// process trusts.
func (interceptedSample) startMicrosoft(t *testing.T, dir string) *microsoft {
	t.Helper()
	pair, authority := certificateFor(t, microsoftsNames...)
	t.Setenv("SSL_CERT_FILE", authority)
	t.Setenv("SSL_CERT_DIR", dir)
	e := emulator.New(emulator.Options{})
	plain := httptest.NewServer(e)
	t.Cleanup(plain.Close)
	l, err := net.Listen("tcp", addressOfMicrosoft+":443")
	if err != nil {
		t.Fatal(err)
	}
	named := httptest.NewUnstartedServer(e)
	named.Listener.Close()
	named.Listener, named.TLS = l, &tls.Config{Certificates: []tls.Certificate{pair}}
	named.Config.ErrorLog = log.New(io.Discard, "", 0)
	named.StartTLS()
	t.Cleanup(named.Close)
	return &microsoft{t: t, url: plain.URL}
}

// wantTrap makes sure that the names lead to the proxy for whoever asks the system, as Go's
// resolver does.
func (c interceptedSample) wantTrap(t *testing.T) {
	t.Helper()
	for _, name := range c.names {
		if got, err := net.LookupHost(name); err != nil || !slices.Equal(got, []string{c.proxy}) {
			t.Fatalf("%s: got %q, %v, want the proxy's address", name, got, err)
		}
	}
}

// signIn signs in with a code on another device, which knows nothing of the hosts file.
func (interceptedSample) signIn(t *testing.T, s *caddyServer, m *microsoft) {
	t.Helper()
	a := decodeAs[signin.Attempt](t, s.adminDo("POST", "/onenote/accounts/default/signin", `{"flow":"device"}`).body)
	at, err := url.Parse(a.VerificationURI)
	if err != nil || at.Scheme != "https" {
		t.Fatalf("got %+v, %v, want an address at Microsoft", a, err)
	}
	s.submit(browser(), m.url+at.RequestURI(), url.Values{"user_code": {a.UserCode}, "user": {"someone@outlook.com"}, "decision": {"accept"}})
	var last signin.Attempt
	eventually(t, "the device is signed in", func() bool {
		last = decodeAs[signin.Attempt](t, s.adminDo("GET", "/onenote/accounts/default/signin/"+a.ID+"?wait=1s", "").body)
		return last.State != signin.AttemptPending
	})
	if last.State != signin.AttemptDone || len(last.Tested) != 1 || !strings.Contains(last.Tested[0].Result, "2 notebooks") {
		t.Fatalf("got %+v, want a sign-in that was tested", last)
	}
}

// curled is what curl got.
type curled struct{ status, header, body string }

// curl requests a path of www.onenote.com as a program on this machine does.
func (interceptedSample) curl(root, path string, options ...string) curled {
	arguments := append([]string{"-sS", "-i", "-g", "--max-time", "20", "--cacert", root, "-H", "Authorization: Bearer of-the-app"}, options...)
	output, err := exec.Command("curl", append(arguments, "https://www.onenote.com"+path)...).CombinedOutput()
	if err != nil {
		return curled{body: string(output)}
	}
	header, body, _ := bytes.Cut(output, []byte("\r\n\r\n"))
	fields := strings.Fields(string(header))
	return curled{status: fields[1], header: strings.ToLower(string(header)), body: string(body)}
}

var signedPicture = regexp.MustCompile(`src="https://www\.onenote\.com(/[^"]*sig=[^"]*)"`)

// wantNotes reads notes as an app does that has www.onenote.com built in.
func (c interceptedSample) wantNotes(t *testing.T, root string) {
	t.Helper()
	list := c.curl(root, notebooks)
	if list.status != "200" || !strings.Contains(list.body, `"https://www.onenote.com/api/v1.0/me/notes/`) {
		t.Fatalf("notebooks: got %+v, want a list with addresses of www.onenote.com", list)
	}
	if strings.Contains(list.header, "\nalt-svc:") {
		t.Errorf("notebooks: got %s, want no Alt-Svc", list.header)
	}
	var pages struct{ Value []listed }
	res := c.curl(root, "/api/v1.0/me/notes/pages?$top=100")
	if err := json.Unmarshal([]byte(res.body), &pages); err != nil {
		t.Fatalf("pages: got %+v, %v", res, err)
	}
	content := strings.TrimPrefix(titled(t, pages.Value, "Pictures").ContentURL, "https://www.onenote.com")
	html := c.curl(root, content).body
	picture := signedPicture.FindStringSubmatch(html)
	if picture == nil {
		t.Fatalf("page: got %s, want signed pictures of www.onenote.com", html)
	}
	// As a page of another site shows it, in a browser on this machine.
	shown := c.curl(root, strings.ReplaceAll(picture[1], "&amp;", "&"), "-H", "Sec-Fetch-Site: cross-site", "-H", "Sec-Fetch-Mode: no-cors", "-o", os.DevNull, "-D", "-")
	if shown.status != "200" || !strings.Contains(shown.header, "content-type: image/") {
		t.Errorf("picture: got %+v, want an image", shown)
	}
}
