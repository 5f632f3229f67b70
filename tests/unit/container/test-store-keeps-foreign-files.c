/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ids, locking and removal of state directories. */
#include "container/store.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "container/id.h"
#include "tests/lib/tap.h"

static char root[] = "/tmp/sandlock-store-XXXXXX";

static void touch(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		bail("make %s", path);
	close(fd);
}

static void test_ids(void)
{
	static const char *const good[] = {"a", "A-b_c+d.e", "_x", "-x", "+x", "0"};
	static const char *const bad[] = {"",	 ".",	"..",	    ".a", "a/b",
					  "a b", "a\n", "\xc3\xa4", "a:b"};
	char longest[300];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		is_int(container_id_check(good[i], NULL), 0, "id '%s' is good", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ok(container_id_check(bad[i], NULL) < 0, "bad id %zu", i);
	memset(longest, 'x', sizeof(longest));
	longest[255] = '\0';
	is_int(container_id_check(longest, NULL), 0, "255 bytes");
	longest[255] = 'x';
	longest[256] = '\0';
	is_int(container_id_check(longest, NULL), -ENAMETOOLONG, "256 bytes");
}

/* A second process gets the lock only when the first lets go, although a third inherited the open file. */
static void test_lock(void)
{
	struct container *c = NULL;
	char *path = xasprintf("%s/locked", root);
	pid_t heir;
	int fd;

	is_int(store_create(root, "locked", &c, NULL), 0, "create");
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ok(flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK, "the directory is locked");
	heir = fork();
	if (heir == 0) {
		pause();
		_exit(0);
	}
	store_close(c);
	is_int(flock(fd, LOCK_EX | LOCK_NB), 0,
	       "and free after close, whoever inherited the open file");
	kill(heir, SIGKILL);
	waitpid(heir, NULL, 0);
	close(fd);
	rmdir(path);
	free(path);
}

static void test_foreign(void)
{
	char *foreign = xasprintf("%s/foreign", root),
	     *file = xasprintf("%s/foreign/state.json", root);
	char *link = xasprintf("%s/link", root);
	struct container *c = NULL, *again = NULL;
	struct err *err = NULL;
	char **ids = NULL;

	if (mkdir(foreign, 0700) < 0 || symlink("/", link) < 0)
		bail("make directories");
	touch(file);
	is_int(store_create(root, "mine", &c, &err), 0, "create");
	is_int(store_create(root, "mine", &again, &err), -EEXIST, "the id is taken");
	is_str(err_msg(err), "container `mine` already exists", "with this text");
	is_int(store_list(root, &ids, &err), 0, "list");
	ok(strv_len(ids) == 1 && strcmp(ids[0], "mine") == 0, "only our own is listed");
	is_int(store_remove(c, &err), 0, "remove");
	store_close(c);
	is_int(store_open(root, "link", 0, &c, &err), -ENOENT, "a symlink is no container");
	is_int(store_open(root, "foreign", STORE_LOCK, &c, &err), 0, "open");
	is_int(store_remove(c, &err), -ENOTEMPTY, "what others put there is not removed");
	ok(access(file, F_OK) == 0, "it is still there");
	store_close(c);
	unlink(file);
	rmdir(foreign);
	unlink(link);
	strv_free(ids);
	err_free(err);
	free(foreign);
	free(file);
	free(link);
}

int main(void)
{
	if (!mkdtemp(root))
		bail("make a directory");
	test_ids();
	test_lock();
	test_foreign();
	rmdir(root);
	return tap_done();
}
