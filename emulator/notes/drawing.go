// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package notes

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
)

// drawing is a small picture: a gradient between two colors. It is the same in
// every run.
type drawing struct {
	width, height int
	from, to      color.RGBA
}

// placeholder takes the place of what the service would render, such as the pages
// of a PDF file.
var placeholder = drawing{width: 64, height: 90, from: color.RGBA{R: 230, G: 230, B: 230, A: 255}, to: color.RGBA{R: 160, G: 160, B: 160, A: 255}}

func (d drawing) image() image.Image {
	img := image.NewRGBA(image.Rect(0, 0, d.width, d.height))
	for y := range d.height {
		for x := range d.width {
			img.SetRGBA(x, y, color.RGBA{
				R: blend(d.from.R, d.to.R, x, d.width),
				G: blend(d.from.G, d.to.G, y, d.height),
				B: blend(d.from.B, d.to.B, x+y, d.width+d.height),
				A: 255,
			})
		}
	}
	return img
}

func blend(from, to uint8, i, n int) uint8 {
	return uint8((int(from)*(n-i) + int(to)*i) / n)
}

// The encoders cannot fail: the picture is valid, and so is the buffer.

func drawPNG(d drawing) []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, d.image())
	return b.Bytes()
}

func drawJPEG(d drawing) []byte {
	var b bytes.Buffer
	_ = jpeg.Encode(&b, d.image(), &jpeg.Options{Quality: 90})
	return b.Bytes()
}

func drawGIF(d drawing) []byte {
	var b bytes.Buffer
	_ = gif.Encode(&b, d.image(), &gif.Options{NumColors: 64})
	return b.Bytes()
}
