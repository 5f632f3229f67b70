/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run: create and start in one process, and in the foreground the whole life of the container. Runs in the command. */
#include <config.h>

#include "container/container.h"

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "container/create.h"
#include "container/foreground.h"
#include "container/operations.h"
#include "container/store.h"
#include "container/teardown.h"

/* With the lock released: others may kill, exec and even delete while we wait. */
static int wait_and_delete(struct creation *cr, const struct foreground *fg, int *ret_status,
			   struct err **err)
{
	cleanup_container struct container *c = NULL;
	int r;

	store_unlock(cr->c);
	r = foreground_wait(fg, cr->spawn.pid, cr->spawn.console_fd, ret_status, err);
	if (r < 0 || cr->p->keep)
		return r;
	/* Opened anew: under the lock, and gone if somebody else deleted it. */
	r = store_open(cr->p->root, cr->p->id, STORE_LOCK, &c, err);
	if (r == -ENOENT && !c)
		return 0;
	return r < 0 ? r : operation_delete(c, cr->plan, err);
}

static int run(struct creation *cr, int *ret_status, struct err **err)
{
	const struct create_params *p = cr->p;
	struct foreground fg = {.signal_fd = -EBADF};
	int r;

	creation_begin(cr);
	r = creation_plan(cr, err);
	if (r == 0 && !p->detach)
		r = foreground_prepare(!p->no_subreaper, &fg, err);
	if (r == 0)
		r = creation_make(cr, err);
	if (r < 0)
		return r;
	r = notify_bind(&cr->notify, cr->c, err);
	if (r < 0) {
		operation_delete(cr->c, cr->plan, NULL);
		return r;
	}
	r = operation_start(cr->c, cr->plan, err);
	if (r < 0)
		return r;
	*ret_status = 0;
	if (p->detach)
		store_unlock(cr->c);
	r = p->detach ? notify_wait(&cr->notify, cr->c, err)
		      : notify_wait_aside(&cr->notify, cr->c, err);
	if (r < 0)
		return r;
	if (!p->detach)
		r = wait_and_delete(cr, &fg, ret_status, err);
	close_fd(&fg.signal_fd);
	return r;
}

int container_run(const struct create_params *p, int *ret_status, struct err **err)
{
	struct creation cr = CREATION_INIT(p);
	int r;

	cr.console_return = !p->detach && !p->console_socket;
	r = run(&cr, ret_status, err);
	creation_done(&cr);
	return r;
}
