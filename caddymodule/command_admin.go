// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// adminFlags say how the admin endpoint is found.
type adminFlags struct {
	address, config, adapter string
}

func (f *adminFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.address, "address", "", "Address of the admin endpoint, if not from the configuration")
	f.addConfig(c)
}

func (f *adminFlags) addConfig(c *cobra.Command) {
	c.Flags().StringVarP(&f.config, "config", "c", "", "Configuration file")
	c.Flags().StringVarP(&f.adapter, "adapter", "a", "", "Name of the config adapter")
}

// client returns a client of the admin endpoint.
func (f *adminFlags) client() (adminClient, error) {
	if f.address != "" {
		if strings.Contains(f.address, "://") {
			return adminClient{}, usageError("--address %s: write it without a scheme, such as localhost:2019 or unix//run/onenote/admin.sock", f.address)
		}
		return adminClient{address: f.address}, nil
	}
	listen, err := f.configuredAdmin()
	if err != nil {
		return adminClient{}, err
	}
	return adminClient{address: cmp.Or(listen, caddy.DefaultAdminListen)}, nil
}

// configuredAdmin returns the address of the admin endpoint in the configuration
// that the flags name, empty if it has none.
func (f *adminFlags) configuredAdmin() (string, error) {
	if f.config == "" {
		return "", nil
	}
	raw, _, err := f.read()
	if err != nil {
		return "", err
	}
	var config struct {
		Admin caddy.AdminConfig `json:"admin"`
	}
	if err := json.Unmarshal(raw, &config); err != nil {
		return "", fmt.Errorf("reading the configuration: %w", err)
	}
	if config.Admin.Disabled {
		return "", errors.New("the configuration says admin off, so no command can reach the server. " +
			"Use the status page of a site, or write an admin address into the configuration, such as: admin unix//run/onenote/admin.sock|0600")
	}
	// The server replaces placeholders too.
	listen, err := caddy.NewReplacer().ReplaceOrErr(config.Admin.Listen, true, true)
	if err != nil {
		return "", fmt.Errorf("the admin address of the configuration is %s: %w; set that variable for this command too, or give --address", config.Admin.Listen, err)
	}
	return listen, nil
}

// adminClient asks the running server.
type adminClient struct{ address string }

// do sends in, if any, and reads the response into out, if any.
func (c adminClient) do(method, path string, in, out any) error {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return err
		}
	}
	res, err := caddycmd.AdminAPIRequest(c.address, method, path, nil, &body)
	if err != nil {
		return c.explain(err)
	}
	defer res.Body.Close()
	if out == nil {
		return nil
	}
	if err := decodePrintable(res.Body, out); err != nil {
		return fmt.Errorf("reading the response of the server at %s: %w; %s", c.address, err, otherServer)
	}
	return nil
}

// decodePrintable decodes JSON for a terminal: in each text, characters that
// would move its cursor, begin a line or turn the writing round become spaces.
// Names of users and texts for them come from identity providers.
func decodePrintable(r io.Reader, out any) error {
	var parsed any
	if err := json.NewDecoder(r).Decode(&parsed); err != nil {
		return err
	}
	text, err := json.Marshal(printable(parsed))
	if err != nil {
		return err
	}
	return json.Unmarshal(text, out)
}

func printable(v any) any {
	switch v := v.(type) {
	case string:
		return printableText(v)
	case []any:
		for i, e := range v {
			v[i] = printable(e)
		}
	case map[string]any:
		for key, e := range v {
			v[key] = printable(e)
		}
	}
	return v
}

func printableText(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.In(c, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return c
	}, text)
}

func (c adminClient) accounts() ([]tokens.Status, error) {
	var list accountList
	err := c.do(http.MethodGet, "/onenote/accounts", nil, &list)
	return list.Accounts, err
}

// account returns the account named on the command line, or the only one.
func (c adminClient) account(args []string) (tokens.Status, error) {
	if len(args) == 1 {
		var s tokens.Status
		err := c.do(http.MethodGet, accountPath(args[0]), nil, &s)
		return s, err
	}
	all, err := c.accounts()
	if err != nil {
		return tokens.Status{}, err
	}
	if len(all) != 1 {
		var names []string
		for _, s := range all {
			names = append(names, s.Name)
		}
		return tokens.Status{}, usageError("there are several accounts (%s); say which one", strings.Join(names, ", "))
	}
	return all[0], nil
}

func accountPath(name string) string { return "/onenote/accounts/" + url.PathEscape(name) }
