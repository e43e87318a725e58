module github.com/caddy-onenote/caddy-onenote/bench

go 1.26.0

require (
	github.com/caddy-onenote/caddy-onenote v0.0.0
	github.com/icholy/replace v0.6.0
	github.com/klauspost/compress v1.20.1
	golang.org/x/net v0.60.0
	golang.org/x/text v0.42.0
)

replace github.com/caddy-onenote/caddy-onenote => ../
