// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/caddy-onenote/caddy-onenote/tokens"
)

// adminFlags say where the admin endpoint is.
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
	address, err := caddycmd.DetermineAdminAPIAddress(f.address, nil, f.config, f.adapter)
	if err != nil {
		return adminClient{}, err
	}
	return adminClient{address: address}, nil
}

// adminClient asks the running server.
type adminClient struct{ address string }

// do sends in, if any, and reads the answer into out, if any.
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
	return json.NewDecoder(res.Body).Decode(out)
}

// refusedByServer is how AdminAPIRequest begins an error that the server sent.
const refusedByServer = "caddy responded with error: HTTP "

// explain makes an error of AdminAPIRequest one that says what to do. The
// status of the answer is only in its text.
func (c adminClient) explain(err error) error {
	text, refused := strings.CutPrefix(err.Error(), refusedByServer)
	if !refused {
		return fmt.Errorf("asking the server at %s: %w; is it running, and is that its admin endpoint? --address tells another", c.address, err)
	}
	status, answer, _ := strings.Cut(text, ": ")
	var told struct {
		Error string `json:"error"`
	}
	if json.Unmarshal([]byte(answer), &told) != nil || told.Error == "" {
		return fmt.Errorf("the server at %s answered with status %s: %s", c.address, status, strings.TrimSpace(answer))
	}
	if status == fmt.Sprint(http.StatusConflict) {
		return &exitError{exitSigninRequired, errors.New(told.Error)}
	}
	return errors.New(told.Error)
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
