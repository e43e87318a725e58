// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

import { promisify } from 'node:util';
import { Strategy } from 'passport-windowslive';
import { serve } from './server.mjs';

export async function use({ base, browser, want, restart, list, secrets }) {
  let got, strategy;
  const site = await serve((callbackURL) => strategy = new Strategy({
    clientID: '000000004C12AE6F',
    clientSecret: 'secret of the app',
    authorizationURL: base + '/oauth20_authorize.srf',
    tokenURL: base + '/oauth20_token.srf',
    userProfileURL: base + '/v5.0/me',
    callbackURL,
    scope: ['wl.signin', 'wl.offline_access', 'office.onenote_update'],
    state: true,
  }, (accessToken, refreshToken, profile, done) => {
    got = { accessToken, refreshToken, profile };
    done(null, profile);
  }), 'windowslive');
  want('a page that says so', (await browser.open(site.login)).html === 'signed in');
  want('a profile', got.profile.id && got.profile.emails[0].value);
  await list(got.accessToken);
  const refresh = promisify((token, done) => strategy._oauth2.getOAuthAccessToken(token, { grant_type: 'refresh_token' }, (e, key, next) => done(e, { key, next })));
  const once = await refresh(got.refreshToken);
  await list(once.key);
  await restart();
  await list(once.key);
  const twice = await refresh(once.next);
  await list(twice.key);
  const callback = site.login.replace('/login', '/callback');
  await browser.open(`${base}/oauth20_logout.srf?client_id=000000004C12AE6F&redirect_uri=${encodeURIComponent(callback)}`, callback);
  secrets.push(got.accessToken, got.refreshToken, twice.key, twice.next);
  site.close();
}
