// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// What apps do with Microsoft's client of Graph.

export async function use({ Client, PageIterator }, base) {
  const client = Client.init({
    baseUrl: `${base}/`,
    customHosts: new Set([new URL(base).hostname]),
    authProvider: (done) => done(null, process.env.ACCESS_TOKEN ?? 'an-old-one'),
  });
  const follow = (address) => client.api(address).get();
  // Where something changes, Graph takes no exclamation mark, and the client leaves it.
  const escaped = (id) => id.replaceAll('!', '%21');
  const addresses = [];

  const { value: notebooks } = await client.api('/me/onenote/notebooks').orderby('displayName').get();
  const expanded = await client.api('/me/onenote/notebooks').expand('sections').get();
  const self = await follow(notebooks[0].self);
  addresses.push(notebooks[0].self, notebooks[0].sectionsUrl);

  const { value: sections } = await follow(notebooks[1].sectionsUrl);
  const longest = sections.find((section) => section.displayName === 'Recipes');
  const recipes = [];
  const first = await client.api(`/me/onenote/sections/${longest.id}/pages`).get(); // with top, there is no next link
  addresses.push(first['@odata.nextLink']);
  await new PageIterator(client, first, (page) => recipes.push(page.title)).iterate();

  const { value: pages } = await client.api('/me/onenote/pages').top(100).get();
  const pictures = pages.find((page) => page.title === 'Pictures');
  const html = await client.api(`/me/onenote/pages/${pictures.id}/content`).responseType('text').get();
  addresses.push(pictures.self, pictures.contentUrl);

  const form = new FormData();
  const source = `<html><head><title>A made page</title></head><body><p>Made by an app.</p>
    <img src="${/src="([^"]+)"/.exec(html)[1]}" />
    <object data-attachment="every byte.pdf" data="name:file" type="application/pdf"></object></body></html>`;
  form.append('Presentation', new Blob([source], { type: 'text/html' }));
  form.append('file', new Blob([Uint8Array.from({ length: 70000 }, (_, i) => i % 256)], { type: 'application/pdf' }));
  const made = await client.api(`/me/onenote/sections/${longest.id}/pages`).post(form);
  addresses.push(made.self, made.contentUrl);
  await client.api(`/me/onenote/pages/${escaped(made.id)}/content`).patch([
    { target: 'body', action: 'append', content: '<p>One more line.</p>' },
    { target: 'title', action: 'replace', content: 'A changed page' },
  ]);

  const missing = await client.api('/me/onenote/pages/0-nobody!1-nothing').get().then(() => 0, (failure) => failure.statusCode);

  return {
    notebooks: notebooks.map((notebook) => notebook.displayName),
    self: self.displayName,
    expanded: expanded.value.flatMap((notebook) => notebook.sections).length,
    recipes,
    page: html,
    content: await client.api(`/me/onenote/pages/${made.id}/content`).responseType('text').get(),
    batched: [],
    missing,
    addresses,
  };
}
