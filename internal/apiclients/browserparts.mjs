// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// The parts of a browser that the oldest client needs: Node has Blob and fetch,
// but neither a window nor an XMLHttpRequest.

globalThis.window = globalThis;

globalThis.document = {
  createElement: () => ({
    set innerText(text) {
      this.innerHTML = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
    },
  }),
};

globalThis.XMLHttpRequest = class {
  status = 0;
  #headers = {};

  open(method, url) {
    Object.assign(this, { method, url });
  }

  setRequestHeader(name, value) {
    this.#headers[name] = value;
  }

  getResponseHeader(name) {
    return this.fetched.headers.get(name);
  }

  getAllResponseHeaders() {
    return [...this.fetched.headers].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  }

  async send(body) {
    try {
      this.fetched = await fetch(this.url, { method: this.method, headers: this.#headers, body });
      this.response = this.responseText = await this.fetched.text();
      this.status = this.fetched.status;
    } catch {
      return this.onerror();
    }
    return this.onload();
  }
};
