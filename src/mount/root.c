/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Choosing and making roots; see mount.h for what lies where. Runs in sandlock-mount, under the lock of the target's directory. The layers are
 * images: hostile content, but only the engine looks into them.
 */
#include <config.h>

#include "mount/root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "host/at.h"
#include "mount/ids.h"
#include "mount/layer_state.h"
#include "mount/plain.h"
#include "mount/pool.h"
#include "mount/store.h"

struct place {
	const struct mount_request *rq;
	char *dir;     /* directory of the target */
	char *own;     /* <dir>/sandlock */
	char **lowers; /* real paths; without empty directories, which show nothing */
	char *ids;
	bool layer; /* a layer of the storage: <dir>/{merged,diff} */
};

static void place_done(struct place *p)
{
	free(p->dir);
	free(p->own);
	strv_free(p->lowers);
	free(p->ids);
}
#define cleanup_place ATTR_CLEANUP(place_done)

static int dir_is_empty(const char *path, bool *ret)
{
	cleanup_dir DIR *dir = opendir(path);
	const struct dirent *d;

	*ret = true;
	if (!dir)
		return -errno;
	while (*ret && (d = readdir(dir)))
		*ret = strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0;
	return 0;
}

/*
 * Where the kernel has idmapped mounts containers/storage, as root, hands over lowers below <id>/mapped/N, an idmapped mount of the directory
 * of all layers that lasts as long as this call, and the mapping as well. The layers themselves are what is wanted.
 */
static int without_mapped_mount(const struct place *p, const char *path, char **ret,
				struct err **err)
{
	cleanup_free char *prefix = xasprintf("%s/mapped/", p->dir);
	const char *rest = NULL;
	struct stat a, b;

	if (p->layer && str_starts(path, prefix))
		rest = strchr(path + strlen(prefix), '/');
	if (!rest) {
		*ret = xstrdup(path);
		return 0;
	}
	*ret = xasprintf("%.*s%s", (int)(strrchr(p->dir, '/') - p->dir), p->dir, rest);
	if (stat(path, &a) < 0 || stat(*ret, &b) < 0 || a.st_dev != b.st_dev ||
	    a.st_ino != b.st_ino)
		return err_text(err, ENOTSUP,
				"the layer %s is not %s: id mappings and additional image stores "
				"do not go together",
				path, *ret);
	return 0;
}

/* podman names layers by short links, which it may make anew. */
static int add_lower(const struct place *p, char ***list, const char *path, bool even_empty,
		     struct err **err)
{
	cleanup_free char *plain = NULL, *real = NULL;
	bool empty = false;
	int r = without_mapped_mount(p, path, &plain, err);

	if (r < 0)
		return r;
	real = realpath(plain, NULL);
	if (!real)
		return err_set(err, errno, "open the layer %s", path);
	r = dir_is_empty(real, &empty);
	if (r < 0)
		return err_set(err, r, "read the layer %s", real);
	if (even_empty || !empty)
		strv_add(list, real);
	return 0;
}

/*
 * The uppermost one stays even if it is empty: owner, mode and times of the root are its. podman puts a directory `empty` where an image
 * has no layer at all; then the upper directory says what the root is like.
 */
static int set_lowers(struct place *p, struct err **err)
{
	const struct mount_request *rq = p->rq;
	const char *first = rq->lowers[0], *slash = strrchr(first, '/');
	int r = 0;

	if (rq->upper && p->layer && !rq->lowers[1] && slash && strcmp(slash, "/empty") == 0)
		first = rq->upper;
	r = add_lower(p, &p->lowers, first, true, err);
	for (size_t i = 1; r == 0 && rq->lowers[i]; i++)
		r = add_lower(p, &p->lowers, rq->lowers[i], false, err);
	return r;
}

