/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the managers have in common: choosing one, making and removing directories, joining,
 * listing, signalling. Runs in the commands, in the host's namespaces.
 */
#include <config.h>

#include "cgroup/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"
#include "libocispec/oci_types.h"

#define PROCS_MAX     (4u << 20) /* bytes of one cgroup.procs */
#define DESTROY_TRIES 60	 /* with growing pauses: about 5 s */

static void sleep_ms(unsigned ms)
{
	struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	nanosleep(&ts, NULL);
}

/* A path that could leave the hierarchy is refused, not cleaned. */
static int normalize(const char *path, char **ret, struct err **err)
{
	cleanup_strv char **parts = strv_split(path, '/');
	cleanup_buf struct buf out = {0};

	for (size_t i = 0; parts && parts[i]; i++) {
		if (strcmp(parts[i], ".") == 0)
			continue;
		if (strcmp(parts[i], "..") == 0)
			return err_text(err, EINVAL, "linux.cgroupsPath '%s' must not contain '..'",
					path);
		buf_add_char(&out, '/');
		buf_add_str(&out, parts[i]);
	}
	if (out.len == 0)
		return err_text(err, EINVAL, "linux.cgroupsPath '%s' names the root cgroup", path);
	*ret = buf_steal(&out);
	return *ret ? 0 : err_set(err, ENOMEM, "linux.cgroupsPath");
}

const struct cgroup_ops *cgroup_detect(void)
{
	struct statfs fs;

	if (statfs(CGROUP_MOUNT, &fs) < 0)
		return NULL;
	if (fs.f_type == CGROUP2_SUPER_MAGIC)
		return &cgroup_v2_ops;
	/* A tmpfs with v1 hierarchies in it; a cgroup2 mount beside them (hybrid) is left alone. */
	return fs.f_type == TMPFS_MAGIC ? &cgroup_v1_ops : NULL;
}

void cgroup_add_dir(struct cgroup *cg, const char *controllers, char *root)
{
	struct cgroup_dir *dir;

	cg->dirs = xreallocarray(cg->dirs, cg->n_dirs + 1, sizeof(*cg->dirs));
	dir = &cg->dirs[cg->n_dirs++];
	dir->controllers = xstrdup(controllers);
	dir->root = root;
	dir->path = xasprintf("%s%s", root, cg->path);
	dir->made = false;
}

static struct cgroup *new_disabled(void)
{
	return xcalloc(1, sizeof(struct cgroup));
}

void cgroup_free(struct cgroup *cg)
{
	if (!cg)
		return;
	for (size_t i = 0; i < cg->n_dirs; i++) {
		free(cg->dirs[i].controllers);
		free(cg->dirs[i].root);
		free(cg->dirs[i].path);
	}
	free(cg->dirs);
	free(cg->path);
	cgroup_scope_free(cg->scope);
	free(cg);
}

int cgroup_fill(struct cgroup *cg, const char *path, struct err **err)
{
	int r = normalize(path, &cg->path, err);

	if (r < 0)
		return r;
	cg->ops = cgroup_detect();
	if (!cg->ops)
		return err_text(err, ENODEV, "cgroups are not mounted at " CGROUP_MOUNT);
	return cg->ops->find(cg, err);
}

int cgroup_open(const char *path, struct cgroup **ret, struct err **err)
{
	cleanup_cgroup struct cgroup *cg = new_disabled();
	int r = path ? cgroup_fill(cg, path, err) : 0;

	if (r == 0)
		*ret = steal_ptr(&cg);
	return r;
}

const char *cgroup_path(const struct cgroup *cg)
{
	return cg->ops ? cg->path : NULL;
}

bool cgroup_is_ours(const struct cgroup *cg)
{
	return cg->ours;
}

/* mkdir -p below dir->root, remembering whether the last level is new. */
static int make_dir(struct cgroup *cg, struct cgroup_dir *dir, struct err **err)
{
	cleanup_free char *path = xstrdup(dir->path);
	size_t start = strlen(dir->root);
	char *slash = path + start;
	int r;

	while (slash) {
		cleanup_free char *parent = xstrndup(path, (size_t)(slash - path));

		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		if (mkdir(path, 0755) == 0)
			dir->made = !slash;
		else if (errno != EEXIST)
			return err_set(err, errno, "cgroup: make %s", path);
		if (cg->ops->prepare) {
			r = cg->ops->prepare(dir, parent, path, err);
			if (r < 0)
				return r;
		}
		if (slash)
			*slash = '/';
	}
	return 0;
}

typedef int (*dir_fn)(const char *dir, void *arg);

