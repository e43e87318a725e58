// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// A web app that signs its users in with passport.

import express from 'express';
import session from 'express-session';
import passport from 'passport';

// serve serves /login and /callback for a strategy that make returns for a redirect URI.
// It returns the address of the login.
export async function serve(make, name) {
  const app = express();
  app.use(session({ secret: 'a secret of the test', resave: false, saveUninitialized: true }));
  app.use(express.urlencoded({ extended: true }));
  app.use(passport.initialize());
  const server = await new Promise((resolve) => {
    const s = app.listen(0, 'localhost', () => resolve(s));
  });
  const address = `http://localhost:${server.address().port}`;
  passport.use(make(address + '/callback'));
  const authenticate = passport.authenticate(name, { session: false, failWithError: true });
  app.get('/login', authenticate);
  app.all('/callback', authenticate, (request, response) => response.send('signed in'));
  app.use((failure, request, response, next) => response.status(500).send(`${failure.stack} ${request.session?.messages}`));
  return { login: address + '/login', close: () => server.close() };
}
