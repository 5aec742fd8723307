package ophub

import "context"

var ErrHeld = errHeld

func (r *Registration) Renew(ctx context.Context) error { return r.renew(ctx) }
