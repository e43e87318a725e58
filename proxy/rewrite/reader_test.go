// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package rewrite

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestReaderCountsReplacements(t *testing.T) {
	in := `<img src="p:a" data-fullres-src="p:b"><object data="l:c"><img src="x"><img src="p:d">`
	r := HTML(strings.NewReader(in), upper())
	check := func(when string, wantP, wantL int) {
		t.Helper()
		if pictures, links := r.Rewritten(); pictures != wantP || links != wantL {
			t.Errorf("%s: got %d pictures and %d links, want %d and %d", when, pictures, links, wantP, wantL)
		}
	}
	check("before reading", 0, 0)
	if _, err := io.ReadAll(r); err != nil {
		t.Fatal(err)
	}
	check("after reading", 3, 1)
	r.Close()
	check("after closing", 3, 1)
}

func TestReaderReturnsWhatCameBeforeAnError(t *testing.T) {
	broken := errors.New("connection cut")
	for _, in := range []string{`<p>a`, `<p>a<img src="p:a"`, `<p>a<im`, `<img src="p:a"><`} {
		src := io.MultiReader(strings.NewReader(in), iotest.ErrReader(broken))
		got, err := io.ReadAll(HTML(src, upper()))
		want := strings.Replace(in, `"p:a">`, `"P:a[]">`, 1)
		if string(got) != want || err != broken {
			t.Errorf("%q, then an error: got %q and %v, want %q and %v", in, got, err, want, broken)
		}
	}
}

// What is decided is returned at once: the source may be slow to return more.
func TestReaderReturnsWhatItHasWithoutWaiting(t *testing.T) {
	for _, test := range []struct {
		in, want string
		open     func(io.Reader) *Reader
	}{
		{`<p>text`, `<p>text`, openHTML},
		{`<p>text<im`, `<p>text`, openHTML},
		{`<p>text<img src="p:a" al`, `<p>text`, openHTML},
		{`<p>text<img src="p:a">more<`, `<p>text<img src="P:a[]">more`, openHTML},
		{`<!-- comment`, `<!-- comment`, openHTML},
		{`<p title="`, `<p title="`, openHTML},
		{`{"a":1`, `{"a":1`, openJSON},
		{`{"a":"https://api.exa`, `{"a":`, openJSON},
		{`{"a":"https://api.example/api/x","b":"c`, `{"a":"http://here/api/x","b":"c`, openJSON},
	} {
		for _, size := range []int{20, 4096} {
			r := test.open(&once{text: test.in})
			var got []byte
			for len(got) < len(test.want) {
				p := make([]byte, size)
				n, err := r.Read(p)
				if err != nil {
					t.Fatalf("%q: after %q: %v", test.in, got, err)
				}
				got = append(got, p[:n]...)
			}
			if string(got) != test.want {
				t.Errorf("%q: got %q, want %q", test.in, got, test.want)
			}
			r.Close()
		}
	}
}

func openHTML(src io.Reader) *Reader { return HTML(src, upper()) }

func openJSON(src io.Reader) *Reader { return JSON(src, testHosts, local) }

// A once gives its text, and an error to each later Read.
type once struct{ text string }

func (o *once) Read(p []byte) (int, error) {
	if o.text == "" {
		return 0, errors.New("asked for more")
	}
	n := copy(p, o.text)
	o.text = o.text[n:]
	return n, nil
}

func TestReadAfterCloseIsAnError(t *testing.T) {
	r := openHTML(strings.NewReader(`<img src="p:a">`))
	for range 2 {
		if err := r.Close(); err != nil {
			t.Errorf("Close: got %v, want nil", err)
		}
	}
	if n, err := r.Read(make([]byte, 10)); n != 0 || err == nil || err == io.EOF {
		t.Errorf("Read after Close: got %d bytes and %v, want an error", n, err)
	}
}

