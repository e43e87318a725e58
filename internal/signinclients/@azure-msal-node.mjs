// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

import { ConfidentialClientApplication, PublicClientApplication } from '@azure/msal-node';

export async function use({ base, browser, want, restart, list, secrets }) {
  const auth = {
    clientId: '6f8a1ba2-2a4e-4f3b-9d38-1f5b3c6a7e10',
    authority: base + '/common',
    knownAuthorities: [new URL(base).host],
  };
  const scopes = ['https://onenote.com/Notes.ReadWrite'];
  const redirectUri = 'http://localhost/callback';
  const client = new ConfidentialClientApplication({ auth: { ...auth, clientSecret: 'secret of the app' } });
  const address = await client.getAuthCodeUrl({ scopes, redirectUri, state: 'the state' });
  const { address: back } = await browser.open(address, redirectUri);
  const response = new URL(back).searchParams;
  want('the state', response.get('state') === 'the state');
  const got = await client.acquireTokenByCode({ code: response.get('code'), scopes, redirectUri });
  want('an account', got.account?.username);
  await list(got.accessToken);
  const once = await client.acquireTokenSilent({ account: got.account, scopes, forceRefresh: true });
  want('another key', once.accessToken !== got.accessToken);
  await list(once.accessToken);
  await restart();
  await list(once.accessToken);
  const twice = await client.acquireTokenSilent({ account: got.account, scopes, forceRefresh: true });
  await list(twice.accessToken);

  // A device, too: this is how command line tools sign in.
  const tool = new PublicClientApplication({ auth });
  const device = await tool.acquireTokenByDeviceCode({ scopes, deviceCodeCallback: allow(browser) });
  await list(device.accessToken);
  await browser.open(`${base}/common/oauth2/v2.0/logout?post_logout_redirect_uri=${encodeURIComponent(redirectUri)}`, redirectUri);
  secrets.push(got.accessToken, twice.accessToken, device.accessToken);
}

// allow types the code in, and allows it.
function allow(browser) {
  return ({ verificationUri, userCode }) => browser.open(verificationUri, undefined, { code: userCode, decision: 'allow' });
}
