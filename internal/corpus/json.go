// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package corpus

import (
	"bytes"
	"encoding/json"
)

// PageList returns a list of pages as the API writes it.
func PageList(pages int) []byte {
	w := newWriter(pages * 1400)
	const root = "https://www.onenote.com/api/v1.0/me/notes/"
	w.printf(`{"@odata.context":"https://www.onenote.com/api/v1.0/$metadata#me/notes/pages","value":[`)
	for i := range pages {
		if i > 0 {
			w.str(",")
		}
		id, section := w.id(), w.id()
		w.str(`{"title":"`)
		title := w.one("Standup", "国考中文", "\\\"Quoted\\\" notes", "Meeting on onenote.com", "Plan B")
		w.str(title)
		w.printf(`","createdByAppId":"WLID-%016X","links":{"oneNoteClientUrl":{"href":"onenote:https://d.docs.live.net/%016x/Documents/Notebook/Section.one#%s&section-id={%016x}&page-id={%016x}&end"},`+
			`"oneNoteWebUrl":{"href":"https://onedrive.live.com/redir.aspx?cid=%016x&page=edit&resid=%016X!%d&parId=%016X!%d&wd=target%%28Section.one%%7C%016x%%2F%%29"}},`,
			w.rand.Uint64(), w.rand.Uint64(), "Standup", w.rand.Uint64(), w.rand.Uint64(),
			w.rand.Uint64(), w.rand.Uint64(), i, w.rand.Uint64(), i, w.rand.Uint64())
		w.printf(`"contentUrl":"%spages/%s/content","id":"%s","self":"%spages/%s","createdTime":"2026-04-18T22:18:%02d.12Z","lastModifiedTime":"2026-04-19T08:00:%02dZ",`,
			root, id, id, root, id, i%60, i%60)
		w.printf(`"parentSection@odata.context":"https://www.onenote.com/api/v1.0/$metadata#me/notes/pages('%s')/parentSection(id,name,self)/$entity",`+
			`"parentSection":{"id":"%s","name":"%s","self":"%ssections/%s"}}`, id, section, title, root, section)
	}
	w.printf(`],"@odata.nextLink":"%spages?$top=20&$skip=20"}`, root)
	return w.b
}

// Indented returns the list with one member on each line.
func Indented(list []byte) []byte {
	var b bytes.Buffer
	if err := json.Indent(&b, list, "", "  "); err != nil {
		return nil // it is JSON
	}
	return b.Bytes()
}

// EscapedSlashes returns the list with each slash escaped.
func EscapedSlashes(list []byte) []byte { return bytes.ReplaceAll(list, []byte("/"), []byte(`\/`)) }
