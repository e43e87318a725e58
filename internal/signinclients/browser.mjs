// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// What a person does in a browser, as far as a sign-in needs it: follow redirects, keep
// cookies, press the buttons of our sign-in page and of the provider's, and let a page post
// its form.

export class Browser {
  #cookies = new Map();
  pages = []; // paths that were shown

  // open goes to an address and on, until it is led to one that begins with end, or a page
  // is shown that no sign-in has. It returns the address, and the form that was posted there.
  async open(address, end = 'nowhere', form) {
    for (let hops = 0; hops < 30; hops++) {
      if (address.startsWith(end)) return { address, form };
      const response = await this.#send(address, form);
      form = undefined;
      const location = response.headers.get('Location');
      if (location) {
        address = new URL(location, address).href;
        continue;
      }
      const html = await response.text();
      this.pages.push(new URL(address).pathname);
      if (response.status >= 400) throw new Error(`${address}: ${response.status} ${html}`);
      const next = this.#press(html, address);
      if (!next) return { address, html };
      [address, form] = next;
    }
    throw new Error(`too many redirects, at ${address}`);
  }

  async #send(address, form) {
    const host = new URL(address).hostname;
    const cookies = [...this.#cookies].filter(([name]) => name.startsWith(host + ' ')).map(([, value]) => value);
    const response = await fetch(address, {
      method: form ? 'POST' : 'GET',
      body: form && new URLSearchParams(form),
      redirect: 'manual',
      headers: { Accept: 'text/html', ...(cookies.length && { Cookie: cookies.join('; ') }) },
    });
    for (const cookie of response.headers.getSetCookie()) {
      const pair = cookie.split(';', 1)[0];
      this.#cookies.set(host + ' ' + pair.split('=', 1)[0], pair);
    }
    return response;
  }

  // press returns where the form of a page leads, and what it sends.
  #press(html, address) {
    const [, tag, inside] = /<form([^>]*)>([^]*?)<\/form>/.exec(html) ?? [];
    if (!tag) return undefined;
    const action = new URL(unescape(/action="([^"]*)"/.exec(tag)?.[1] ?? ''), address);
    const fields = {};
    for (const [input] of inside.matchAll(/<input[^>]*>/g)) {
      const [name, value] = ['name', 'value'].map((n) => unescape(new RegExp(` ${n}="([^"]*)"`).exec(input)?.[1] ?? ''));
      if (name) fields[name] = value;
    }
    if (/name="decision"/.test(inside) || html.includes('name="decision"')) {
      return [action.href, { ...fields, user: 'someone@outlook.com', decision: 'accept' }];
    }
    if (action.pathname.endsWith('/signin') || /id="response"/.test(tag)) return [action.href, fields];
    return undefined;
  }
}

function unescape(text) {
  return text.replace(/&#(\d+);/g, (_, n) => String.fromCodePoint(n)).replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
