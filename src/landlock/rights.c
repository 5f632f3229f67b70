/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each ABI of Landlock knows, and the names of the rights. Pure. */
#include <config.h>

#include "landlock/rights.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "host/landlock_sys.h"

static const struct right {
	enum landlock_kind kind;
	int abi; /* the first that knows it */
	uint64_t bit;
	const char *name;
} rights[] = {
	{LANDLOCK_KIND_FS, 1, LANDLOCK_ACCESS_FS_EXECUTE, "execute"},
	{LANDLOCK_KIND_FS, 1, LANDLOCK_ACCESS_FS_WRITE_FILE, "write_file"},
	{LANDLOCK_KIND_FS, 1, LANDLOCK_ACCESS_FS_READ_FILE, "read_file"},
	{LANDLOCK_KIND_FS, 1, LANDLOCK_ACCESS_FS_READ_DIR, "read_dir"},
	{LANDLOCK_KIND_FS, 1, LANDLOCK_ACCESS_FS_REMOVE_DIR, "remove_dir"},
	{LANDLOCK_KIND_FS, 1, LANDLOCK_ACCESS_FS_REMOVE_FILE, "remove_file"},
	{LANDLOCK_KIND_FS, 1, LANDLOCK_ACCESS_FS_MAKE_CHAR, "make_char"},
	{LANDLOCK_KIND_FS, 1, LANDLOCK_ACCESS_FS_MAKE_DIR, "make_dir"},
	{LANDLOCK_KIND_FS, 1, LANDLOCK_ACCESS_FS_MAKE_REG, "make_reg"},
	{LANDLOCK_KIND_FS, 1, LANDLOCK_ACCESS_FS_MAKE_SOCK, "make_sock"},
	{LANDLOCK_KIND_FS, 1, LANDLOCK_ACCESS_FS_MAKE_FIFO, "make_fifo"},
	{LANDLOCK_KIND_FS, 1, LANDLOCK_ACCESS_FS_MAKE_BLOCK, "make_block"},
	{LANDLOCK_KIND_FS, 1, LANDLOCK_ACCESS_FS_MAKE_SYM, "make_sym"},
	{LANDLOCK_KIND_FS, 2, LANDLOCK_ACCESS_FS_REFER, "refer"},
	{LANDLOCK_KIND_FS, 3, LANDLOCK_ACCESS_FS_TRUNCATE, "truncate"},
	{LANDLOCK_KIND_FS, 5, LANDLOCK_ACCESS_FS_IOCTL_DEV, "ioctl_dev"},
	{LANDLOCK_KIND_NET, 4, LANDLOCK_ACCESS_NET_BIND_TCP, "bind_tcp"},
	{LANDLOCK_KIND_NET, 4, LANDLOCK_ACCESS_NET_CONNECT_TCP, "connect_tcp"},
	{LANDLOCK_KIND_NET, 4, LANDLOCK_ACCESS_NET_BIND_TCP, "bind"},
	{LANDLOCK_KIND_NET, 4, LANDLOCK_ACCESS_NET_CONNECT_TCP, "connect"},
	{LANDLOCK_KIND_SCOPE, 6, LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET, "abstract_unix_socket"},
	{LANDLOCK_KIND_SCOPE, 6, LANDLOCK_SCOPE_SIGNAL, "signal"},
};

uint64_t landlock_rights(enum landlock_kind kind, int abi)
{
	uint64_t all = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rights); i++) {
		if (rights[i].kind == kind && rights[i].abi <= abi)
			all |= rights[i].bit;
	}
	return all;
}

uint64_t landlock_file_rights(void)
{
	return LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
	       LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_TRUNCATE |
	       LANDLOCK_ACCESS_FS_IOCTL_DEV;
}

int landlock_parse_right(enum landlock_kind kind, const char *text, uint64_t *ret)
{
	char *end;
	uint64_t n;

	for (size_t i = 0; i < ARRAY_SIZE(rights); i++) {
		if (rights[i].kind == kind && strcmp(rights[i].name, text) == 0) {
			*ret = rights[i].bit;
			return 0;
		}
	}
	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	errno = 0;
	n = strtoull(text, &end, 0);
	if (errno || *end || (n & ~landlock_rights(kind, LANDLOCK_ABI_MAX)))
		return -EINVAL;
	*ret = n;
	return 0;
}

const char *landlock_right_name(enum landlock_kind kind, unsigned bit)
{
	for (size_t i = 0; bit < 64 && i < ARRAY_SIZE(rights); i++) {
		if (rights[i].kind == kind && rights[i].bit == UINT64_C(1) << bit)
			return rights[i].name;
	}
	return NULL;
}
