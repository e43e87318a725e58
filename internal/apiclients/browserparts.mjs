// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// The parts of a browser without which the oldest client does not run: Node has
// Blob and fetch, but neither a window nor an XMLHttpRequest.

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
    return this.answer.headers.get(name);
  }

  getAllResponseHeaders() {
    return [...this.answer.headers].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  }

  async send(body) {
    try {
      this.answer = await fetch(this.url, { method: this.method, headers: this.#headers, body });
      this.response = this.responseText = await this.answer.text();
      this.status = this.answer.status;
    } catch {
      return this.onerror();
    }
    return this.onload();
  }
};
