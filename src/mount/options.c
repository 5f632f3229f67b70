/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text behind -o. Runs in sandlock-mount. What podman composes, and mountopt of storage.conf; a word that is not known is an error, for nobody would notice that it has no effect. */
#include <config.h>

#include "mount/mount.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"
#include "host/mount.h"

#define SPARE_MAX 100

/* Up to the next separator; a backslash takes away the meaning of what follows, a double quote that of separators. */
static char *take_word(const char **p, char sep, bool keep_escapes)
{
	struct buf word = {0};
	bool quoted = false;

	while (**p && (quoted || **p != sep)) {
		if (**p == '"')
			quoted = !quoted;
		if (**p == '\\' && (*p)[1]) {
			if (keep_escapes)
				buf_add_char(&word, '\\');
			(*p)++;
		}
		buf_add_char(&word, *(*p)++);
	}
	if (**p == sep)
		(*p)++;
	return word.data ? buf_steal(&word) : xstrdup("");
}

static int add_path(const char *key, const char *path, char ***list, struct err **err)
{
	if (path[0] != '/')
		return err_text(err, EINVAL, "option %s: `%s` is not an absolute path", key, path);
	strv_add(list, path);
	return 0;
}

static int set_lowers(const char *value, struct mount_request *rq, struct err **err)
{
	int r = 0;

	while (r == 0 && *value) {
		cleanup_free char *path = take_word(&value, ':', false);

		r = add_path("lowerdir", path, &rq->lowers, err);
	}
	return r;
}

static int set_upper(const char *value, struct mount_request *rq, struct err **err)
{
	cleanup_free char *path = take_word(&value, '\0', false);

	if (path[0] != '/')
		return err_text(err, EINVAL, "option upperdir: `%s` is not an absolute path", path);
	free(rq->upper);
	rq->upper = steal_ptr(&path);
	return 0;
}

/* "disk:shown:count[:disk:shown:count...]" */
static int set_map(const char *key, const char *value, struct mount_id_map *map, struct err **err)
{
	cleanup_strv char **fields = strv_split(value, ':');
	size_t n = strv_len(fields);

	if (n == 0 || n % 3)
		return err_text(err, EINVAL, "option %s: `%s` is not a list of ID:ID:COUNT", key,
				value);
	map->ranges = xreallocarray(map->ranges, map->n + n / 3, sizeof(*map->ranges));
	for (size_t i = 0; i < n; i += 3) {
		struct mount_id_range range;

		if (num_parse_u32(fields[i], &range.disk) < 0 ||
		    num_parse_u32(fields[i + 1], &range.shown) < 0 ||
		    num_parse_u32(fields[i + 2], &range.count) < 0 || range.count == 0 ||
		    range.disk + range.count < range.disk ||
		    range.shown + range.count < range.shown)
			return err_text(err, EINVAL, "option %s: bad range in `%s`", key, value);
		map->ranges[map->n++] = range;
	}
	return 0;
}

static int set_squash(const char *key, const char *value, struct mount_id_map *map,
		      struct err **err)
{
	if (num_parse_u32(value, &map->squash_id) < 0)
		return err_text(err, EINVAL, "option %s: `%s` is not an id", key, value);
	map->squash = true;
	return 0;
}

int mount_request_share(const char *word, struct mount_request *ret, struct err **err)
{
	static const char *const words[] = {
		[COW_SHARE_AUTO] = "auto",
		[COW_SHARE_LINK] = "link",
		[COW_SHARE_REFLINK] = "reflink",
		[COW_SHARE_COPY] = "copy",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i], word) == 0) {
			ret->share = (enum cow_share)i;
			ret->share_given = true;
			return 0;
		}
	}
	return err_text(err, EINVAL, "share: `%s` is not one of auto, link, reflink, copy", word);
}

static int set_spare(const char *value, struct mount_request *rq, struct err **err)
{
	if (num_parse_u32(value, &rq->spare) < 0 || rq->spare > SPARE_MAX)
		return err_text(err, EINVAL, "option spare: `%s` is not a number up to %d", value,
				SPARE_MAX);
	return 0;
}

