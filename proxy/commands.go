// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"html"
	"strings"

	"github.com/caddy-onenote/caddy-onenote/proxy/rewrite"
)

const (
	// maxAttribute is the longest URL that is looked at in a command's HTML, as
	// it is written there. The API takes none above 16 KB.
	maxAttribute = 16 << 10

	// attributeHead is how far the name of an attribute reaches in front of the
	// host of its URL, both as they are written:
	//
	//	data-fullres-src = \u0022https:\/\/localhost
	attributeHead = 64
)

// commands are the commands that change a page: JSON whose strings hold HTML,
//
//	[{"target":"body","action":"append","content":"<img src=\"http://localhost:8080/api/…\" />"}]
//
// in which the URLs of attributes are replaced. [rewrite.JSON] leaves such
// strings alone, as it must in answers, where they are what people wrote.
//
// The text is not parsed: Microsoft's own examples write the commands with
// single quotes, which is no JSON. An attribute is what looks like one around
// the host of such a URL: its name, "=", a quote or none.
type commands struct {
	src   rewriter
	hosts []string
	link  rewrite.Link

	buf   []byte // read and not handed out yet
	clear int    // bytes of buf that are decided
	err   error  // of src
	links int
}

func newCommands(src rewriter, hosts []string, link rewrite.Link) *commands {
	return &commands{src: src, hosts: hosts, link: link}
}

// Read implements [io.Reader].
func (c *commands) Read(p []byte) (int, error) {
	for c.clear == 0 {
		if c.err != nil && len(c.buf) == 0 {
			return 0, c.err
		}
		c.decide()
		if c.clear == 0 {
			c.fill()
		}
	}
	n := copy(p, c.buf[:c.clear])
	c.buf = c.buf[n:]
	c.clear -= n
	return n, nil
}

// fill reads once more from the source.
func (c *commands) fill() {
	const room = 16 << 10
	if cap(c.buf)-len(c.buf) < room {
		c.buf = append(make([]byte, 0, len(c.buf)+2*room), c.buf...)
	}
	n, err := c.src.Read(c.buf[len(c.buf) : len(c.buf)+room])
	c.buf = c.buf[:len(c.buf)+n]
	c.err = err
}

// decide replaces the first URL there is, or finds out how far there is none.
func (c *commands) decide() {
	at := c.nextHost()
	if at < 0 {
		// A host may begin at the end, and its attribute before that.
		c.clear = c.upTo(len(c.buf) - attributeHead - maxAuthority)
		return
	}
	back, ok := attributeBefore(c.buf[max(0, at-attributeHead):at])
	if !ok {
		c.clear = at + 1
		return
	}
	begin := at - back
	end, ended := attributeEnd(c.buf, at)
	switch {
	case !ended && c.err == nil && end-begin < maxAttribute:
		c.clear = max(at-attributeHead, 0) // the rest is still to come
	case end-begin >= maxAttribute || !c.replace(begin, end):
		c.clear = at + 1
	}
}

// upTo returns n, or how much there is where nothing more comes.
func (c *commands) upTo(n int) int {
	if c.err != nil {
		return len(c.buf)
	}
	return max(n, 0)
}

// nextHost returns where the first of the hosts stands, or -1.
func (c *commands) nextHost() int {
	first := -1
	for _, host := range c.hosts {
		if i := bytes.Index(c.buf, []byte(host)); i >= 0 && (first < 0 || i < first) {
			first = i
		}
	}
	return first
}

// attributeBefore returns how far back the value of an attribute begins whose
// host follows, if what stands before is one that holds a picture or a file.
func attributeBefore(before []byte) (back int, ok bool) {
	rest, ok := cutScheme(before)
	if !ok {
		return 0, false
	}
	back = len(before) - len(rest)
	for _, quote := range [...]string{`\"`, `\u0022`, `\u0027`, `\'`, `'`, `"`} {
		if cut, ok := bytes.CutSuffix(rest, []byte(quote)); ok {
			rest = cut
			break
		}
	}
	rest, ok = cutEquals(bytes.TrimRight(rest, " "))
	return back, ok && endsWithAttribute(bytes.TrimRight(rest, " "))
}

