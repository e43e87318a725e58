// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Signs in with a library, unchanged, and uses what it got:
//
//     node run.mjs <library> <base URL of the proxy>
//
// Whenever it prints "restart", it waits for a line on its input, while the proxy restarts.

import { createInterface } from 'node:readline';
import { Browser } from './browser.mjs';

const [library, base] = process.argv.slice(2);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function restart() {
  console.log('restart');
  await lines.next();
}

async function list(token) {
  const response = await fetch(base + '/api/v1.0/me/notes/notebooks', { headers: { Authorization: 'Bearer ' + token } });
  const text = await response.text();
  if (!response.ok) throw new Error(`notebooks: ${response.status} ${text}`);
  return JSON.parse(text).value.map((notebook) => notebook.name);
}

function want(what, is) {
  if (!is) throw new Error('wrong: ' + what);
}

try {
  const { use } = await import(`./${library.replace('/', '-')}.mjs`);
  const browser = new Browser();
  const lists = [];
  const app = { base, browser, want, restart, list: async (token) => lists.push(await list(token)), secrets: [] };
  await use(app);
  console.log(JSON.stringify({ lists, pages: browser.pages, secrets: app.secrets }));
  process.exit(0);
} catch (failure) {
  console.error(failure);
  process.exit(1);
}
