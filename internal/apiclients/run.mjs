// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Uses a client in Node and prints what its script reports:
//
//     node run.mjs <client> <base URL of the API>

import './browserparts.mjs';

const scripts = {
  onenoteapi: './onenoteapi.mjs',
  '@microsoft/microsoft-graph-client': './graph.mjs',
};

const [client, base] = process.argv.slice(2);
const { default: library } = await import(client);
const { use } = await import(scripts[client]);
try {
  console.log(JSON.stringify(await use(library, base)));
} catch (failure) {
  console.error(failure);
  process.exitCode = 1;
}