// cutEquals cuts off an equals sign, which Gson escapes.
func cutEquals(text []byte) (rest []byte, ok bool) {
	if rest, ok = bytes.CutSuffix(text, []byte("=")); ok {
		return rest, true
	}
	n := len(text) - len(`\u003d`)
	if n < 0 || !strings.EqualFold(string(text[n:]), `\u003d`) {
		return text, false
	}
	return text[:n], true
}

// endsWithAttribute reports whether the text ends with the name of an
// attribute that holds the URL of a picture or a file. A name ends where a
// space was, which JSON may write as \n or \t, or a quote, or a slash.
func endsWithAttribute(text []byte) bool {
	for _, name := range [...]string{"data-fullres-src", "src", "data"} {
		n := len(text) - len(name)
		if n < 1 || !strings.EqualFold(string(text[n:]), name) {
			continue
		}
		c := text[n-1]
		if c == '-' || c == '_' || c == ':' || c >= 0x80 || isAlphanumeric(c) && (n < 2 || text[n-2] != '\\') {
			return false
		}
		return true
	}
	return false
}

// attributeEnd returns where the value around text[at] ends: at a quote, in
// whatever way it is written, at white space, or at the end of the tag. It
// reports false where the text ends before.
func attributeEnd(text []byte, at int) (end int, ended bool) {
	for i := at; i < len(text); i++ {
		switch text[i] {
		case '"', '\'', '<', '>', ' ', '\t', '\r', '\n':
			return i, true
		case '\\':
			n := escapeInURL(text[i:])
			if n == 0 {
				return i, i+len(`\u0026`) <= len(text)
			}
			i += n - 1
		}
	}
	return len(text), false
}

// escapeInURL returns the length of an escape that stands for a character of a
// URL: of a slash, an ampersand, or an equals sign. All others end it.
func escapeInURL(text []byte) int {
	for _, escape := range [...]string{`\/`, `\u0026`, `\u003d`, `\u003D`} {
		if bytes.HasPrefix(text, []byte(escape)) {
			return len(escape)
		}
	}
	return 0
}

// cutScheme cuts off the scheme of a URL whose host follows.
func cutScheme(before []byte) (rest []byte, ok bool) {
	for _, scheme := range [...]string{`http://`, `https://`, `http:\/\/`, `https:\/\/`} {
		n := len(before) - len(scheme)
		if n >= 0 && strings.EqualFold(string(before[n:]), scheme) {
			return before[:n], true
		}
	}
	return nil, false
}

// replace replaces the URL that is written there, if it is ours.
func (c *commands) replace(begin, end int) bool {
	written := strings.NewReplacer(`\/`, "/", `\u0026`, "&", `\u003d`, "=", `\u003D`, "=").Replace(string(c.buf[begin:end]))
	url, ok := c.link.Replace(nil, []byte(html.UnescapeString(written)))
	if !ok {
		return false
	}
	text := escapeForCommand(string(url))
	c.buf = append(c.buf[:begin:begin], append([]byte(text), c.buf[end:]...)...)
	c.clear = begin + len(text)
	c.links++
	return true
}

// escapeForCommand writes a URL for HTML and that for JSON.
func escapeForCommand(url string) string {
	return strings.ReplaceAll(html.EscapeString(url), `\`, `\\`)
}

// Rewritten returns how many URLs were replaced.
func (c *commands) Rewritten() (pictures, links int) {
	pictures, links = c.src.Rewritten()
	return pictures, links + c.links
}

// Close implements [io.Closer].
func (c *commands) Close() error { return c.src.Close() }

var _ rewriter = (*commands)(nil)