static int place_init(struct place *p, const struct mount_request *rq, struct err **err)
{
	const char *slash = strrchr(rq->target, '/');
	cleanup_free char *diff = NULL;

	p->rq = rq;
	p->dir = xstrndup(rq->target, (size_t)(slash - rq->target));
	p->own = xasprintf("%s/sandlock", p->dir);
	p->ids = ids_text(rq);
	diff = xasprintf("%s/diff", p->dir);
	p->layer = strcmp(slash, "/merged") == 0 &&
		   (rq->upper ? strcmp(rq->upper, diff) == 0 : strcmp(rq->lowers[0], diff) == 0);
	if (mkdir(p->own, 0700) < 0 && errno != EEXIST)
		return err_set(err, errno, "make %s", p->own);
	return set_lowers(p, err);
}

/*
 * The supervisor, as the container's root, makes copies in work/, and a successor opens that in the store. Who that is when podman has shifted the
 * layers by itself and gives no mapping is told by the root directory.
 */
static int give_store(const struct place *p, const char *store, struct err **err)
{
	cleanup_free char *work = xasprintf("%s/work", store), *root = xasprintf("%s/root", store);
	uid_t uid;
	gid_t gid;
	struct stat st;

	ids_root(p->rq, &uid, &gid);
	if (!*p->ids) {
		if (lstat(root, &st) < 0)
			return err_set(err, errno, "look at %s", root);
		uid = st.st_uid;
		gid = st.st_gid;
	}
	if (lchown(work, uid, gid) < 0 || lchown(store, uid, gid) < 0)
		return err_set(err, errno, "give %s to the container's root", store);
	return 0;
}

/* params: dir, lowers, share, frozen. */
static int make_from_layers(const struct place *p, const struct cow_params *params,
			    struct err **err)
{
	struct cow_params all = *params;
	struct cow_owners *owners = NULL;
	struct cow_fault fault = {0};
	int r = 0;

	if (*p->ids) {
		r = ids_owners(p->rq, params->lowers, false, &owners, &fault);
		if (r < 0)
			return err_set(err, r, "read owners: %s '%s'", fault.op ? fault.op : "open",
				       fault.path);
	}
	all.owner_id = p->ids;
	all.whiteout_files = true;
	all.owners = owners;
	r = store_make(&all, err);
	cow_owners_free(owners);
	return r < 0 ? r : give_store(p, params->dir, err);
}

/* FNV-1a */
static uint32_t hash(const char *text)
{
	uint32_t h = 2166136261u;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 16777619u;
	return h;
}

/* The merged layers, shown read-only; made once for each id mapping. */
static int get_view(const struct place *p, const char *upper, struct root *ret, struct err **err)
{
	cleanup_free char *store = *p->ids ? xasprintf("%s/view-%08x", p->own, hash(p->ids))
					   : xasprintf("%s/view", p->own);
	cleanup_strv char **lowers = NULL;
	struct cow_params params = {.dir = store, .share = COW_SHARE_AUTO, .frozen = true};
	int r = 0;

	if (upper)
		r = add_lower(p, &lowers, upper, true, err);
	for (size_t i = 0; p->lowers[i]; i++)
		strv_add(&lowers, p->lowers[i]);
	params.lowers = lowers;
	if (r == 0 && !store_is_complete(store))
		r = make_from_layers(p, &params, err);
	return r < 0 ? r : store_show(store, true, ret, err);
}

/* live.ids says which mapping a live root has; written before the root is complete. */
static int write_ids(const struct place *p, struct err **err)
{
	cleanup_free char *path = xasprintf("%s/live.ids", p->own);
	cleanup_fd int fd = -EBADF;
	int r;

	if (!*p->ids)
		return unlink(path) < 0 && errno != ENOENT ? err_set(err, errno, "remove %s", path)
							   : 0;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : fd_write_all(fd, p->ids, strlen(p->ids));
	return r < 0 ? err_set(err, r, "write %s", path) : 0;
}

/*
 * A layer that is still being made: what happens in the mount is to end up in the upper directory, so that is what is shown, with private
 * copies of everything.
 */