/* Calls fn for every group, children first. A group that vanishes meanwhile is no error. */
static int walk(const char *dir, dir_fn fn, void *arg)
{
	cleanup_dir DIR *d = opendir(dir);
	struct dirent *de;
	int r;

	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while ((de = readdir(d))) {
		cleanup_free char *child = NULL;

		if (de->d_type != DT_DIR || de->d_name[0] == '.')
			continue;
		child = xasprintf("%s/%s", dir, de->d_name);
		r = walk(child, fn, arg);
		if (r < 0)
			return r;
	}
	r = fn(dir, arg);
	return r == -ENOENT || r == -ENODEV ? 0 : r;
}

static void unmake(struct cgroup *cg)
{
	for (size_t i = cg->n_dirs; i-- > 0;)
		if (cg->dirs[i].made)
			rmdir(cg->dirs[i].path);
}

static int has_child(const char *dir, void *arg)
{
	return strcmp(dir, arg) != 0 ? -EEXIST : 0;
}

/* A group without processes and groups below is what a killed create left: ours as well. */
static bool is_empty(const char *dir)
{
	char text[16];

	return cgroup_read(dir, "cgroup.procs", text, sizeof(text)) == 0 && !text[0] &&
	       walk(dir, has_child, (void *)dir) == 0;
}

int cgroup_make_all(struct cgroup *cg, const struct cgroup_params *p, struct err **err)
{
	size_t n_made = 0;
	int r = 0;

	for (size_t i = 0; i < cg->n_dirs && r == 0; i++) {
		r = make_dir(cg, &cg->dirs[i], err);
		n_made += cg->dirs[i].made || is_empty(cg->dirs[i].path);
	}
	if (r == 0 && p->resources)
		r = cg->ops->apply(cg, p->resources, p->rootless, err);
	/* Where nothing is said of devices. A group of somebody else's has his rules. */
	if (r == 0 && n_made > 0 && !(p->resources && p->resources->n_devices))
		cg->ops->default_devices(cg);
	if (r < 0)
		unmake(cg);
	cg->ours = n_made > 0;
	return r;
}

/* Device rules do not count: podman and docker always send some, and without root they cannot be
 * loaded. */
static bool wants_limits(const struct oci_resources *res)
{
	return res && (res->memory || res->cpu || res->block_io || res->n_hugepage_limits ||
		       res->network || res->pids_limit.set || res->n_rdma || res->n_unified);
}

int cgroup_create(const struct cgroup_params *p, struct cgroup **ret, struct err **err)
{
	cleanup_free char *default_path = NULL;
	cleanup_cgroup struct cgroup *cg = NULL;
	int r;

	if (p->manager == CGROUP_MANAGER_DISABLED) {
		*ret = new_disabled();
		return 0;
	}
	if (p->manager == CGROUP_MANAGER_SYSTEMD) {
		cg = new_disabled();
		r = cgroup_plan_scope(p, cg, err);
		if (r == 0)
			*ret = steal_ptr(&cg);
		return r;
	}
	default_path = xasprintf("/%s", p->id);
	r = cgroup_open(p->path ? p->path : default_path, &cg, err);
	if (r == 0)
		r = cgroup_make_all(cg, p, err);
	if (r < 0) {
		if (!p->rootless || p->path || wants_limits(p->resources))
			return r;
		log_debug("running without a cgroup: %s", err ? err_msg(*err) : strerror(-r));
		if (err) {
			err_free(*err);
			*err = NULL;
		}
		cgroup_free(cg);
		cg = new_disabled();
	}
	cgroup_give(cg, &p->owner);
	*ret = steal_ptr(&cg);
	return 0;
}

