/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls that change the caller's credentials or umask: left to the kernel, noticed so that nothing stale is remembered. Supervisor worker thread. */
#include <config.h>

#include "handlers/cred_cache.h"
#include "handlers/handlers.h"
#include "handlers/request.h"

int handle_creds(struct request *rq, struct reply *reply)
{
	cred_cache_drop_thread(rq->svc->cred_cache, rq->tid);
	return reply_continue(reply, CONTINUE_OWN_CREDENTIALS);
}

int handle_umask(struct request *rq, struct reply *reply)
{
	cred_cache_drop_all(rq->svc->cred_cache);
	return reply_continue(reply, CONTINUE_OWN_CREDENTIALS);
}
