// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package notes

import (
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// Seed is what every library begins with, read from a folder.
type Seed struct {
	notebooks []seedFolder
}

// seedFolder is a notebook, a section group or a section.
type seedFolder struct {
	name    string
	section bool
	folders []seedFolder
	pages   []seedFile
}

// seedFile is a page with the files that it names.
type seedFile struct {
	path   string
	source string
	files  map[string]*Resource // by the address in the page
}

// ReadSeed reads a seed: a folder for each notebook, in it one for each section, in
// that a file .html for each page. A folder without pages that holds folders is a
// section group. Names that begin with a dot are left out.
func ReadSeed(folder fs.FS) (*Seed, error) {
	top, err := readSeedFolder(folder, ".")
	if err != nil {
		return nil, err
	}
	switch {
	case len(top.pages) > 0:
		return nil, fmt.Errorf("%s is outside of a notebook: put it into a folder for a section, in one for a notebook", top.pages[0].path)
	case len(top.folders) == 0:
		return nil, errors.New("there is no notebook: make a folder for one, in it a folder for a section, and in that a file page.html")
	}
	for _, notebook := range top.folders {
		if len(notebook.pages) > 0 {
			return nil, fmt.Errorf("%s is outside of a section: put it into a folder in %s", notebook.pages[0].path, notebook.name)
		}
	}
	s := &Seed{notebooks: top.folders}
	if err := newLibrary(Owner{}).fill(s); err != nil {
		return nil, err
	}
	return s, nil
}

// readSeedFolder reads one folder and what is below it.
func readSeedFolder(folder fs.FS, at string) (seedFolder, error) {
	f := seedFolder{name: path.Base(at)}
	entries, err := fs.ReadDir(folder, at)
	if err != nil {
		return f, err
	}
	for _, e := range entries {
		name := path.Join(at, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case isFolder(folder, name):
			below, err := readSeedFolder(folder, name)
			if err != nil {
				return f, err
			}
			f.folders = append(f.folders, below)
		case isPageFile(e.Name()):
			page, err := readSeedFile(folder, name)
			if err != nil {
				return f, err
			}
			f.pages = append(f.pages, page)
		}
	}
	return f, f.settle(at)
}

// isFolder follows links, as reading does.
func isFolder(folder fs.FS, name string) bool {
	info, err := fs.Stat(folder, name)
	return err == nil && info.IsDir()
}

func isPageFile(name string) bool {
	ext := strings.ToLower(path.Ext(name))
	return ext == ".html" || ext == ".htm"
}

// settle decides whether the folder is a section. The folders in one hold pictures.
func (f *seedFolder) settle(at string) error {
	f.section = len(f.pages) > 0 || len(f.folders) == 0
	if !f.section || at == "." {
		return nil
	}
	for _, below := range f.folders {
		if page := below.anyPage(); page != "" {
			return fmt.Errorf("%s holds pages, so it is a section, and a section has no sections: move %s, or the pages beside it", at, path.Dir(page))
		}
	}
	f.folders = nil
	return nil
}

// anyPage returns the path of a page in the folder or below it, or "".
func (f *seedFolder) anyPage() string {
	if len(f.pages) > 0 {
		return f.pages[0].path
	}
	for _, below := range f.folders {
		if page := below.anyPage(); page != "" {
			return page
		}
	}
	return ""
}

// readSeedFile reads a page and the files that it names.
func readSeedFile(folder fs.FS, name string) (seedFile, error) {
	source, err := fs.ReadFile(folder, name)
	if err != nil {
		return seedFile{}, err
	}
	f := seedFile{path: name, source: string(source), files: make(map[string]*Resource)}
	root, err := html.Parse(strings.NewReader(closeTags(f.source)))
	if err != nil {
		return f, fmt.Errorf("%s: %w", name, err)
	}
	for n := range root.Descendants() {
		for _, address := range addressesOf(n) {
			if err := f.readFile(folder, address); err != nil {
				return f, err
			}
		}
	}
	return f, nil
}

// addressesOf returns the addresses of pictures and files in an element.
func addressesOf(n *html.Node) []string {
	var keys []string
	switch n.Data {
	case "img":
		keys = []string{"src", "data-render-src", "data-fullres-src"}
	case "object":
		keys = []string{"data"}
	}
	var addresses []string
	for _, key := range keys {
		if address := Attribute(n, key); address != "" && n.Type == html.ElementNode {
			addresses = append(addresses, address)
		}
	}
	return addresses
}

// readFile reads the file that an address in the page names, unless it is one of
// another host.
func (f *seedFile) readFile(folder fs.FS, address string) error {
	if strings.HasPrefix(address, "data:") {
		return nil
	}
	u, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	if u.Scheme != "" || u.Host != "" || f.files[address] != nil {
		return nil
	}
	at := path.Join(path.Dir(f.path), u.Path)
	if strings.HasPrefix(u.Path, "/") || !strings.HasPrefix(at, path.Dir(f.path)+"/") {
		return fmt.Errorf("%s: the file %s has to be beside the page or below it", f.path, address)
	}
	data, err := fs.ReadFile(folder, at)
	if err != nil {
		return fmt.Errorf("%s names a file that cannot be read: %w", f.path, err)
	}
	f.files[address] = &Resource{MIME: typeOfFile(at, data), Data: data}
	return nil
}

// typeOfFile returns the media type of a file, by its name or by its content.
func typeOfFile(name string, data []byte) string {
	text := mime.TypeByExtension(path.Ext(name))
	if text == "" {
		text = http.DetectContentType(data)
	}
	kind, _, _ := strings.Cut(text, ";")
	return kind
}

// fill fills a library with a seed. The first notebook is the default one.
func (l *Library) fill(s *Seed) error {
	now := SeedTime()
	var errs []error
	for i, f := range s.notebooks {
		n := l.AddNotebook(f.name, now)
		n.IsDefault = i == 0
		errs = append(errs, l.fillContainer(n, nil, f.folders))
		if i == 0 && len(n.Sections) > 0 {
			n.Sections[0].IsDefault = true
		}
	}
	return errors.Join(errs...)
}

func (l *Library) fillContainer(n *Notebook, g *SectionGroup, folders []seedFolder) error {
	var errs []error
	for _, f := range folders {
		if f.section {
			errs = append(errs, l.fillSection(l.AddSection(n, g, f.name, SeedTime()), f.pages))
			continue
		}
		errs = append(errs, l.fillContainer(n, l.AddGroup(n, g, f.name, SeedTime()), f.folders))
	}
	return errors.Join(errs...)
}

// fillSection adds pages. Each is an hour older than the one before it, so that lists,
// which begin with the latest change, keep the order of the files.
func (l *Library) fillSection(s *Section, pages []seedFile) error {
	var errs []error
	for i, f := range pages {
		at := s.Created.Add(-time.Duration(i) * time.Hour)
		im := &Importer{Library: l, Now: at, Own: func(address string) *Resource { return f.files[address] }}
		d, err := im.Parse(f.source)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", f.path, err))
			continue
		}
		if d.title == "" {
			d.title = strings.TrimSuffix(path.Base(f.path), path.Ext(f.path))
		}
		l.AddPage(s, d, at)
	}
	return errors.Join(errs...)
}
