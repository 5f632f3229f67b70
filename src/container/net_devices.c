/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network devices on their way into the container. Runs in create, which has one thread; names come from config.json. */
#include <config.h>

#include "container/net_devices.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "host/ns.h"
#include "host/rtnl.h"
#include "plan/plan.h"

struct sides {
	int netns_fd;
	int here; /* rtnetlink sockets */
	int there;
};

static int open_there(int netns_fd, int *ret_fd)
{
	cleanup_fd int own = -EBADF, fd = -EBADF;
	int r = host_open_ns("/proc/self/ns/net", CLONE_NEWNET, &own), back;

	if (r < 0 || (r = host_setns(netns_fd, CLONE_NEWNET)) < 0)
		return r;
	r = host_rtnl_open(&fd);
	back = host_setns(own, CLONE_NEWNET);
	if (r < 0 || back < 0)
		return r < 0 ? r : back;
	*ret_fd = steal_fd(&fd);
	return 0;
}

/* A template's name is the kernel's choice: the device is the one that has come. */
static int find_moved(const struct sides *s, const char *name, const int *before, size_t n,
		      int *ret_index)
{
	return strchr(name, '%') ? host_rtnl_find_new(s->there, before, n, ret_index)
				 : host_rtnl_find(s->there, name, ret_index);
}

static int finish_device(const struct sides *s, int index, const struct host_address *addresses,
			 size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = host_rtnl_add_address(s->there, index, &addresses[i]);
	return r < 0 ? r : host_rtnl_up(s->there, index);
}

static int move_device(const struct sides *s, const struct plan_net_device *d, struct err **err)
{
	cleanup_free struct host_address *addresses = NULL;
	cleanup_free int *before = NULL;
	size_t n_addresses = 0, n_before = 0;
	int index, r = host_rtnl_find(s->here, d->host_name, &index);

	if (r < 0)
		return err_set(err, r, "linux.netDevices: find `%s`", d->host_name);
	r = host_rtnl_addresses(s->here, index, &addresses, &n_addresses);
	if (r == 0)
		r = host_rtnl_list(s->there, &before, &n_before);
	if (r < 0)
		return err_set(err, r, "linux.netDevices: look at `%s`", d->host_name);
	r = host_rtnl_move(s->here, index, s->netns_fd, d->name);
	if (r == -EEXIST)
		return err_text(err, EEXIST,
				"linux.netDevices: the container has a device `%s` already",
				d->name);
	if (r < 0)
		return err_set(err, r, "linux.netDevices: move `%s` into the container as `%s`",
			       d->host_name, d->name);
	r = find_moved(s, d->name, before, n_before, &index);
	if (r == 0)
		r = finish_device(s, index, addresses, n_addresses);
	return r < 0 ? err_set(err, r, "linux.netDevices: set `%s` up in the container",
			       d->host_name)
		     : 0;
}

int net_devices_move(const struct plan *plan, int netns_fd, struct err **err)
{
	cleanup_fd int here = -EBADF, there = -EBADF;
	struct sides sides;
	int r = host_rtnl_open(&here);

	if (r == 0)
		r = open_there(netns_fd, &there);
	if (r < 0)
		return err_set(err, r, "linux.netDevices: reach the container's network namespace");
	sides = (struct sides){netns_fd, here, there};
	for (size_t i = 0; i < plan->n_net_devices && r == 0; i++)
		r = move_device(&sides, &plan->net_devices[i], err);
	return r;
}
