// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package caddymodule

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// An authority issues certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, key: newKey(t)}
	a.cert = &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "authority of the test"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	a.cert.Raw = a.sign(a.cert, a.key)
	parsed, err := x509.ParseCertificate(a.cert.Raw)
	if err != nil {
		t.Fatal(err)
	}
	a.cert = parsed
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (a *authority) sign(cert *x509.Certificate, key *ecdsa.PrivateKey) []byte {
	a.t.Helper()
	raw, err := x509.CreateCertificate(rand.Reader, cert, a.cert, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return raw
}

// issue returns a certificate for localhost and for clients.
func (a *authority) issue() tls.Certificate {
	a.t.Helper()
	key := newKey(a.t)
	raw := a.sign(&x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: "reports"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, key)
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// save writes certificate and key to a folder and returns their paths.
func (a *authority) save(dir string, c tls.Certificate) (cert, key string) {
	a.t.Helper()
	raw, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	write(a.t, cert, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})))
	write(a.t, key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})))
	return cert, key
}

// A client certificate is a key where Caddy has verified it, and nothing where
// it only has been shown.
func TestVerifiedClientCertificateNeedsNoKey(t *testing.T) {
	ours, anybodys := newAuthority(t), newAuthority(t)
	tests := []struct {
		name, mode string
		shown      []tls.Certificate
		status     int
		cause      string
	}{
		{"ours", "verify_if_given", []tls.Certificate{ours.issue()}, 200, ""},
		{"ours, which has to be shown", "require_and_verify", []tls.Certificate{ours.issue()}, 200, ""},
		{"none", "verify_if_given", nil, 403, "forbidden_client"},
		{"anybody's, unverified", "require", []tls.Certificate{anybodys.issue()}, 403, "forbidden_client"},
		{"anybody's, only asked for", "request", []tls.Certificate{anybodys.issue()}, 403, "forbidden_client"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, s := startMicrosoft(t), newServer(t)
			cert, key := ours.save(s.dir, ours.issue())
			pool := ""
			if tt.mode == "verify_if_given" || tt.mode == "require_and_verify" {
				write(t, filepath.Join(s.dir, "apps.pem"), string(ours.pem()))
				pool = "trust_pool file " + filepath.Join(s.dir, "apps.pem")
			}
			config := s.config(importedAccount(m), "tls "+cert+" "+key+" {\nclient_auth {\nmode "+tt.mode+"\n"+pool+"\n}\n}\nonenote "+m.url, "auto_https off")
			s.mustLoad(strings.Replace(config, "http://:", "https://localhost:", 1))
			roots := x509.NewCertPool()
			roots.AddCert(ours.cert)
			client := http.Client{Transport: &http.Transport{
				DisableKeepAlives: true,
				TLSClientConfig:   &tls.Config{RootCAs: roots, Certificates: tt.shown},
			}}
			req, err := http.NewRequest("GET", "https://localhost:"+s.port()+notebooks, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("X-Forwarded-For", "192.0.2.1") // somebody else's, by way of a proxy
			res, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			response{Response: res}.want(t, tt.status, tt.cause)
		})
	}
}

// Behind a proxy that Caddy trusts, the client that it names is the one that
// counts, for networks without a key too. Behind any other proxy, nobody is.
func TestClientAddressCountsBehindTrustedProxy(t *testing.T) {
	m, s := startMicrosoft(t), newServer(t)
	const trusted = "servers {\ntrusted_proxies static 127.0.0.1/32\n}"
	s.mustLoad(s.config(importedAccount(m), "onenote "+m.url+" {\ntrusted_peers 192.0.2.0/24\n}", trusted))
	const via = "X-Forwarded-For"
	s.get(notebooks, via, "192.0.2.7").want(t, 200, "")
	s.get(notebooks, via, "198.51.100.7").want(t, 403, "forbidden_client")
	s.get(notebooks, via, "127.0.0.1").want(t, 403, "forbidden_client")
	s.mustLoad(s.config(importedAccount(m), "onenote "+m.url+" {\ntrusted_peers 192.0.2.0/24\n}"))
	s.get(notebooks, via, "192.0.2.7").want(t, 403, "forbidden_client")
}
