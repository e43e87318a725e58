// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package msgraph has Microsoft's SDK for Go read the emulator's Graph face, so
// that the face is not only our own idea of Microsoft Graph. It is a module of its
// own, because the SDK is very large and the product does not need it. Of the SDK it
// uses the packages models and users and the core, not the package at its root, which
// imports everything else: those take a third of the time to compile.
package msgraph

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/authentication"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	kiotahttp "github.com/microsoft/kiota-http-go"
	kiotajson "github.com/microsoft/kiota-serialization-json-go"
	text "github.com/microsoft/kiota-serialization-text-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"github.com/caddy-onenote/caddy-onenote/emulator"
)

// TestMain registers the formats, as the root package of the SDK does.
func TestMain(m *testing.M) {
	abstractions.RegisterDefaultSerializer(func() serialization.SerializationWriterFactory {
		return kiotajson.NewJsonSerializationWriterFactory()
	})
	abstractions.RegisterDefaultDeserializer(func() serialization.ParseNodeFactory { return kiotajson.NewJsonParseNodeFactory() })
	abstractions.RegisterDefaultDeserializer(func() serialization.ParseNodeFactory { return text.NewTextParseNodeFactory() })
	m.Run()
}

// bearer is an access token, as the SDK takes it.
type bearer string

// AuthenticateRequest implements [authentication.AuthenticationProvider].
func (b bearer) AuthenticateRequest(_ context.Context, r *abstractions.RequestInformation, _ map[string]any) error {
	r.Headers.Add("Authorization", "Bearer "+string(b))
	return nil
}

