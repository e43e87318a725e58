// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/caddy-onenote/caddy-onenote/internal/netfail"
	"github.com/caddy-onenote/caddy-onenote/proxy"
	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
	"github.com/caddy-onenote/caddy-onenote/tokens"
	"github.com/caddy-onenote/caddy-onenote/tokens/oauth"
	"github.com/caddy-onenote/caddy-onenote/tokens/signin"
)

// A tokenTest tells whether an API takes the token of an account: each site can send
// one request as an app would, through its own transport.
type tokenTest struct {
	api    string // the host
	serves func(account string) bool
	test   func(ctx context.Context, account string, tries int) signin.Test
	site   *Handler
}

// testTargets are the requests that are sent, in each API's own words. They need no
// more permission than apps do.
var testTargets = map[string]string{
	"onenote":  "/api/v1.0/me/notes/notebooks?$top=1&$count=true",
	"graph":    "/v1.0/me/onenote/notebooks?$top=1&$count=true",
	"onedrive": "/v1.0/drive",
}

// refusedTries is how often a refused request is sent: an account is refused after two.
const refusedTries = 2

// tokenTestLimit bounds the requests for one account.
const tokenTestLimit = 15 * time.Second

// addTokenTest notes that requests of a site can tell whether its API takes tokens.
func (a *App) addTokenTest(t tokenTest) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tests = append(a.tests, t)
}

// testToken sends a request as an account to each API that a site uses it for.
// It ends with the configuration: a reload does not wait for an API that does not
// respond.
func (a *App) testToken(ctx context.Context, account string) []signin.Test {
	ctx, cancel := a.within(ctx, tokenTestLimit)
	defer cancel()
	return a.testTokenAt(ctx, account, refusedTries, func(string) bool { return true })
}

func (a *App) testTokenAt(ctx context.Context, account string, tries int, wanted func(api string) bool) []signin.Test {
	a.mu.Lock()
	all := slices.Clone(a.tests)
	a.mu.Unlock()
	slices.SortStableFunc(all, func(t, u tokenTest) int { return strings.Compare(t.api, u.api) })
	var results []signin.Test
	for _, t := range all {
		done := len(results) > 0 && results[len(results)-1].API == t.api
		if !done && t.serves(account) && wanted(t.api) {
			results = append(results, t.test(ctx, account, tries))
		}
	}
	return results
}

// retestEvery is how often a refused account is tested: no app may send a request to
// one that is not ready.
const retestEvery = 5 * time.Minute

// retestRefused tests accounts that are refused, from time to time, until ctx ends.
func (a *App) retestRefused(ctx context.Context) {
	for {
		for _, account := range a.all() {
			a.retest(ctx, account)
		}
		if oauth.Sleep(ctx, a.clock, retestEvery) != nil {
			return
		}
	}
}

func (a *App) retest(ctx context.Context, account *tokens.Account) {
	refusers := account.RefusedBy()
	if len(refusers) == 0 {
		return
	}
	// One API that does not respond must not keep the others from being tested.
	limited, cancel := a.within(ctx, tokenTestLimit)
	defer cancel()
	results := a.testTokenAt(limited, account.Name(), 1, func(api string) bool { return slices.Contains(refusers, api) })
	if len(results) > 0 && ctx.Err() == nil {
		a.attempts.Tested(a.clock.Now(), account, results)
	}
}

// addTokenTest offers the site for tests of the accounts that it serves.
func (h *Handler) addTokenTest() {
	if testTargets[h.upstream.preset.Name] == "" {
		return
	}
	serves := h.site.servedAccounts(h.ClientKeys)
	h.site.app.addTokenTest(tokenTest{
		api:    h.upstream.url.Host,
		serves: func(account string) bool { return serves(account) && h.checkAudience(account) == nil },
		test:   h.testToken,
		site:   h,
	})
}

// testToken sends one request as an account. A refused one is sent again, so that the
// account is refused at once and not at the first request of an app.
func (h *Handler) testToken(ctx context.Context, account string, tries int) (t signin.Test) {
	for range tries {
		if t = h.test(ctx, account, h.testTarget()).Test; !t.Refused {
			break
		}
	}
	return t
}

// testTarget is what a test requests.
func (h *Handler) testTarget() string { return testTargets[h.upstream.preset.Name] }

