/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state directories. Runs in the commands. Names of other programs in the root are foreign: never followed, never removed. */
#include <config.h>

#include "container/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/strv.h"
#include "container/id.h"
#include "libocispec/oci_config.h"

#define CONFIG_MAX (8u << 20)

/* Everything that we ever put into a container's directory. */
static const char *const our_files[] = {"config.json", "status", "status.tmp", "exec.fifo",
					"supervisor.sock"};

int store_root(const char *option, char **ret, struct err **err)
{
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR");

	if (option) {
		if (strspn(option, "/") == strlen(option))
			return err_text(err, EINVAL,
					"option --root must name a directory other than `%s`",
					option);
		*ret = xstrdup(option);
	} else if (runtime_dir && runtime_dir[0]) {
		*ret = xasprintf("%s/sandlock-oci", runtime_dir);
	} else if (geteuid() == 0) {
		*ret = xstrdup("/run/sandlock-oci");
	} else {
		return err_text(err, EINVAL,
				"XDG_RUNTIME_DIR is not set: name a state directory with --root");
	}
	return 0;
}

static int make_root(const char *root, struct err **err)
{
	cleanup_free char *path = xstrdup(root);

	for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		mkdir(path, 0700);
		*p = '/';
	}
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_set(err, errno, "make the state directory %s", root);
	return 0;
}

static struct container *new_container(const char *root, const char *id)
{
	struct container *c = xcalloc(1, sizeof(*c));

	c->root = xstrdup(root);
	c->id = xstrdup(id);
	c->dirname = xasprintf("%s/%s", root, id);
	c->dir_fd = -EBADF;
	return c;
}

void store_unlock(struct container *c)
{
	flock(c->dir_fd, LOCK_UN);
}

void store_close(struct container *c)
{
	if (!c)
		return;
	/* Closing is not enough: init was forked from us and has the same open file, and with it the lock, until it runs the workload. */
	if (c->dir_fd >= 0)
		store_unlock(c);
	close_fd(&c->dir_fd);
	status_free(c->status);
	free(c->root);
	free(c->id);
	free(c->dirname);
	free(c);
}