static int get_unfinished(const struct place *p, struct root *ret, struct err **err)
{
	const char *upper = p->rq->upper;
	cleanup_free char *store = xasprintf("%s/unfinished", p->own);
	cleanup_free char *made = xasprintf("%s/root", store);
	cleanup_strv char **lowers = NULL;
	struct cow_params params = {
		.dir = store,
		.owner_id = p->ids,
		.share = COW_SHARE_REFLINK,
		.whiteout_files = true,
	};
	int r = add_lower(p, &lowers, upper, true, err), fd;

	/* The upper directory is fresh: what the root is like is said by the layers. */
	if (r == 0 && p->lowers[0]) {
		bool empty;

		r = dir_is_empty(upper, &empty);
		if (r < 0)
			return err_set(err, r, "read %s", upper);
		if (empty) {
			strv_free(lowers);
			lowers = NULL;
		}
		for (size_t i = 0; p->lowers[i]; i++)
			strv_add(&lowers, p->lowers[i]);
	}
	params.lowers = lowers;
	if (r == 0)
		r = store_make(&params, err);
	if (r < 0)
		return r;
	r = host_renameat2(AT_FDCWD, made, AT_FDCWD, upper, RENAME_EXCHANGE);
	if (r < 0)
		err_set(err, r, "put %s in the place of %s", made, upper);
	cow_remove(store, NULL);
	if (r < 0)
		return r;
	fd = open(upper, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, errno, "open %s", upper);
	*ret = (struct root){.fd = fd};
	return 0;
}

static int make_with_pool(const struct place *p, const char *store, enum cow_share share,
			  struct err **err)
{
	struct cow_params params = {
		.dir = store,
		.lowers = p->lowers,
		.owner_id = "",
		.share = share,
		.whiteout_files = true,
	};
	struct pool pool;
	int r;

	pool_init(&pool, p->lowers[0], p->rq->spare);
	if (pool_take(&pool, &params))
		r = give_store(p, store, err);
	else
		r = make_from_layers(p, &params, err);
	if (r == 0)
		pool_refill(&pool, &params);
	pool_done(&pool);
	return r;
}

/*
 * A container's layer. Outside of the storage (volumes with :O, --rootfs with :O) no runtime guards the result, so nothing may be linked.
 */
static int make_live(const struct place *p, const char *store, struct err **err)
{
	const struct mount_request *rq = p->rq;
	enum cow_share share = rq->share_given ? rq->share : COW_SHARE_AUTO;
	int r;

	if (!p->layer && share != COW_SHARE_COPY)
		share = COW_SHARE_REFLINK;
	r = write_ids(p, err);
	if (r < 0)
		return r;
	/* owners that are shifted are the container's own */
	if (p->layer && !*p->ids && rq->spare)
		return make_with_pool(p, store, share, err);
	return make_from_layers(
		p, &(struct cow_params){.dir = store, .lowers = p->lowers, .share = share}, err);
}

static int get_new(const struct place *p, const char *store, struct root *ret, struct err **err)
{
	bool incomplete = false, empty = true;
	int r = dir_is_empty(p->rq->upper, &empty);

	if (r < 0)
		return err_set(err, r, "read %s", p->rq->upper);
	if (!p->layer && strncmp(p->rq->upper, p->dir, strlen(p->dir)) != 0)
		return err_text(err, ENOTSUP,
				"option upperdir: changes would not get to %s: leave upperdir and "
				"workdir out of the volume's options",
				p->rq->upper);
	if (p->layer)
		r = layer_is_incomplete(p->dir, &incomplete, err);
	if (r < 0)
		return r;
	if (incomplete)
		return get_unfinished(p, ret, err);
	/* Only layers of images have something there, and podman mounts those to compare them. */
	if (!empty)
		return get_view(p, p->rq->upper, ret, err);
	r = make_live(p, store, err);
	return r < 0 ? r : store_show(store, false, ret, err);
}

int root_get(const struct mount_request *rq, struct root *ret, struct err **err)
{
	cleanup_place struct place p = {0};
	cleanup_free char *live = NULL;
	int r = place_init(&p, rq, err);

	if (r < 0)
		return r;
	live = xasprintf("%s/live", p.own);
	if (store_is_complete(live)) {
		r = plain_get(rq, p.own, p.ids, ret, err);
		if (r != 0)
			return r < 0 ? r : 0;
		return store_show(live, rq->readonly || !rq->upper, ret, err);
	}
	if (rq->readonly || !rq->upper)
		return get_view(&p, NULL, ret, err);
	return get_new(&p, live, ret, err);
}