// start starts an emulator, and returns the SDK's client for one person there.
func start(t *testing.T, account, scope string) (*users.ItemOnenoteRequestBuilder, *core.GraphRequestAdapterBase) {
	t.Helper()
	s := httptest.NewServer(emulator.New(emulator.Options{}))
	t.Cleanup(s.Close)
	res, err := http.Post(s.URL+"/_emulator/tokens", "application/json", strings.NewReader(`{"account":"`+account+`","scope":"`+scope+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var issued struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(res.Body).Decode(&issued); err != nil {
		t.Fatal(err)
	}
	options := core.GraphClientOptions{GraphServiceLibraryVersion: "1.89.0"}
	client := &http.Client{Transport: kiotahttp.NewCustomTransport(core.GetDefaultMiddlewaresWithOptions(&options)...)}
	adapter, err := core.NewGraphRequestAdapterBaseWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(bearer(issued.AccessToken), options, nil, nil, client)
	if err != nil {
		t.Fatal(err)
	}
	adapter.SetBaseUrl(s.URL + "/v1.0")
	// The SDK says users/me-token-to-replace for /me, and the client replaces it.
	me := users.NewUserItemRequestBuilderInternal(map[string]string{"baseurl": s.URL + "/v1.0", "user%2Did": "me-token-to-replace"}, adapter)
	return me.Onenote(), adapter
}

// accounts are a Microsoft account and a work account.
func accounts() []string { return []string{"someone@example.com", "pat@contoso.com"} }

func TestSDKReadsNotebooksSectionsAndPages(t *testing.T) {
	for _, account := range accounts() {
		t.Run(account, func(t *testing.T) {
			onenote, adapter := start(t, account, "Notes.Read")
			ctx := t.Context()
			books, err := onenote.Notebooks().Get(ctx, &users.ItemOnenoteNotebooksRequestBuilderGetRequestConfiguration{
				QueryParameters: &users.ItemOnenoteNotebooksRequestBuilderGetQueryParameters{Orderby: []string{"displayName"}, Expand: []string{"sections"}},
			})
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, book := range books.GetValue() {
				names = append(names, *book.GetDisplayName())
			}
			if want := []string{"My Notebook", "Recipes & more"}; !slices.Equal(names, want) {
				t.Fatalf("notebooks: got %q, want %q", names, want)
			}
			book := books.GetValue()[0]
			if book.GetCreatedDateTime() == nil || *book.GetCreatedBy().GetUser().GetDisplayName() == "" || *book.GetUserRole() != models.OWNER_ONENOTEUSERROLE || len(book.GetSections()) == 0 {
				t.Errorf("notebook: got created %v by %v with %d sections", book.GetCreatedDateTime(), book.GetCreatedBy(), len(book.GetSections()))
			}
			if href := book.GetLinks().GetOneNoteWebUrl().GetHref(); href == nil || *href == "" {
				t.Error("notebook: got no link")
			}

			sections, err := onenote.Sections().Get(ctx, nil)
			if err != nil {
				t.Fatal(err)
			}
			at := slices.IndexFunc(sections.GetValue(), func(s models.OnenoteSectionable) bool { return *s.GetDisplayName() == "Recipes" })
			if at < 0 || sections.GetValue()[at].GetParentNotebook() == nil {
				t.Fatalf("got %d sections, want Recipes and its notebook", len(sections.GetValue()))
			}
			recipes := sections.GetValue()[at]
			first, err := onenote.Sections().ByOnenoteSectionId(*recipes.GetId()).Pages().Get(ctx, nil)
			if err != nil {
				t.Fatal(err)
			}
			var titles []string
			pages, err := core.NewPageIterator[models.OnenotePageable](first, adapter, models.CreateOnenotePageCollectionResponseFromDiscriminatorValue)
			if err != nil {
				t.Fatal(err)
			}
			if err := pages.Iterate(ctx, func(p models.OnenotePageable) bool { titles = append(titles, *p.GetTitle()); return true }); err != nil {
				t.Fatal(err)
			}
			if len(titles) != 24 {
				t.Errorf("got %d recipes, want 24, in two lists", len(titles))
			}

			filter := "title eq 'Pictures'"
			found, err := onenote.Pages().Get(ctx, &users.ItemOnenotePagesRequestBuilderGetRequestConfiguration{
				QueryParameters: &users.ItemOnenotePagesRequestBuilderGetQueryParameters{Filter: &filter, Select: []string{"id", "title"}},
			})
			if err != nil || len(found.GetValue()) != 1 {
				t.Fatalf("got %v, %v, want one page", found, err)
			}
			content, err := onenote.Pages().ByOnenotePageId(*found.GetValue()[0].GetId()).Content().Get(ctx, nil)
			if err != nil || !strings.Contains(string(content), "<title>Pictures</title>") {
				t.Fatalf("content: got %.200s, %v", content, err)
			}
			_, resource, _ := strings.Cut(string(content), "/onenote/resources/")
			id, _, _ := strings.Cut(resource, "/")
			if picture, err := onenote.Resources().ByOnenoteResourceId(id).Content().Get(ctx, nil); err != nil || len(picture) == 0 {
				t.Errorf("picture %s: got %d bytes, %v", id, len(picture), err)
			}
		})
	}
}

func TestSDKMakesNotebooksAndPages(t *testing.T) {
	onenote, adapter := start(t, "pat@contoso.com", "Notes.ReadWrite")
	ctx := t.Context()
	name := "Made by the SDK"
	book := models.NewNotebook()
	book.SetDisplayName(&name)
	made, err := onenote.Notebooks().Post(ctx, book, nil)
	if err != nil || *made.GetDisplayName() != name {
		t.Fatalf("notebook: got %v, %v", made, err)
	}
	section := models.NewOnenoteSection()
	section.SetDisplayName(&name)
	in, err := onenote.Notebooks().ByNotebookId(*made.GetId()).Sections().Post(ctx, section, nil)
	if err != nil {
		t.Fatal(err)
	}

	// The SDK writes a page as JSON, which Graph does not take; its documentation
	// sends the HTML as the body of the same request.
	request, err := onenote.Sections().ByOnenoteSectionId(*in.GetId()).Pages().ToPostRequestInformation(ctx, models.NewOnenotePage(), nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Headers.Remove("Content-Type")
	request.SetStreamContentAndContentType([]byte("<html><head><title>A page</title></head><body><p>By the SDK.</p></body></html>"), "text/html")
	sent, err := adapter.Send(ctx, request, models.CreateOnenotePageFromDiscriminatorValue, odataErrors())
	if err != nil {
		t.Fatal(err)
	}
	page := sent.(models.OnenotePageable)
	content, err := onenote.Pages().ByOnenotePageId(*page.GetId()).Content().Get(ctx, nil)
	if err != nil || *page.GetTitle() != "A page" || !strings.Contains(string(content), "By the SDK.") {
		t.Errorf("page: got %s, %v", content, err)
	}

	copying := users.NewItemOnenotePagesItemCopyToSectionPostRequestBody()
	copying.SetId(in.GetId())
	operation, err := onenote.Pages().ByOnenotePageId(*page.GetId()).CopyToSection().Post(ctx, copying, nil)
	if err != nil || *operation.GetStatus() != models.NOTSTARTED_OPERATIONSTATUS {
		t.Fatalf("copy: got %v, %v", operation, err)
	}
	for _, want := range []models.OperationStatus{models.RUNNING_OPERATIONSTATUS, models.COMPLETED_OPERATIONSTATUS} {
		polled, err := onenote.Operations().ByOnenoteOperationId(*operation.GetId()).Get(ctx, nil)
		if err != nil || *polled.GetStatus() != want {
			t.Fatalf("operation: got %v, %v, want %v", polled, err, want)
		}
	}
	if err := onenote.Pages().ByOnenotePageId(*page.GetId()).Delete(ctx, nil); err != nil {
		t.Errorf("delete: %v", err)
	}
}

func TestSDKReadsErrors(t *testing.T) {
	onenote, _ := start(t, "someone@example.com", "Notes.Read")
	_, err := onenote.Pages().ByOnenotePageId("0-nobody!1-nothing").Get(t.Context(), nil)
	wantODataError(t, err, http.StatusNotFound, "20102")
	unknown := "name eq 'x'"
	_, err = onenote.Notebooks().Get(t.Context(), &users.ItemOnenoteNotebooksRequestBuilderGetRequestConfiguration{
		QueryParameters: &users.ItemOnenoteNotebooksRequestBuilderGetQueryParameters{Filter: &unknown},
	})
	wantODataError(t, err, http.StatusBadRequest, "BadRequest")
	refused, _ := start(t, "someone@example.com", "Notes.Read.All")
	_, err = refused.Notebooks().Get(t.Context(), nil)
	wantODataError(t, err, http.StatusUnauthorized, "40001")
}

func wantODataError(t *testing.T, err error, status int, code string) {
	t.Helper()
	var failure *odataerrors.ODataError
	if !errors.As(err, &failure) {
		t.Fatalf("got %v, want an OData error", err)
	}
	inner := failure.GetErrorEscaped()
	if failure.ResponseStatusCode != status || inner.GetCode() == nil || *inner.GetCode() != code || inner.GetMessage() == nil {
		t.Errorf("got %d %v, want %d %s", failure.ResponseStatusCode, failure, status, code)
		return
	}
	details := inner.GetInnerError()
	if details == nil || details.GetRequestId() == nil || details.GetClientRequestId() == nil || details.GetDate() == nil {
		t.Errorf("innerError: got %v, want ids and a date", details)
	}
}

func odataErrors() abstractions.ErrorMappings {
	return abstractions.ErrorMappings{"XXX": odataerrors.CreateODataErrorFromDiscriminatorValue}
}

// Interface guard
var _ authentication.AuthenticationProvider = bearer("")