// test sends one request as an account, and says what came back.
func (h *Handler) test(ctx context.Context, account, target string) (t testResult) {
	t.API = h.upstream.url.Host
	t.Target = target
	defer t.measure()()
	var trace proxy.Trace
	res, err := h.sendTest(ctx, account, target, &trace)
	t.Retried = trace.Retried
	if err != nil {
		e := netfail.Explain(err, h.upstream.url.Host)
		t.Result = fmt.Sprintf("the API could not be reached: %s; %s", e.Message, e.Advice)
		return t
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxTestBody))
	if err != nil {
		t.Result = "the response of the API broke off"
		return t
	}
	t.note(res, body)
	if res.StatusCode < http.StatusBadRequest {
		t.Result, t.Owner = accepted(body), ownerIn(body)
		return t
	}
	code, message := apiError(body)
	if res.Header.Get(apierror.Header) != "" {
		t.Result = message // ours says what is wrong
		return t
	}
	t.Refused = res.StatusCode == http.StatusUnauthorized && code != apierror.CodeNoPermission
	t.Result = fmt.Sprintf("the API responded with status %d", res.StatusCode)
	if code != "" {
		t.Result += " (" + code + ")"
	}
	if message != "" {
		t.Result += ": " + message
	}
	return t
}

// sendTest sends a request as any other, but it does not count as one of an app.
func (h *Handler) sendTest(ctx context.Context, account, target string, trace *proxy.Trace) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.upstream.url.String()+target, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	transport := *h.roundTripper
	transport.proxy.Observer = nil
	call := proxy.Call{Tokens: h.site.app.account(account), Account: account, Target: target, Trace: trace}
	if bases := h.site.app.basesOf(account); len(bases) > 0 {
		call.Base, call.ImageBase = bases[0], bases[0]
	}
	return transport.send(req, call)
}

// maxTestBody is how much of the response to a test is read.
const maxTestBody = 64 << 10

// accepted says what is in the response of an API that takes the token.
func accepted(body []byte) string {
	var list struct {
		Count    *int              `json:"@odata.count"`
		Value    []json.RawMessage `json:"value"`
		NextLink string            `json:"@odata.nextLink"`
	}
	if json.Unmarshal(body, &list) != nil || list.Value == nil {
		return "the API takes the token"
	}
	n := len(list.Value)
	if list.Count != nil {
		n = *list.Count
	}
	switch {
	case list.Count == nil && list.NextLink != "":
		return "several notebooks"
	case n == 0:
		return "no notebook yet"
	case n == 1:
		return "1 notebook"
	}
	return fmt.Sprintf("%d notebooks", n)
}

// maxOwner is the length of the longest name that is shown, in characters.
const maxOwner = 100

// ownerIn returns the name of the person whose notebooks a list has: who created one
// that is the account's own. The OneNote API writes a name, Microsoft Graph an identity.
func ownerIn(body []byte) string {
	var list struct {
		Value []struct {
			Role      string          `json:"userRole"`
			CreatedBy json.RawMessage `json:"createdBy"`
		} `json:"value"`
	}
	if json.Unmarshal(body, &list) != nil {
		return ""
	}
	for _, notebook := range list.Value {
		if notebook.Role != "" && notebook.Role != "Owner" {
			continue
		}
		var name string
		var identity struct {
			User struct {
				Name string `json:"displayName"`
			} `json:"user"`
		}
		if json.Unmarshal(notebook.CreatedBy, &name) != nil && json.Unmarshal(notebook.CreatedBy, &identity) == nil {
			name = identity.User.Name
		}
		if name = oneLine(name, maxOwner); name != "" {
			return name
		}
	}
	return ""
}

// maxTestMessage is how much of an API's message is shown.
const maxTestMessage = 300

// apiError returns the code and the message of an API's error response, as far as
// they can be shown on one line.
func apiError(body []byte) (code, message string) {
	var e struct {
		Error struct {
			Code    any    `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &e) != nil {
		return "", ""
	}
	if e.Error.Code != nil {
		code = oneLine(fmt.Sprint(e.Error.Code), 64)
	}
	return code, oneLine(e.Error.Message, maxTestMessage)
}

// oneLine returns a text of others without characters that would begin a line or turn
// the writing round, and not more than that many characters of it.
func oneLine(text string, limit int) string {
	runes := []rune(strings.ToValidUTF8(text, "?"))
	if len(runes) > limit {
		runes = append(runes[:limit], '…')
	}
	return strings.Join(strings.FieldsFunc(string(runes), func(c rune) bool {
		return unicode.IsSpace(c) || unicode.In(c, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
	}), " ")
}