int cgroup_join(struct cgroup *cg, pid_t pid, struct err **err)
{
	int r;

	if (cg->scope && cg->scope->pending) {
		r = cgroup_start_scope(cg, pid, err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < cg->n_dirs; i++) {
		r = cgroup_write_i64(cg->dirs[i].path, "cgroup.procs", pid, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int cgroup_none(struct err **err, const char *what)
{
	return err_text(err, ENOTSUP, "cannot %s: the container has no cgroup", what);
}

int cgroup_freeze(struct cgroup *cg, bool frozen, struct err **err)
{
	if (!cg->ops)
		return cgroup_none(err, frozen ? "pause" : "resume");
	return cg->ops->freeze(cg, frozen, err);
}

bool cgroup_is_frozen(struct cgroup *cg)
{
	return cg->ops && cg->ops->is_frozen(cg);
}

struct pid_list {
	pid_t *v;
	size_t n;
};

static int read_pids(const char *dir, struct pid_list *list)
{
	cleanup_buf struct buf text = {0};
	cleanup_strv char **lines = NULL;
	cleanup_free char *path = xasprintf("%s/cgroup.procs", dir);
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	int pid, r;

	if (fd < 0)
		return -errno;
	r = fd_read_to_buf(fd, PROCS_MAX, &text);
	if (r < 0)
		return r;
	lines = strv_split(text.data ? text.data : "", '\n');
	for (size_t i = 0; lines && lines[i]; i++) {
		/* 0: a process that our pid namespace does not see. */
		if (num_parse_int(lines[i], &pid) < 0 || pid <= 0)
			continue;
		list->v = xreallocarray(list->v, list->n + 1, sizeof(*list->v));
		list->v[list->n++] = pid;
	}
	return 0;
}

static int add_pids(const char *dir, void *arg)
{
	return read_pids(dir, arg);
}

int cgroup_pids(struct cgroup *cg, pid_t **ret, size_t *ret_n, struct err **err)
{
	struct pid_list list = {0};
	int r;

	if (!cg->ops)
		return cgroup_none(err, "list its processes");
	r = walk(cg->dirs[0].path, add_pids, &list);
	if (r < 0) {
		free(list.v);
		return err_set(err, r, "cgroup: list the processes of %s", cg->dirs[0].path);
	}
	*ret = list.v;
	*ret_n = list.n;
	return 0;
}

/* One pass; returns the number of processes that got the signal. */
static int signal_dir(const char *dir, int sig, size_t *n)
{
	struct pid_list list = {0};
	int r = walk(dir, add_pids, &list);

	for (size_t i = 0; i < list.n; i++)
		if (kill(list.v[i], sig) == 0)
			(*n)++;
	free(list.v);
	return r;
}

int cgroup_signal(struct cgroup *cg, int sig, struct err **err)
{
	bool was_frozen;
	size_t n = 0;
	int r;

	if (!cg->ops)
		return cgroup_none(err, "signal all of its processes");
	if (sig == SIGKILL && cg->ops->kill_all) {
		r = cg->ops->kill_all(cg);
		if (r != -ENOENT)
			return r < 0 ? err_set(err, r, "cgroup: kill %s", cg->path) : 0;
	}
	was_frozen = cgroup_is_frozen(cg);
	if (!was_frozen && cgroup_freeze(cg, true, NULL) < 0)
		log_debug("cgroup %s cannot be frozen: a fork bomb may outrun the signal",
			  cg->path);
	r = signal_dir(cg->dirs[0].path, sig, &n);
	/* SIGKILL must reach a paused container as well: it dies only when thawed (v1). */
	if (!was_frozen || sig == SIGKILL)
		cgroup_freeze(cg, false, NULL);
	return r < 0 ? err_set(err, r, "cgroup: signal the processes of %s", cg->path) : 0;
}

static int remove_dir(const char *dir, void *arg)
{
	(void)arg;
	return rmdir(dir) < 0 && errno != ENOENT ? -errno : 0;
}

/* systemd would wait long for processes that a stop of the scope asks to end. */
static int end_processes(struct cgroup *cg, struct err **err)
{
	return cg->ops && access(cg->dirs[0].path, F_OK) == 0 ? cgroup_signal(cg, SIGKILL, err) : 0;
}

static int remove_all(struct cgroup *cg, struct err **err)
{
	const char *busy = NULL;
	int r = 0;

	for (unsigned try = 0; try < DESTROY_TRIES; try++) {
		r = 0;
		for (size_t i = cg->n_dirs; i-- > 0 && r == 0;) {
			r = walk(cg->dirs[i].path, remove_dir, NULL);
			busy = cg->dirs[i].path;
		}
		if (r != -EBUSY)
			break;
		/* Killed processes leave their group a moment after they became zombies: first look
		 * again, then kill. */
		if (try % 8 == 1) {
			size_t n = 0;

			cgroup_freeze(cg, false, NULL);
			for (size_t i = 0; i < cg->n_dirs; i++)
				signal_dir(cg->dirs[i].path, SIGKILL, &n);
		}
		sleep_ms(MIN(1u << MIN(try, 7u), 100u));
	}
	return r < 0 ? err_set(err, r, "cgroup: remove %s", busy) : 0;
}

int cgroup_destroy(struct cgroup *cg, struct err **err)
{
	int r = cg->scope ? end_processes(cg, err) : 0;

	if (r == 0 && cg->scope)
		r = cgroup_stop_scope(cg, err);
	/* What systemd leaves: groups in hierarchies of v1 that it does not manage. */
	return r < 0 ? r : remove_all(cg, err);
}
