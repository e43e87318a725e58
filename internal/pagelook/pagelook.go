// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package pagelook is how the pages of the proxy look and how they are written, and how a
// page allows its own style and script alone.
package pagelook

import (
	"crypto/sha256"
	_ "embed" // for the style
	"encoding/base64"
	"html/template"
)

//go:embed style.css
var style string

// styleSource is the source expression that allows the style, for style-src of a
// Content-Security-Policy.
var styleSource = hashSource(style)

// StyleElement is the element style of a page.
var StyleElement = Element("style", style)

// Brand is the icon and the name that stand at the top of a page.
const Brand template.HTML = `<p class="brand"><svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">` +
	`<rect width="32" height="32" rx="8" fill="#6b2d9e"/><path d="M9 7h10l5 5v13H9z" fill="#fff"/><path d="M19 7v5h5z" fill="#c99bf0"/>` +
	`<path d="M12 16h9M12 20h6" stroke="#6b2d9e" stroke-width="2"/></svg> caddy-onenote</p>`

// hashSource returns the source expression that allows exactly this text.
func hashSource(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Element writes an element whose content is ours and must not be changed by a template,
// since its hash is in the policy.
func Element(name, content string) template.HTML {
	return template.HTML("<" + name + ">" + content + "</" + name + ">")
}