static int set_value(const char *key, const char *value, struct mount_request *rq, struct err **err)
{
	if (strcmp(key, "lowerdir") == 0)
		return set_lowers(value, rq, err);
	if (strcmp(key, "upperdir") == 0)
		return set_upper(value, rq, err);
	if (strcmp(key, "uidmapping") == 0)
		return set_map(key, value, &rq->uids, err);
	if (strcmp(key, "gidmapping") == 0)
		return set_map(key, value, &rq->gids, err);
	if (strcmp(key, "squash_to_uid") == 0)
		return set_squash(key, value, &rq->uids, err);
	if (strcmp(key, "squash_to_gid") == 0)
		return set_squash(key, value, &rq->gids, err);
	if (strcmp(key, "share") == 0)
		return mount_request_share(value, rq, err);
	if (strcmp(key, "spare") == 0)
		return set_spare(value, rq, err);
	if (strstr(key, "context"))
		return err_text(err, ENOTSUP,
				"option %s: a live root cannot have an SELinux label of its own; "
				"run the container with "
				"--security-opt label=disable",
				key);
	if (strcmp(key, "xattr_permissions") == 0)
		return err_text(
			err, ENOTSUP,
			"option %s: take force_mask out of storage.conf, it is not supported", key);
	return -ENOENT;
}

struct flag {
	const char *name;
	uint64_t attr;
};

static int set_flag(const char *word, struct mount_request *rq)
{
	static const struct flag flags[] = {
		{"nodev", MOUNT_ATTR_NODEV},	       {"nosuid", MOUNT_ATTR_NOSUID},
		{"noexec", MOUNT_ATTR_NOEXEC},	       {"noatime", MOUNT_ATTR_NOATIME},
		{"nodiratime", MOUNT_ATTR_NODIRATIME}, {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW},
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (strcmp(flags[i].name, word) == 0) {
			rq->attrs |= flags[i].attr;
			return 0;
		}
	}
	if (strcmp(word, "ro") != 0)
		return -ENOENT;
	rq->readonly = true;
	return 0;
}

/* True for what concerns overlayfs' and fuse-overlayfs' ways only. */
static bool has_no_meaning(const char *word)
{
	static const char *const words[] = {
		"private",     "rprivate",	"slave",     "rslave",	     "",
		"rw",	       "suid",		"dev",	     "exec",	     "atime",
		"relatime",    "diratime",	"volatile",  "userxattr",    "workdir=",
		"metacopy=",   "redirect_dir=", "index=",    "xino=",	     "uuid=",
		"nfs_export=", "fsync=",	"noacl",     "static_nlink", "max_idle_threads=",
		"clone_fd=",   "timeout=",	"threaded=",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		size_t n = strlen(words[i]);
		bool prefix = n && words[i][n - 1] == '=';

		if (prefix ? strncmp(words[i], word, n) == 0 : strcmp(words[i], word) == 0)
			return true;
	}
	return false;
}

static int parse_word(char *word, struct mount_request *rq, struct err **err)
{
	char *eq = strchr(word, '=');
	int r = -ENOENT;

	if (has_no_meaning(word))
		return 0;
	if (!eq) {
		r = set_flag(word, rq);
	} else {
		*eq = '\0';
		r = set_value(word, eq + 1, rq, err);
	}
	return r == -ENOENT ? err_text(err, EINVAL, "unknown mount option %s", word) : r;
}

int mount_request_parse(const char *text, struct mount_request *ret, struct err **err)
{
	int r = 0;

	while (r == 0 && *text) {
		cleanup_free char *word = take_word(&text, ',', true);

		r = parse_word(word, ret, err);
	}
	return r;
}

int mount_request_check(const struct mount_request *rq, struct err **err)
{
	bool uids = rq->uids.n || rq->uids.squash, gids = rq->gids.n || rq->gids.squash;

	if (!rq->lowers)
		return err_text(err, EINVAL, "option lowerdir is missing");
	if (uids != gids)
		return err_text(
			err, EINVAL,
			"uidmapping and gidmapping belong together: one of them is missing");
	if (rq->target[0] != '/')
		return err_text(err, EINVAL, "the mount point `%s` is not an absolute path",
				rq->target);
	return 0;
}

void mount_request_done(struct mount_request *rq)
{
	strv_free(rq->lowers);
	free(rq->upper);
	free(rq->uids.ranges);
	free(rq->gids.ranges);
}
