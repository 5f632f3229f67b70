/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Framing of the set-up conversation: texts, descriptors, nonsense, a peer that is gone. */
#include <config.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "init/sync.h"
#include "tests/lib/tap.h"

static int pair[2];

static void test_messages(void)
{
	struct sync_msg msg;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct stat a, b;

	is_int(sync_send(pair[0], SYNC_WARNING, -7, "text \xff with bytes", -EBADF), 0, "send");
	is_int(sync_recv(pair[1], &msg), 0, "receive");
	ok(msg.type == SYNC_WARNING && msg.code == -7 && msg.fd == -EBADF,
	   "type and code arrive, no descriptor");
	is_str(msg.text, "text \xff with bytes", "text arrives");
	is_int(sync_send(pair[0], SYNC_LISTENER, 0, NULL, fd), 0, "send a descriptor");
	is_int(sync_recv(pair[1], &msg), 0, "receive it");
	is_str(msg.text, "", "no text is an empty text");
	ok(msg.fd >= 0 && fstat(fd, &a) == 0 && fstat(msg.fd, &b) == 0 && a.st_rdev == b.st_rdev,
	   "the descriptor is the one sent");
	ok(fcntl(msg.fd, F_GETFD) & FD_CLOEXEC, "and does not survive execve");
	close(msg.fd);
	close(fd);
}

static void test_long_text(void)
{
	static char text[3 * SYNC_TEXT_MAX];
	struct sync_msg msg;

	memset(text, 'x', sizeof(text) - 1);
	is_int(sync_send(pair[0], SYNC_ERROR, 5, text, -EBADF), 0,
	       "a text that is too long is sent");
	is_int(sync_recv(pair[1], &msg), 0, "and received");
	is_int(strlen(msg.text), SYNC_TEXT_MAX, "cut");
}

static void test_errors(void)
{
	struct err *err = NULL, *got = NULL;

	err_set(&err, ENOENT, "mount `a`");
	sync_send_err(pair[0], err);
	is_int(sync_expect(pair[1], SYNC_READY, &got), -ENOENT,
	       "an error instead of what was expected");
	is_str(err_msg(got), "mount `a`: No such file or directory", "with its whole text");
	err_free(err);
	sync_send(pair[0], SYNC_MOUNTED, 0, NULL, -EBADF);
	is_int(sync_expect(pair[1], SYNC_HOOKED, &got), -EBADMSG, "another message than expected");
	sync_send(pair[0], SYNC_HOOKED, 0, NULL, -EBADF);
	is_int(sync_expect(pair[1], SYNC_HOOKED, &got), 0, "the expected one");
	err_free(got);
}

static void test_nonsense(void)
{
	struct sync_msg msg;
	uint32_t wire[2] = {99, 0};

	fd_send(pair[0], wire, sizeof(wire), NULL, 0);
	is_int(sync_recv(pair[1], &msg), -EBADMSG, "an unknown type");
	fd_send(pair[0], wire, 3, NULL, 0);
	is_int(sync_recv(pair[1], &msg), -EBADMSG, "a message without a head");
	close(pair[0]);
	is_int(sync_recv(pair[1], &msg), -ECONNRESET, "end of file is a failure");
	ok(sync_send(pair[1], SYNC_READY, 0, NULL, -EBADF) < 0,
	   "sending to nobody too, without a signal");
}

int main(void)
{
	if (fd_socketpair(pair) < 0)
		bail("socketpair");
	test_messages();
	test_long_text();
	test_errors();
	test_nonsense();
	return tap_done();
}
