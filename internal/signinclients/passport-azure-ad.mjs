// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

import azure from 'passport-azure-ad';
import { serve } from './server.mjs';

export async function use({ base, browser, want, restart, list, secrets }) {
  let got;
  const clientID = '6f8a1ba2-2a4e-4f3b-9d38-1f5b3c6a7e10';
  const site = await serve((redirectUrl) => new azure.OIDCStrategy({
    identityMetadata: base + '/common/v2.0/.well-known/openid-configuration',
    clientID,
    clientSecret: 'secret of the app',
    responseType: 'code id_token',
    responseMode: 'form_post',
    redirectUrl,
    allowHttpForRedirectUrl: true,
    validateIssuer: false, // as for any app that takes users of several tenants
    scope: ['openid', 'profile', 'offline_access', 'https://onenote.com/Notes.ReadWrite'],
    loggingLevel: 'warn',
    loggingNoPII: false,
  }, (iss, sub, profile, accessToken, refreshToken, done) => {
    got = { iss, sub, profile, accessToken, refreshToken };
    done(null, profile);
  }), 'azuread-openidconnect');
  want('a page that says so', (await browser.open(site.login)).html === 'signed in');
  want('a profile', got.profile.oid && got.profile._json.preferred_username);
  await list(got.accessToken);
  // The library has no refresh; apps send that request themselves.
  const refresh = async (token) => {
    const response = await fetch(base + '/common/oauth2/v2.0/token', {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'refresh_token', client_id: clientID, client_secret: 'secret of the app', refresh_token: token }),
    });
    return response.json();
  };
  const once = await refresh(got.refreshToken);
  await list(once.access_token);
  await restart();
  await list(once.access_token);
  const twice = await refresh(once.refresh_token);
  await list(twice.access_token);
  const callback = site.login.replace('/login', '/callback');
  await browser.open(`${base}/common/oauth2/v2.0/logout?post_logout_redirect_uri=${encodeURIComponent(callback)}`, callback);
  secrets.push(got.accessToken, got.refreshToken, twice.access_token);
  site.close();
}
