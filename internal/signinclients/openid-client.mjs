// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

import * as oidc from 'openid-client';

export async function use({ base, browser, want, restart, list, secrets }) {
  const config = await oidc.discovery(new URL(base + '/common/v2.0'), 'an app', 'secret of the app');
  const redirect = 'http://localhost/callback';
  const verifier = oidc.randomPKCECodeVerifier();
  const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
  const address = oidc.buildAuthorizationUrl(config, {
    redirect_uri: redirect,
    scope: 'openid profile offline_access https://onenote.com/Notes.ReadWrite',
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state, nonce,
  });
  const { address: back } = await browser.open(address.href, redirect);
  const got = await oidc.authorizationCodeGrant(config, new URL(back), { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true });
  const user = await oidc.fetchUserInfo(config, got.access_token, got.claims().sub);
  want('a user', user.email);
  await list(got.access_token);
  const once = await oidc.refreshTokenGrant(config, got.refresh_token);
  await list(once.access_token);
  await restart();
  await list(once.access_token);
  const twice = await oidc.refreshTokenGrant(config, once.refresh_token);
  await list(twice.access_token);
  await browser.open(oidc.buildEndSessionUrl(config, { post_logout_redirect_uri: redirect }).href, redirect);
  secrets.push(got.access_token, got.refresh_token, twice.access_token);
}
