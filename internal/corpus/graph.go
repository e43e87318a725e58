// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package corpus

const graphRoot = "https://graph.microsoft.com/v1.0/users/user@example.com/onenote/"

// graphContext is how the contexts of Graph begin.
const graphContext = "https://graph.microsoft.com/v1.0/$metadata#users('user%40example.com')/onenote/"

// GraphPageList returns a list of pages as Microsoft Graph writes it.
func GraphPageList(pages int) []byte {
	w := newWriter(pages * 1600)
	w.printf(`{"@odata.context":"%spages","value":[`, graphContext)
	for i := range pages {
		if i > 0 {
			w.str(",")
		}
		id, section := w.id(), w.id()
		title := w.one("Standup", "国考中文", "\\\"Quoted\\\" notes", "displayName of graph.microsoft.com", "Plan B")
		w.printf(`{"id":"%s","self":"%spages/%s","createdDateTime":"2026-04-18T22:18:%02d.12Z","title":"%s","createdByAppId":"WLID-%016X",`,
			id, graphRoot, id, i%60, title, w.rand.Uint64())
		w.printf(`"contentUrl":"%spages/%s/content","lastModifiedDateTime":"2026-04-19T08:00:%02dZ",`, graphRoot, id, i%60)
		w.graphLinks()
		w.printf(`,"parentSection@odata.context":"%spages('%s')/parentSection/$entity",`, graphContext, id)
		w.printf(`"parentSection":{"id":"%s","displayName":"%s","self":"%ssections/%s"}}`, section, title, graphRoot, section)
	}
	w.printf(`],"@odata.nextLink":"%spages?$skip=20"}`, graphRoot)
	return w.b
}

// GraphNotebookList returns a list of notebooks as Microsoft Graph writes it.
func GraphNotebookList(notebooks int) []byte {
	w := newWriter(notebooks * 1600)
	w.printf(`{"@odata.context":"%snotebooks","value":[`, graphContext)
	for i := range notebooks {
		if i > 0 {
			w.str(",")
		}
		self := graphRoot + "notebooks/" + w.id()
		who := w.one("Ann", "記 書", "Me Nook")
		w.printf(`{"id":"%s","self":"%s","createdDateTime":"2026-04-18T22:18:%02d.12Z","displayName":"%s","lastModifiedDateTime":"2026-04-19T08:00:%02dZ",`,
			w.id(), self, i%60, w.one("Work", "国考中文", "Plan B"), i%60)
		w.printf(`"isDefault":false,"userRole":"Owner","isShared":false,"sectionsUrl":"%s/sections","sectionGroupsUrl":"%s/sectionGroups",`, self, self)
		w.printf(`"createdBy":{"user":{"id":"%016X","displayName":"%s"}},"lastModifiedBy":{"user":{"id":"%016X","displayName":"%s"}},`,
			w.rand.Uint64(), who, w.rand.Uint64(), who)
		w.graphLinks()
		w.str("}")
	}
	w.str("]}")
	return w.b
}

// graphLinks writes the links of a page or notebook.
func (w *Writer) graphLinks() {
	w.printf(`"links":{"oneNoteClientUrl":{"href":"onenote:https://d.docs.live.net/%016x/Documents/Notebook/Section.one#Standup&section-id={%016x}&page-id={%016x}&end"},`+
		`"oneNoteWebUrl":{"href":"https://onedrive.live.com/redir.aspx?cid=%016x&page=edit&resid=%016X!%d&wd=target%%28Section.one%%7C%016x%%2F%%29"}}`,
		w.rand.Uint64(), w.rand.Uint64(), w.rand.Uint64(), w.rand.Uint64(), w.rand.Uint64(), w.rand.IntN(1000), w.rand.Uint64())
}
