// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package apierror

// Codes of errors of the OneNote API. Those of Microsoft Graph for notes are the same.
const (
	CodeUnavailable  = "10002"
	CodeUnknown      = "19999"
	CodeTooLarge     = "20016"
	CodeNoSuchID     = "20102"
	CodeBadQuery     = "20108"
	CodeUnsupported  = "20111"
	CodeThrottled    = "20166"
	CodeInvalidToken = "40001"

	// CodeNoPermission says that the user has no permission on an item. Another token
	// of the same user would not change that.
	CodeNoPermission = "40003"
)