// The buffers of a body that is closed while it is read must not be used by
// another body; the race detector checks it.
func TestCloseWhileReadingIsSafe(t *testing.T) {
	page := strings.Repeat(`<p>text<img src="p:a">`, 10)
	pr, pw := io.Pipe()
	r := openHTML(pr)
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.Copy(io.Discard, r)
	}()
	io.WriteString(pw, page)
	r.Close()
	if got, want := readAll(t, openHTML(strings.NewReader(page))), strings.ReplaceAll(page, "p:a", "P:a[]"); got != want {
		t.Errorf("another body: got %d bytes, want %d", len(got), len(want))
	}
	// The Read that waited gets its bytes, if there is one.
	go func() {
		<-done
		pr.Close()
	}()
	io.WriteString(pw, page)
	pw.Close()
	<-done
}

func TestReadAfterTheEndIsEOF(t *testing.T) {
	r := openHTML(strings.NewReader(`<p>`))
	readAll(t, r)
	r = openHTML(iotest.DataErrReader(strings.NewReader(`<p>`)))
	if _, err := io.ReadAll(r); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if n, err := r.Read(make([]byte, 10)); n != 0 || err != io.EOF {
			t.Errorf("got %d bytes and %v, want %v", n, err, io.EOF)
		}
	}
}

func TestReadIntoAnEmptyBufferReturnsNothing(t *testing.T) {
	r := openHTML(&once{text: "a"})
	defer r.Close()
	if n, err := r.Read(nil); n != 0 || err != nil {
		t.Errorf("got %d bytes and %v, want none and no error", n, err)
	}
}

func TestReaderFailsWhenItsSourceReturnsNothing(t *testing.T) {
	r := openHTML(emptyReader{})
	defer r.Close()
	if _, err := r.Read(make([]byte, 10)); err != io.ErrNoProgress {
		t.Errorf("got %v, want %v", err, io.ErrNoProgress)
	}
}

type emptyReader struct{}

func (emptyReader) Read([]byte) (int, error) { return 0, nil }

// A Reader buffers little, whatever the body holds.
func TestReaderBuffersLittle(t *testing.T) {
	const most = 256 << 10
	long := strings.Repeat("x", 2<<20)
	for name, body := range map[string]struct {
		text string
		open func(io.Reader) *Reader
	}{
		"text":            {long, openHTML},
		"comment":         {"<!--" + long, openHTML},
		"attribute":       {`<img alt="` + long + `" src="p:a">`, openHTML},
		"attributes":      {`<img ` + strings.Repeat("a=b ", 1<<18), openHTML},
		"pictures":        {strings.Repeat(`<img src="p:a">`, 1<<16), openHTML},
		"long pictures":   {strings.Repeat(`<img alt="`+long[:60<<10]+`" src="p:a">`, 10), openHTML},
		"references":      {strings.Repeat(`<img src="p:`+strings.Repeat("&amp;", 12<<10)+`">`, 10), openHTML},
		"string":          {`["https://api.example/api/` + long + `"]`, openJSON},
		"long strings":    {`[` + strings.Repeat(`"https://api.example/api/`+long[:60<<10]+`",`, 10), openJSON},
		"strings":         {`[` + strings.Repeat(`"https://api.example/api/",`, 1<<16), openJSON},
		"escapes":         {`[` + strings.Repeat(`"https://api.example/api`+strings.Repeat(`\/`, 30<<10)+`",`, 10), openJSON},
		"white space":     {`{"title"` + strings.Repeat(" ", 2<<20), openJSON},
		"array and space": {`[1,"https://api.example/api/"` + strings.Repeat(" ", 2<<20), openJSON},
	} {
		r := body.open(strings.NewReader(body.text))
		held := 0
		p := make([]byte, 32<<10)
		for {
			_, err := r.Read(p)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			held = max(held, cap(r.window)+r.scan.size())
		}
		if held > most {
			t.Errorf("%s: held %d bytes, want at most %d", name, held, most)
		}
	}
}

var rules = upper()
