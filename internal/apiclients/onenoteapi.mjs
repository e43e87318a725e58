// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// What apps do with Microsoft's own client, onenoteapi. Its batch resolves to
// nothing, so the script reads the result afterwards.

export async function use({ OneNoteApi, OneNotePage, BatchRequest }, base) {
  const api = new OneNoteApi('Bearer an-old-one', 20000, { 'X-CorrelationId': '8943c159-ee49-4c71-8cd0-ebf0861d07a6' }, base);
  const ask = async (promise) => (await promise).parsedResponse;
  const follow = (address) => ask(api.performApiCall(address, null, null, 'GET', true));
  const addresses = [];

  const { value: notebooks } = await ask(api.getNotebooks());
  const expanded = await ask(api.getNotebooksWithExpandedSections(2));
  const self = await ask(api.getNotebookBySelfUrl(notebooks[0].self));
  addresses.push(notebooks[0].self, notebooks[0].sectionsUrl, self.sectionsUrl);

  const { value: sections } = await follow(notebooks[1].sectionsUrl);
  const recipes = [];
  const longest = sections.find((section) => section.name === 'Recipes');
  let list = await ask(api.getPages({ sectionId: longest.id }));
  recipes.push(...list.value.map((page) => page.title));
  while (list['@odata.nextLink']) {
    addresses.push(list['@odata.nextLink']);
    list = await follow(list['@odata.nextLink']);
    recipes.push(...list.value.map((page) => page.title));
  }

  const { value: pages } = await ask(api.getPages({ top: 100 }));
  const pictures = pages.find((page) => page.title === 'Pictures');
  const html = await ask(api.getPageContent(pictures.id));
  addresses.push(pictures.self, pictures.contentUrl);

  const page = new OneNotePage('A <made> & "quoted" page', '<p>Made by an app.</p>', 'en-us', { origin: 'the tests' });
  page.addImage(/src="([^"]+)"/.exec(html)[1].replaceAll('&amp;', '&'));
  page.addAttachment(Uint8Array.from({ length: 70000 }, (_, i) => i % 256).buffer, 'every byte.pdf');
  page.addCitation('<p>From {0}</p>', 'https://example.com/a?b=1&amp;c=2');
  const made = await ask(api.createPage(page, longest.id));
  addresses.push(made.self, made.contentUrl);
  await api.updatePage(made.id, [
    { target: 'body', action: 'append', content: '<p>One more line.</p>' },
    { target: 'title', action: 'replace', content: 'A changed page' },
  ]);

  const batch = new BatchRequest();
  for (const title of ['First of a batch', 'Second of a batch']) {
    batch.addOperation({
      httpMethod: 'POST',
      uri: `/api/v1.0/me/notes/sections/${longest.id}/pages`,
      contentType: 'text/html',
      content: `<html><head><title>${title}</title></head><body><p>In a batch.</p></body></html>`,
    });
  }
  await api.sendBatchRequest(batch);
  const { value: batched } = await ask(api.getPages({ sectionId: longest.id, top: 100 }));
  const searched = await ask(api.pagesSearch('of%20a%20batch')).then(
    (found) => ({ found: found.value.map((page) => page.title).sort() }),
    (failure) => ({ failure: failure.statusCode }),
  );

  const missing = await api.getPage('0-nobody!1-nothing').then(() => 0, (failure) => failure.statusCode);

  return {
    notebooks: notebooks.map((notebook) => notebook.name),
    self: self.name,
    expanded: expanded.value.flatMap((notebook) => notebook.sections).length,
    recipes,
    page: html,
    content: await ask(api.getPageContent(made.id)),
    batched: batched.map((found) => found.title).filter((title) => title.endsWith('of a batch')).sort(),
    searched,
    missing,
    addresses,
  };
}
