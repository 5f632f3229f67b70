/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network devices by rtnetlink(7): as much as moving one into another network namespace takes. A socket belongs to the namespace that its opener was in. All:
 * 0 or -errno (the kernel's answer). Runs in create.
 */
#ifndef SANDLOCK_HOST_RTNL_H
#define SANDLOCK_HOST_RTNL_H

#include <stddef.h>
#include <stdint.h>

struct host_address { /* a permanent one of global scope; network byte order */
	uint8_t family;
	uint8_t prefix_len;
	uint32_t flags; /* IFA_F_* that were asked for, not those that tell a state */
	size_t len;	/* 4 or 16 */
	uint8_t local[16];
	uint8_t peer[16]; /* = local unless point-to-point */
	uint8_t broadcast[16];
	int has_broadcast;
};

int host_rtnl_open(int *ret_fd);
/* -ENODEV */
int host_rtnl_find(int fd, const char *name, int *ret_index);
/* Index of the one device that is there now and is not in before[n]. -ENODEV: none. */
int host_rtnl_find_new(int fd, const int *before, size_t n, int *ret_index);
/* Indexes of all devices; *ret: free. */
int host_rtnl_list(int fd, int **ret, size_t *ret_n);
/* *ret: free. */
int host_rtnl_addresses(int fd, int index, struct host_address **ret, size_t *ret_n);
/* name may end in %d. -EEXIST: the name is taken there; -EINVAL: a device that cannot be moved. */
int host_rtnl_move(int fd, int index, int netns_fd, const char *name);
int host_rtnl_add_address(int fd, int index, const struct host_address *address);
int host_rtnl_up(int fd, int index);

#endif
