// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

import { promisify } from 'node:util';
import adal from 'adal-node';

export async function use({ base, browser, want, restart, list, secrets }) {
  const resource = 'https://onenote.com/';
  const client = '6f8a1ba2-2a4e-4f3b-9d38-1f5b3c6a7e10';
  const redirect = 'http://localhost/callback';
  const context = new adal.AuthenticationContext(base + '/common', false); // false: the authority is none of Microsoft's
  const call = (method) => promisify(context[method]).bind(context);
  const query = new URLSearchParams({ response_type: 'code', client_id: client, redirect_uri: redirect, state: 'the state', resource });
  const { address: back } = await browser.open(`${base}/common/oauth2/authorize?${query}`, redirect);
  const response = new URL(back).searchParams;
  want('the state', response.get('state') === 'the state');
  const got = await call('acquireTokenWithAuthorizationCode')(response.get('code'), redirect, resource, client, 'secret of the app');
  want('a user', got.userId && got.isUserIdDisplayable);
  await list(got.accessToken);
  const once = await call('acquireTokenWithRefreshToken')(got.refreshToken, client, 'secret of the app', resource);
  await list(once.accessToken);
  await restart();
  await list(once.accessToken);
  const twice = await call('acquireTokenWithRefreshToken')(once.refreshToken, client, 'secret of the app', resource);
  await list(twice.accessToken);

  // A device, too: this is how command line tools sign in.
  const code = await call('acquireUserCode')(resource, client, 'en');
  await browser.open(code.verificationUrl, undefined, { code: code.userCode, decision: 'allow' });
  const device = await call('acquireTokenWithDeviceCode')(resource, client, code);
  await list(device.accessToken);
  await browser.open(`${base}/common/oauth2/logout?post_logout_redirect_uri=${encodeURIComponent(redirect)}`, redirect);
  secrets.push(got.accessToken, got.refreshToken, twice.accessToken, device.accessToken);
}
