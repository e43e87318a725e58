// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"errors"
	"fmt"

	"github.com/caddy-onenote/caddy-onenote/proxy/apierror"
)

// limitBody refuses a request whose body is larger than the API takes, before a
// token is asked for: some APIs lose such a body and still report success. The refusal
// is an *apierror.Error. A body without a length is read to its end first, as far as
// there is room to buffer it.
func (x *exchange) limitBody() error {
	max := x.req.MaxBody
	if max == 0 || x.body == nil {
		return nil
	}
	if x.in.ContentLength > max {
		return bodyOverLimit(max)
	}
	if x.in.ContentLength > 0 || !x.body.whole {
		return nil
	}
	_, err := x.body.spool(max)
	if errors.Is(err, errOverLimit) {
		return bodyOverLimit(max)
	}
	return err
}

func bodyOverLimit(max int64) *apierror.Error {
	return &apierror.Error{
		Cause: apierror.BodyTooLarge,
		Message: fmt.Sprintf("The request body is larger than %d MiB, which is all that Microsoft Graph takes. "+
			"Nothing was sent. Send smaller pictures, or create the page first and add the rest with PATCH.", max>>20),
	}
}
