// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package onenote

import (
	"net/http"

	"github.com/caddy-onenote/caddy-onenote/emulator/odata"
)

// serveMetadata responds with the data model. It needs no token.
func serveMetadata(x *odata.Exchange) {
	if !x.Allow(http.MethodGet) {
		return
	}
	x.W.Header().Set("Content-Type", "application/xml")
	x.W.WriteHeader(http.StatusOK)
	_, _ = x.W.Write([]byte(metadataXML)) // a buffer never fails
}

const metadataXML = `<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="Microsoft.OneNote.Api" xmlns="http://docs.oasis-open.org/odata/ns/edm">
<EntityType Name="Notebook"><Key><PropertyRef Name="id" /></Key><Property Name="id" Type="Edm.String" Nullable="false" /><Property Name="self" Type="Edm.String" /><Property Name="name" Type="Edm.String" /></EntityType>
<EntityType Name="Section"><Key><PropertyRef Name="id" /></Key><Property Name="id" Type="Edm.String" Nullable="false" /><Property Name="self" Type="Edm.String" /><Property Name="name" Type="Edm.String" /></EntityType>
<EntityType Name="Page"><Key><PropertyRef Name="id" /></Key><Property Name="id" Type="Edm.String" Nullable="false" /><Property Name="self" Type="Edm.String" /><Property Name="title" Type="Edm.String" /></EntityType>
</Schema></edmx:DataServices></edmx:Edmx>
`
