/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages between create (or exec) and init; format in sync.h. Runs in both. The peer is our own program, but lengths are checked. */
#include <config.h>

#include "init/sync.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"

struct wire {
	uint32_t type;
	int32_t code;
	char text[SYNC_TEXT_MAX];
};

#define WIRE_HEAD offsetof(struct wire, text)

int sync_send(int sock, enum sync_type type, int code, const char *text, int fd)
{
	struct wire wire = {.type = type, .code = code};
	size_t len = text ? strnlen(text, SYNC_TEXT_MAX) : 0;

	if (len > 0)
		memcpy(wire.text, text, len);
	if (type == SYNC_LISTENER)
		return fd_send_untrapped(sock, &wire, WIRE_HEAD + len, &fd, 1);
	return fd_send(sock, &wire, WIRE_HEAD + len, &fd, fd >= 0 ? 1 : 0);
}

int sync_recv(int sock, struct sync_msg *ret)
{
	struct wire wire;
	cleanup_fd int fd = -EBADF;
	size_t len, n_fds = 1;
	int r = fd_recv(sock, &wire, sizeof(wire), &len, &fd, &n_fds);

	if (r < 0)
		return r;
	if (len == 0)
		return -ECONNRESET;
	if (len < WIRE_HEAD || wire.type < SYNC_CLONED || wire.type > SYNC_ERROR)
		return -EBADMSG;
	ret->type = (enum sync_type)wire.type;
	ret->code = wire.code;
	memcpy(ret->text, wire.text, len - WIRE_HEAD);
	ret->text[len - WIRE_HEAD] = '\0';
	ret->fd = n_fds > 0 ? steal_fd(&fd) : -EBADF;
	return 0;
}

int sync_expect(int sock, enum sync_type type, struct err **err)
{
	struct sync_msg msg;
	int r = sync_recv(sock, &msg);

	if (r < 0)
		return err_set(err, r, "wait for the other side of the set-up");
	if (msg.fd >= 0)
		close(msg.fd);
	if (msg.type == type)
		return msg.code;
	if (msg.type == SYNC_ERROR)
		return err_text(err, msg.code, "%s", msg.text);
	return err_set(err, EBADMSG, "set-up message %d instead of %d", msg.type, type);
}

void sync_send_err(int sock, const struct err *err)
{
	sync_send(sock, SYNC_ERROR, err_code(err), err_msg(err), -EBADF);
}
