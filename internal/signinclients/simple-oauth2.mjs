// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

import { AuthorizationCode } from 'simple-oauth2';

export async function use({ base, browser, want, restart, list, secrets }) {
  const client = new AuthorizationCode({
    client: { id: '000000004C12AE6F', secret: 'secret of the app' }, // sent by HTTP Basic
    auth: { tokenHost: base, tokenPath: '/oauth20_token.srf', authorizePath: '/oauth20_authorize.srf' },
  });
  const redirect = 'http://localhost/callback';
  const scope = 'office.onenote_update wl.signin wl.offline_access';
  const { address: back } = await browser.open(client.authorizeURL({ redirect_uri: redirect, scope, state: 'the state' }), redirect);
  const response = new URL(back).searchParams;
  want('the state', response.get('state') === 'the state');
  const got = await client.getToken({ code: response.get('code'), redirect_uri: redirect, scope });
  want('the scope', got.token.scope === scope);
  await list(got.token.access_token);
  const once = await got.refresh();
  await list(once.token.access_token);
  await restart();
  await list(once.token.access_token);
  const twice = await once.refresh();
  await list(twice.token.access_token);
  await browser.open(`${base}/oauth20_logout.srf?redirect_uri=${encodeURIComponent(redirect)}`, redirect);
  secrets.push(got.token.access_token, got.token.refresh_token, twice.token.access_token);
}
