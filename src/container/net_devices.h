/* SPDX-License-Identifier: GPL-2.0-or-later */
/* linux.netDevices: devices of the caller's network namespace become the container's. Runs in create. */
#ifndef SANDLOCK_CONTAINER_NET_DEVICES_H
#define SANDLOCK_CONTAINER_NET_DEVICES_H

struct err;
struct plan;

/*
 * Moves and renames each device, gives it its permanent global addresses back and sets it up. netns_fd: the container's network namespace. A device that
 * was moved before a failure stays there; the kernel gives physical ones back when the namespace goes.
 */
int net_devices_move(const struct plan *plan, int netns_fd, struct err **err);

#endif
