module github.com/caddy-onenote/caddy-onenote/soak

go 1.26.0

require github.com/caddy-onenote/caddy-onenote v0.0.0

require (
	github.com/go-jose/go-jose/v4 v4.1.6 // indirect
	golang.org/x/net v0.60.0 // indirect
)

replace github.com/caddy-onenote/caddy-onenote => ../