static int open_dir(struct container *c)
{
	c->dir_fd = open(c->dirname, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return c->dir_fd < 0 ? -errno : 0;
}

/* 0: locked and still the directory of that name. -ENOENT: somebody removed it while we waited. */
static int lock_dir(struct container *c)
{
	struct stat st;

	while (flock(c->dir_fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return -errno;
	if (fstat(c->dir_fd, &st) < 0)
		return -errno;
	return st.st_nlink == 0 ? -ENOENT : 0;
}

/* mkdir is what makes the id ours; -EEXIST when it is taken. */
static int make_dir(struct container *c, struct err **err)
{
	int r;

	if (mkdir(c->dirname, 0700) == 0)
		return 0;
	if (errno == ENOENT) {
		r = make_root(c->root, err);
		if (r < 0)
			return r;
		if (mkdir(c->dirname, 0700) == 0)
			return 0;
	}
	if (errno == EEXIST)
		return err_text(err, EEXIST, "container `%s` already exists", c->id);
	return err_set(err, errno, "make the state directory %s", c->dirname);
}

int store_create(const char *root, const char *id, struct container **ret, struct err **err)
{
	cleanup_container struct container *c = new_container(root, id);
	int r = container_id_check(id, err);

	if (r < 0)
		return r;
	do {
		close_fd(&c->dir_fd);
		r = make_dir(c, err);
		if (r < 0)
			return r;
		/* `delete --force` may take a directory that nobody has locked yet for a leftover and remove it. */
		r = open_dir(c);
		if (r == 0)
			r = lock_dir(c);
	} while (r == -ENOENT);
	if (r < 0)
		return err_set(err, r, "lock the state directory %s", c->dirname);
	*ret = steal_ptr(&c);
	return 0;
}

int store_open(const char *root, const char *id, unsigned flags, struct container **ret,
	       struct err **err)
{
	cleanup_container struct container *c = new_container(root, id);
	int r = container_id_check(id, err);

	if (r < 0)
		return r;
	r = open_dir(c);
	if (r == 0 && (flags & STORE_LOCK))
		r = lock_dir(c);
	if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP)
		return err_text(err, ENOENT, "container `%s` does not exist", id);
	if (r < 0)
		return err_set(err, r, "open the state directory %s", c->dirname);
	r = status_read(c->dir_fd, c->dirname, &c->status, err);
	if (r < 0 && r != -ENOENT)
		return r;
	*ret = steal_ptr(&c);
	return 0;
}

static bool is_ours(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(our_files); i++)
		if (strcmp(our_files[i], name) == 0)
			return true;
	return strcmp(name, STORE_NOTIFY_DIR) == 0;
}

static int has_foreign_files(struct container *c)
{
	cleanup_fd int fd = openat(c->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *de;

	if (!d)
		return -errno;
	fd = -EBADF;
	while ((de = readdir(d)))
		if (strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0 &&
		    !is_ours(de->d_name))
			return 1;
	return 0;
}

int store_remove(struct container *c, struct err **err)
{
	int r = has_foreign_files(c);

	if (r > 0)
		return err_text(err, ENOTEMPTY,
				"%s holds files of another program: it is left alone", c->dirname);
	if (r < 0)
		return err_set(err, r, "read the state directory %s", c->dirname);
	for (size_t i = 0; i < ARRAY_SIZE(our_files); i++)
		if (unlinkat(c->dir_fd, our_files[i], 0) < 0 && errno != ENOENT)
			return err_set(err, errno, "remove %s/%s", c->dirname, our_files[i]);
	if (unlinkat(c->dir_fd, STORE_NOTIFY_DIR "/" STORE_NOTIFY_SOCKET, 0) < 0 && errno != ENOENT)
		return err_set(err, errno, "remove the notify socket in %s", c->dirname);
	if (unlinkat(c->dir_fd, STORE_NOTIFY_DIR, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_set(err, errno, "remove %s/" STORE_NOTIFY_DIR, c->dirname);
	if (rmdir(c->dirname) < 0 && errno != ENOENT)
		return err_set(err, errno, "remove %s", c->dirname);
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Ours: it has a status file, or nothing but files that an unfinished create leaves. */
static bool looks_like_ours(const char *root, const char *name)
{
	struct container *c = new_container(root, name);
	bool ours = false;

	if (container_id_check(name, NULL) == 0 && open_dir(c) == 0)
		ours = faccessat(c->dir_fd, "status", F_OK, 0) == 0 || has_foreign_files(c) == 0;
	store_close(c);
	return ours;
}

int store_list(const char *root, char ***ret, struct err **err)
{
	cleanup_strv char **ids = NULL;
	cleanup_dir DIR *d = opendir(root);
	struct dirent *de;

	if (!d && errno != ENOENT)
		return err_set(err, errno, "read the state directory %s", root);
	while (d && (de = readdir(d)))
		if (looks_like_ours(root, de->d_name))
			strv_add(&ids, de->d_name);
	if (!ids)
		ids = xcalloc(1, sizeof(*ids));
	qsort(ids, strv_len(ids), sizeof(*ids), compare);
	*ret = steal_ptr(&ids);
	return 0;
}

int store_save_config(struct container *c, const char *text, size_t len, struct err **err)
{
	cleanup_fd int fd =
		openat(c->dir_fd, "config.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : fd_write_all(fd, text, len);

	return r < 0 ? err_set(err, r, "keep a copy of config.json in %s", c->dirname) : 0;
}

static void log_unknown(void *arg, const struct oci_err *where)
{
	log_debug("%s: %s: %s", (const char *)arg, where->path, where->msg);
}

int store_parse_config(int at_fd, const char *path, const char *shown, char **ret_text,
		       size_t *ret_len, struct oci_config **ret, struct err **err)
{
	struct oci_parse_opts opts = {.unknown = log_unknown, .arg = (void *)shown};
	cleanup_fd int fd = openat(at_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	cleanup_buf struct buf text = {0};
	struct oci_err where;
	char shown_err[1024];
	int r = fd < 0 ? -errno : fd_read_to_buf(fd, CONFIG_MAX, &text);

	if (r < 0)
		return err_set(err, r, "read %s", shown);
	r = oci_config_parse_opts(text.data ? text.data : "", text.len, &opts, ret, &where);
	if (r == -ENOMEM)
		return err_set(err, r, "read %s", shown);
	if (r < 0)
		return err_text(err, EINVAL, "%s",
				oci_err_format(&where, shown, shown_err, sizeof(shown_err)));
	if (ret_text) {
		*ret_len = text.len;
		*ret_text = buf_steal(&text);
	}
	return 0;
}

int store_load_config(struct container *c, struct oci_config **ret, struct err **err)
{
	cleanup_free char *shown = xasprintf("%s/config.json", c->dirname);

	return store_parse_config(c->dir_fd, "config.json", shown, NULL, NULL, ret, err);
}
